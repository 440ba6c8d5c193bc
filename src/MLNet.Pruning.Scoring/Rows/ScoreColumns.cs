using MLNet.Pruning.Persistence;
using Microsoft.ML;
using Microsoft.ML.Data;
using static Microsoft.ML.SchemaShape.Column;

namespace MLNet.Pruning.Scoring;

/// <summary>The columns that a classifier adds: <c>PredictedLabel</c> and <c>Score</c>.</summary>
static class ScoreColumns
{
    public const string Score = "Score", PredictedLabel = "PredictedLabel";

    /// <summary>The columns that a classifier adds to a schema; it computes a probability for each class.</summary>
    public static AddedColumn[] For(ClassLabels labels, DataViewSchema input)
    {
        uint scoreSet = NextScoreSet(input);
        return
        [
            new(PredictedLabel, new KeyDataViewType(typeof(uint), labels.Count), labels.PredictedLabelAnnotations(scoreSet),
                output => (ValueGetter<uint>)((ref uint value) => value = MostProbable(output()))),
            AddedColumn.Vector(Score, 0, labels.Count, labels.ScoreColumnAnnotations(scoreSet)),
        ];
    }

    /// <summary>The schema shape after a classifier: the input's columns, <c>PredictedLabel</c> and <c>Score</c>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">One of the columns is missing or of another type.</exception>
    public static SchemaShape Shape(SchemaShape input, string labelName, string featureName)
    {
        ArgumentNullException.ThrowIfNull(input);
        var label = ShapeColumns.Find(input, labelName, "label", "a key", column => column.IsKey && column.Kind == VectorKind.Scalar);
        ShapeColumns.FindFeatures(input, featureName);

        SchemaShape.Column[] shared =
        [
            MLNetInternals.Column("ScoreColumnSetId", VectorKind.Scalar, NumberDataViewType.UInt32, isKey: true),
            MLNetInternals.Column("ScoreColumnKind", VectorKind.Scalar, TextDataViewType.Instance),
            MLNetInternals.Column("ScoreValueKind", VectorKind.Scalar, TextDataViewType.Instance),
        ];
        var (ofLabel, ofScore) = (shared.ToList(), shared.ToList());
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
    static uint NextScoreSet(DataViewSchema schema)
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
