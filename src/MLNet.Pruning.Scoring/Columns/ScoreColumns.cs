using Microsoft.ML;
using Microsoft.ML.Data;

namespace MLNet.Pruning.Scoring;

/// <summary>The columns that a classifier adds: <c>PredictedLabel</c> and <c>Score</c>.</summary>
static class ScoreColumns
{
    public const string Score = "Score", PredictedLabel = "PredictedLabel";

    /// <summary>The columns for a model of these classes behind this schema; the model computes a probability for each class.</summary>
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

    /// <summary>The key of the most probable class (1 for the first); 0, a missing key, when nothing is a number.</summary>
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

    /// <summary>Columns of one scorer share a number; evaluators take the highest in a schema for the latest.</summary>
    static uint NextScoreSet(DataViewSchema schema)
    {
        uint last = 0;
        foreach (var column in schema)
        {
            if (column.Annotations.Schema.GetColumnOrNull("ScoreColumnSetId")?.Type is KeyDataViewType { RawType: var raw } && raw == typeof(uint))
            {
                uint value = 0;
                column.Annotations.GetValue("ScoreColumnSetId", ref value);
                last = Math.Max(last, value);
            }
        }
        return last + 1;
    }
}
