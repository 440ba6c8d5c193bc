using System.Reflection;
using System.Text;
using MLNet.Pruning.Persistence;
using MLNet.Pruning.Plans;
using MLNet.Pruning.Plans.Networks;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace MLNet.Pruning.Scoring;

/// <summary>What a model has learned to predict: how many numbers its network computes for a row, and the columns made of them.</summary>
abstract class PredictionTask
{
    /// <summary>The kinds of model file.</summary>
    public static readonly IReadOnlyList<string> Kinds = [SavedNetwork.Classifier, SavedNetwork.BinaryClassifier, SavedNetwork.Regressor];

    /// <summary>The kind of the model's file.</summary>
    public abstract string Kind { get; }

    /// <summary>How many numbers the network computes for a row.</summary>
    public virtual int Outputs => 1;

    /// <summary>What a plan of the network returns.</summary>
    public virtual ScoringOutput Output => ScoringOutput.Logits;

    /// <summary>What a predictor can give, for errors.</summary>
    public abstract string Gives { get; }

    /// <summary>The entries of the model file beside its network.</summary>
    public virtual IEnumerable<(string Name, byte[] Content)> Parts => [];

    /// <summary>The columns that the model adds to a schema.</summary>
    public abstract IReadOnlyList<AddedColumn> Columns(DataViewSchema input);

    /// <summary>A setter of a property of a prediction from a row's numbers; null if it has another name or type.</summary>
    /// <param name="property">The property.</param>
    /// <param name="type">The type of the pipeline's column of that name; null if there is none.</param>
    public abstract Action<TOut, float[]>? Setter<TOut>(PropertyInfo property, DataViewType? type);

    /// <summary>The task of a model file.</summary>
    public static PredictionTask Read(Archive archive, string what) => archive.Kind switch
    {
        SavedNetwork.BinaryClassifier => new BinaryTask(),
        SavedNetwork.Regressor => new RegressionTask(),
        _ => new MulticlassTask(archive.Part(SavedNetwork.Labelling, what, ClassLabels.Read)),
    };

    protected static IEnumerable<(string Name, byte[] Content)> LabelParts(ClassLabels labels)
    {
        using var content = new MemoryStream();
        using (var writer = new BinaryWriter(content, Encoding.UTF8, leaveOpen: true))
            labels.Write(writer);
        return [(SavedNetwork.Labelling, content.ToArray())];
    }

    protected static Action<TOut, T> Set<TOut, T>(PropertyInfo property) => property.SetMethod!.CreateDelegate<Action<TOut, T>>();

    protected static Action<TOut, float[]>? Setter<TOut, T>(PropertyInfo property, Func<float[], T> value)
    {
        if (property.PropertyType != typeof(T))
            return null;
        var set = Set<TOut, T>(property);
        return (owner, numbers) => set(owner, value(numbers));
    }
}

/// <summary>One of several classes. The network computes a probability for each.</summary>
sealed class MulticlassTask(ClassLabels labels) : PredictionTask
{
    public ClassLabels Labels => labels;

    public override string Kind => SavedNetwork.Classifier;

    public override int Outputs => labels.Count;

    public override ScoringOutput Output => ScoringOutput.Probabilities;

    public override string Gives => $"{ScoreColumns.Score}, a float[], and {ScoreColumns.PredictedLabel}";

    public override IEnumerable<(string Name, byte[] Content)> Parts => LabelParts(labels);

    public override IReadOnlyList<AddedColumn> Columns(DataViewSchema input)
    {
        uint scoreSet = ScoreColumns.NextScoreSet(input);
        return
        [
            new(ScoreColumns.PredictedLabel, new KeyDataViewType(typeof(uint), labels.Count), labels.PredictedLabelAnnotations(scoreSet),
                output => (ValueGetter<uint>)((ref uint value) => value = ScoreColumns.MostProbable(output()))),
            AddedColumn.Vector(ScoreColumns.Score, 0, labels.Count, labels.ScoreColumnAnnotations(scoreSet)),
        ];
    }

    public override Action<TOut, float[]>? Setter<TOut>(PropertyInfo property, DataViewType? type)
    {
        if (property.Name == ScoreColumns.Score && property.PropertyType == typeof(float[]))
            return Set<TOut, float[]>(property);
        if (property.Name != ScoreColumns.PredictedLabel)
            return null;
        var set = type is not KeyDataViewType ? labels.Values?.Setter<TOut>(property)
            : property.PropertyType == typeof(uint) ? Set<TOut, uint>(property) : null;
        return set is null ? null : (owner, scores) => set(owner, ScoreColumns.MostProbable(scores.AsSpan(0, labels.Count)));
    }
}

/// <summary>True or false. The network computes a logit; the answer is true if it is above 0.</summary>
sealed class BinaryTask : PredictionTask
{
    public override string Kind => SavedNetwork.BinaryClassifier;

    public override string Gives =>
        $"{ScoreColumns.Score} and {ScoreColumns.Probability}, each a float, and {ScoreColumns.PredictedLabel}, a bool";

    public override IReadOnlyList<AddedColumn> Columns(DataViewSchema input)
    {
        uint scoreSet = ScoreColumns.NextScoreSet(input);
        return
        [
            new(ScoreColumns.PredictedLabel, BooleanDataViewType.Instance, Annotations(ScoreColumns.PredictedLabel),
                output => (ValueGetter<bool>)((ref bool value) => value = output()[0] > 0)),
            AddedColumn.Number(ScoreColumns.Score, 0, Annotations(ScoreColumns.Score)),
            new(ScoreColumns.Probability, NumberDataViewType.Single, Annotations(ScoreColumns.Probability),
                output => (ValueGetter<float>)((ref float value) => value = ClassScores.Sigmoid(output()[0]))),
        ];

        DataViewSchema.Annotations Annotations(string value) =>
            ScoreColumns.Annotations(ScoreColumns.Binary, value, scoreSet).ToAnnotations();
    }

    public override Action<TOut, float[]>? Setter<TOut>(PropertyInfo property, DataViewType? type) => property.Name switch
    {
        ScoreColumns.Score => Setter<TOut, float>(property, numbers => numbers[0]),
        ScoreColumns.Probability => Setter<TOut, float>(property, numbers => ClassScores.Sigmoid(numbers[0])),
        ScoreColumns.PredictedLabel => Setter<TOut, bool>(property, numbers => numbers[0] > 0),
        _ => null,
    };
}

/// <summary>A number. The network computes it.</summary>
sealed class RegressionTask : PredictionTask
{
    public override string Kind => SavedNetwork.Regressor;

    public override string Gives => $"{ScoreColumns.Score}, a float";

    public override IReadOnlyList<AddedColumn> Columns(DataViewSchema input)
    {
        var annotations = ScoreColumns.Annotations(ScoreColumns.Regression, ScoreColumns.Score, ScoreColumns.NextScoreSet(input));
        return [AddedColumn.Number(ScoreColumns.Score, 0, annotations.ToAnnotations())];
    }

    public override Action<TOut, float[]>? Setter<TOut>(PropertyInfo property, DataViewType? type) =>
        property.Name == ScoreColumns.Score ? Setter<TOut, float>(property, numbers => numbers[0]) : null;
}
