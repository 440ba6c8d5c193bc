namespace MLNet.Pruning;

/// <summary>Which part of a data set to load.</summary>
public enum DatasetSplit
{
    /// <summary>The examples to train on.</summary>
    Train,

    /// <summary>The examples kept apart for the final test.</summary>
    Test,
}
