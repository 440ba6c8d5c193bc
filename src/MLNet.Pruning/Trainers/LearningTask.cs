using MLNet.Pruning.Models;
using MLNet.Pruning.Native;
using MLNet.Pruning.Scoring;
using Microsoft.ML;
using Microsoft.ML.Data;
using static TorchSharp.torch;

namespace MLNet.Pruning.Trainers;

/// <summary>What a trainer learns: which labels it takes, its loss, and what the trained model predicts.</summary>
abstract class LearningTask
{
    public static LearningTask Multiclass { get; } = new MulticlassLearning();

    public static LearningTask Binary { get; } = new BinaryLearning();

    public static LearningTask Regression(RegressionLoss loss) => new RegressionLearning(OptionChecks.Known(loss, nameof(loss)));

    /// <summary>Finds the label and checks its type.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is missing or of another type.</exception>
    public abstract DataViewSchema.Column FindLabel(DataViewSchema schema, string name);

    /// <summary>The schema shape after the trained model.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The label is missing or of another type.</exception>
    public abstract SchemaShape Shape(SchemaShape input, string labelName);

    /// <summary>What a model predicts that has learned this label.</summary>
    public abstract PredictionTask Predicts(DataViewSchema.Column label);

    /// <summary>What the network gives, for errors.</summary>
    public abstract string Output(int outputs);

    /// <summary>Whether answers are right or wrong, so that there is an accuracy.</summary>
    public virtual bool HasClasses => true;

    /// <summary>Checks that the options have a meaning for this task.</summary>
    /// <exception cref="ArgumentException">One has none.</exception>
    public virtual void Check(PrunedModelOptions options)
    {
        const string Only = "it is for multiclass classification";
        if (options.LabelSmoothing != 0)
            throw new ArgumentException($"{nameof(options.LabelSmoothing)} is {options.LabelSmoothing}; {Only}, and must be 0 here.");
        if (options.Distillation is not null)
            throw new ArgumentException($"{nameof(options.Distillation)} is set; {Only}, and must be null here.");
    }

    /// <summary>The loss, and the scale of the labels if the network's last layer can have it.</summary>
    /// <param name="blueprint">The network.</param>
    /// <param name="rows">The training set.</param>
    /// <param name="options">The trainer's options.</param>
    /// <param name="teacher">The network to learn from beside the labels; null for none.</param>
    public abstract (IObjective Objective, LabelScale? Scale) Begin(
        Blueprint blueprint, TrainingRows rows, PrunedModelOptions options, TeacherNetwork? teacher);

    protected static ArgumentOutOfRangeException Wrong(string name, string what) => new(null, $"Label column '{name}' {what}");

    sealed class MulticlassLearning : LearningTask
    {
        // The last layer has a row of weights per class, and a scored row has a number per class. Keys without values, such as hashes, may
        // count billions.
        const ulong MaximumClasses = 1 << 20;

        public override DataViewSchema.Column FindLabel(DataViewSchema schema, string name)
        {
            var column = FeatureColumns.Find(schema, name, "label");
            string makeKey = $"mlContext.Transforms.Conversion.MapValueToKey(\"{name}\") makes";
            return column.Type switch
            {
                // ML.NET has no keys without values: those of empty data count one.
                KeyDataViewType { Count: < 2 } => throw Wrong(name,
                    "has only 1 distinct value, or none if the data is empty; at least two classes are needed."),
                KeyDataViewType { Count: > MaximumClasses and var many } => throw Wrong(name,
                    $"is a key of {many} values; a classifier tells at most {MaximumClasses} apart. "
                    + $"{makeKey} a key of those values alone that occur."),
                KeyDataViewType => column,
                var other => throw Wrong(name, $"is {other}; wanted a key of at least two values, as {makeKey} one."),
            };
        }

        public override SchemaShape Shape(SchemaShape input, string labelName) => ScoreColumns.MulticlassShape(input, labelName);

        public override PredictionTask Predicts(DataViewSchema.Column label) => new MulticlassTask(ClassLabels.From(label));

        public override string Output(int outputs) => $"a logit for each of the {outputs} classes";

        public override void Check(PrunedModelOptions options)
        {
        }

        public override (IObjective, LabelScale?) Begin(
            Blueprint blueprint, TrainingRows rows, PrunedModelOptions options, TeacherNetwork? teacher)
        {
            int classes = (int)((KeyDataViewType)rows.Label!.Value.Type).Count; // FindLabel bounds it
            double smoothing = options.LabelSmoothing;
            return (options.Distillation is { } distillation && teacher is not null
                ? new DistilledCrossEntropy(classes, inputs => teacher.Logits(rows.AsRead(inputs)),
                    distillation.Temperature, distillation.Weight, smoothing)
                : new CrossEntropy(classes, smoothing), null);
        }
    }

    sealed class BinaryLearning : LearningTask
    {
        public override DataViewSchema.Column FindLabel(DataViewSchema schema, string name)
        {
            var column = FeatureColumns.Find(schema, name, "label");
            return column.Type == BooleanDataViewType.Instance ? column : throw Wrong(name, $"is {column.Type}; wanted Boolean.");
        }

        public override SchemaShape Shape(SchemaShape input, string labelName) => ScoreColumns.BinaryShape(input, labelName);

        public override PredictionTask Predicts(DataViewSchema.Column label) => new BinaryTask();

        public override string Output(int outputs) => "a logit";

        public override (IObjective, LabelScale?) Begin(
            Blueprint blueprint, TrainingRows rows, PrunedModelOptions options, TeacherNetwork? teacher) =>
            (new BinaryCrossEntropy(), null);
    }

    sealed class RegressionLearning(RegressionLoss loss) : LearningTask
    {
        public override DataViewSchema.Column FindLabel(DataViewSchema schema, string name)
        {
            var column = FeatureColumns.Find(schema, name, "label");
            return column.Type == NumberDataViewType.Single ? column : throw Wrong(name,
                $"is {column.Type}; wanted Single, as mlContext.Transforms.Conversion.ConvertType(\"{name}\") makes one of other numbers.");
        }

        public override SchemaShape Shape(SchemaShape input, string labelName) => ScoreColumns.RegressionShape(input, labelName);

        public override PredictionTask Predicts(DataViewSchema.Column label) => new RegressionTask();

        public override string Output(int outputs) => "the number to predict";

        public override bool HasClasses => false;

        public override (IObjective, LabelScale?) Begin(
            Blueprint blueprint, TrainingRows rows, PrunedModelOptions options, TeacherNetwork? teacher)
        {
            LibTorch.Load();
            using var generator = new RandomState();
            using var trial = (nn.Module<Tensor, Tensor>)TrainerCore.Build(blueprint);
            if (OutputLayer.Find(trial, blueprint.InputShape) is not { } layer)
                return (new RegressionObjective(loss), null);
            var (mean, deviation) = rows.LabelMoments(options.Cancellation);
            return (new RegressionObjective(loss, mean, deviation), new(mean, deviation, layer));
        }
    }
}
