using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using MLNet.Pruning.Scoring;

namespace MLNet.Pruning.Trainers;

/// <summary>What all classifiers' trainers share: checked columns, rows for the training loop, and a transformer at the end.</summary>
sealed class ClassifierTraining
{
    const string Remedy = "Transform the validation set with the fitted pipeline: fit the steps before the trainer first, and transform both sets with them.";

    readonly PrunedRun run;
    readonly Func<DataViewSchema, string, FeatureColumns> find;

    /// <param name="environment">The MLContext.</param>
    /// <param name="name">The trainer's name.</param>
    /// <param name="options">Checked here.</param>
    /// <param name="find">Finds what is learnt from, by the name of the feature column; by default that column alone, a vector of Single.</param>
    public ClassifierTraining(IHostEnvironment environment, string name, PrunedClassifierOptions options, Func<DataViewSchema, string, FeatureColumns>? find = null)
    {
        Columns = new ClassifierColumns(
            PrunedRun.Named(options.LabelColumnName, nameof(options.LabelColumnName)),
            PrunedRun.Named(options.FeatureColumnName, nameof(options.FeatureColumnName)));
        this.find = find ?? FeatureColumns.Find;
        run = new PrunedRun(environment, name, options);
    }

    public ClassifierColumns Columns { get; }

    /// <summary>Trains on all of <paramref name="input"/>.</summary>
    /// <param name="input">The training set.</param>
    /// <param name="blueprint">The model for such features and so many classes; it gives a logit for each class.</param>
    public PrunedModelTransformer Fit(IDataView input, Func<FeatureColumns, int, Blueprint> blueprint)
    {
        ArgumentNullException.ThrowIfNull(input);
        var label = Columns.FindLabel(input.Schema);
        var features = find(input.Schema, Columns.Features);
        var labels = ClassLabels.From(label);
        var plan = blueprint(features, labels.Count);
        var validation = Validation(labels, features.Size, plan.InputShape);
        string device = run.ChooseDevice();
        var rows = new LabelledRows(input, label, features, plan.InputShape, "training set");
        var result = run.Train(plan, device, rows, validation, new CrossEntropy(labels.Count), channel =>
        {
            PrunedRun.Warn(channel, rows.WithoutLabel, "label", Columns.Label);
            PrunedRun.Warn(channel, rows.WithoutFeatures, "features", Columns.Features);
        });
        return run.Finish<PrunedModelTransformer>(result, device, plan, network =>
        {
            var classifier = Classifier.Of(network, Columns.Features, labels);
            return (classifier.Scored, scorer => new PrunedModelTransformer(classifier, scorer));
        });
    }

    LabelledRows? Validation(ClassLabels trained, int width, IReadOnlyList<long> shape)
    {
        if (run.ValidationSet is not { } validation)
            return null;
        DataViewSchema.Column label;
        FeatureColumns features;
        try
        {
            label = Columns.FindLabel(validation.Schema);
            features = find(validation.Schema, Columns.Features);
        }
        catch (ArgumentOutOfRangeException failure)
        {
            throw new ArgumentOutOfRangeException($"The validation set does not fit: {failure.Message} {Remedy}", failure);
        }
        int classes = trained.Count, count = (int)((KeyDataViewType)label.Type).Count;
        if (count != classes || features.Size != width)
        {
            throw new ArgumentOutOfRangeException(
                null,
                $"The validation set has {count} label values and {features.Size} features; wanted {classes} and {width}, as in the training set. {Remedy}");
        }
        // Keys without values have nothing to compare.
        if (trained.Values?.Names is { } wanted && ClassLabels.From(label).Values?.Names is { } found)
        {
            for (int i = 0; i < wanted.Length; i++)
            {
                if (!wanted[i].Span.SequenceEqual(found[i].Span))
                    throw new ArgumentOutOfRangeException(null, $"Key {i + 1} of label column '{Columns.Label}' is '{found[i]}' in the validation set; wanted '{wanted[i]}', as in the training set. {Remedy}");
            }
        }
        return new LabelledRows(validation, label, features, shape, "validation set");
    }
}
