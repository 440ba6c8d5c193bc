using Microsoft.ML;
using Microsoft.ML.Data;

namespace MLNet.Pruning.Scoring;

/// <summary>
/// A model's place in a schema: where the features come from, and the schema with <c>PredictedLabel</c> and <c>Score</c>
/// after the columns that were there.
/// </summary>
sealed class ScoreBinding
{
    /// <summary>The names of the columns that a classifier adds.</summary>
    public const string Score = "Score", PredictedLabel = "PredictedLabel";

    public ScoreBinding(DataViewSchema input, string featureColumnName, int featureCount, ClassLabels labels)
    {
        Input = input;
        FeatureName = featureColumnName;
        FeatureCount = featureCount;
        Classes = labels.Count;
        Features = FeatureColumn.Find(input, featureColumnName);
        int found = ((VectorDataViewType)Features.Type).Size;
        if (found != featureCount)
        {
            throw new ArgumentOutOfRangeException(
                nameof(input),
                $"Feature column '{featureColumnName}' is {Features.Type}; the model was trained on vectors of {featureCount} Single.");
        }
        uint scoreSet = NextScoreSet(input);
        var builder = new DataViewSchema.Builder();
        builder.AddColumns(input);
        builder.AddColumn(PredictedLabel, new KeyDataViewType(typeof(uint), labels.Count), labels.PredictedLabelAnnotations(scoreSet));
        builder.AddColumn(Score, new VectorDataViewType(NumberDataViewType.Single, labels.Count), labels.ScoreColumnAnnotations(scoreSet));
        Output = builder.ToSchema();
    }

    public DataViewSchema Input { get; }

    public DataViewSchema Output { get; }

    public DataViewSchema.Column Features { get; }

    public string FeatureName { get; }

    public int FeatureCount { get; }

    public int Classes { get; }

    /// <summary>Whether an output column is one of the model's own, not one passed on.</summary>
    public bool IsAdded(int outputColumn) => outputColumn >= Input.Count;

    public bool IsPredictedLabel(int outputColumn) => outputColumn == Input.Count;

    /// <summary>The input columns that the given output columns need.</summary>
    public IEnumerable<DataViewSchema.Column> Needs(bool[] active)
    {
        bool scores = active[Input.Count] || active[Input.Count + 1];
        return Input.Where(column => active[column.Index] || (scores && column.Index == Features.Index));
    }

    public bool[] Active(IEnumerable<DataViewSchema.Column> outputColumns)
    {
        var active = new bool[Output.Count];
        foreach (var column in outputColumns)
            active[column.Index] = true;
        return active;
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
