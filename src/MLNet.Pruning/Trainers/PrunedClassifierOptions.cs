namespace MLNet.Pruning;

/// <summary>The options that every trainer of classifiers has.</summary>
public abstract class PrunedClassifierOptions : PrunedTrainerOptions
{
    private protected PrunedClassifierOptions()
    {
    }

    /// <summary>The column to learn: a key, as <c>MapValueToKey</c> makes one. Rows in which it is missing are skipped.</summary>
    public string LabelColumnName { get; set; } = "Label";

    /// <summary>The column to learn from: a vector of Single of known size. Rows with a NaN or an infinity in it are skipped.</summary>
    public string FeatureColumnName { get; set; } = "Features";
}
