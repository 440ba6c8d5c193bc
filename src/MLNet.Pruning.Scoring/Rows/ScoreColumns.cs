using MLNet.Pruning.Persistence;
using Microsoft.ML;
using Microsoft.ML.Data;
using static Microsoft.ML.SchemaShape.Column;

namespace MLNet.Pruning.Scoring;

/// <summary>The names and annotations of the columns that models add, by which ML.NET's evaluators find them.</summary>
static class ScoreColumns
{
    public const string Score = "Score", PredictedLabel = "PredictedLabel", Probability = "Probability";

    public const string Multiclass = "MulticlassClassification", Binary = "BinaryClassification", Regression = "Regression";

    /// <summary>The annotations of a column.</summary>
    /// <param name="kind">The kind of prediction.</param>
    /// <param name="value">What the column holds.</param>
    /// <param name="scoreSet">The number that the columns of one model share.</param>
    public static DataViewSchema.Annotations.Builder Annotations(string kind, string value, uint scoreSet)
    {
        var builder = new DataViewSchema.Annotations.Builder();
        builder.AddPrimitiveValue("ScoreColumnSetId", new KeyDataViewType(typeof(uint), int.MaxValue), scoreSet);
        builder.AddPrimitiveValue("ScoreColumnKind", TextDataViewType.Instance, kind.AsMemory());
        builder.AddPrimitiveValue("ScoreValueKind", TextDataViewType.Instance, value.AsMemory());
        if (value == Probability)
            builder.AddPrimitiveValue("IsNormalized", BooleanDataViewType.Instance, true);
        return builder;
    }

    static SchemaShape.Column[] SharedAnnotations() =>
    [
        MLNetInternals.Column("ScoreColumnSetId", VectorKind.Scalar, NumberDataViewType.UInt32, isKey: true),
        MLNetInternals.Column("ScoreColumnKind", VectorKind.Scalar, TextDataViewType.Instance),
        MLNetInternals.Column("ScoreValueKind", VectorKind.Scalar, TextDataViewType.Instance),
    ];

    /// <summary>The schema shape after a regressor: the input's columns and <c>Score</c>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The label is missing or of another type.</exception>
    public static SchemaShape RegressionShape(SchemaShape input, string labelName)
    {
        ShapeColumns.FindScalar(input, labelName, "label", NumberDataViewType.Single);
        return ShapeColumns.Add(input, ShapeColumns.Numbers(Score, VectorKind.Scalar, SharedAnnotations()));
    }

    /// <summary>
    /// The schema shape after a binary classifier: the input's columns, <c>PredictedLabel</c>, <c>Score</c> and <c>Probability</c>.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The label is missing or of another type.</exception>
    public static SchemaShape BinaryShape(SchemaShape input, string labelName)
    {
        ShapeColumns.FindScalar(input, labelName, "label", BooleanDataViewType.Instance);
        return ShapeColumns.Add(input,
            MLNetInternals.Column(
                PredictedLabel, VectorKind.Scalar, BooleanDataViewType.Instance, annotations: new SchemaShape(SharedAnnotations())),
            ShapeColumns.Numbers(Score, VectorKind.Scalar, SharedAnnotations()),
            ShapeColumns.Numbers(Probability, VectorKind.Scalar,
                [.. SharedAnnotations(), MLNetInternals.Column("IsNormalized", VectorKind.Scalar, BooleanDataViewType.Instance)]));
    }

    /// <summary>The schema shape after a classifier: the input's columns, <c>PredictedLabel</c> and <c>Score</c>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The label is missing or of another type.</exception>
    public static SchemaShape MulticlassShape(SchemaShape input, string labelName)
    {
        var label = ShapeColumns.Find(input, labelName, "label", "a key", column => column.IsKey && column.Kind == VectorKind.Scalar);
        var (ofLabel, ofScore) = (SharedAnnotations().ToList(), SharedAnnotations().ToList());
        var annotation = label.Annotations.FirstOrDefault(annotation => annotation.Name == "KeyValues");
        if (annotation is { Kind: VectorKind.Vector, ItemType: { } values } && LabelKind.Of(values) is not null)
        {
            ofLabel.Add(MLNetInternals.Column("KeyValues", VectorKind.Vector, values));
            ofScore.Add(MLNetInternals.Column("TrainingLabelValues", VectorKind.Vector, values));
            ofScore.Add(MLNetInternals.Column("SlotNames", VectorKind.Vector, TextDataViewType.Instance));
        }
        return ShapeColumns.Add(input,
            MLNetInternals.Column(PredictedLabel, VectorKind.Scalar, NumberDataViewType.UInt32, isKey: true, new SchemaShape(ofLabel)),
            ShapeColumns.Numbers(Score, annotations: ofScore));
    }

    /// <summary>The key of the most probable class (1 for the first); 0, the missing key, if no probability is a number.</summary>
    public static uint MostProbable(ReadOnlySpan<float> probabilities)
    {
        int best = -1;
        for (int i = 0; i < probabilities.Length; i++)
        {
            if (!float.IsNaN(probabilities[i]) && (best < 0 || probabilities[i] > probabilities[best]))
                best = i;
        }
        return (uint)(best + 1);
    }

    /// <summary>Columns of one scorer share a number. Evaluators take the columns with the highest number as the latest.</summary>
    public static uint NextScoreSet(DataViewSchema schema)
    {
        uint last = 0;
        foreach (var column in schema)
        {
            if (column.Annotations.Schema.GetColumnOrNull("ScoreColumnSetId")?.Type is KeyDataViewType { RawType: var raw }
                && raw == typeof(uint))
            {
                uint value = 0;
                column.Annotations.GetValue("ScoreColumnSetId", ref value);
                last = Math.Max(last, value);
            }
        }
        return last + 1;
    }
}
