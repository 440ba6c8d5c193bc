namespace MLNet.Pruning;

/// <summary>What makes scores of different groups comparable, where one ranking covers all of them.</summary>
public enum ScoreNormalization
{
    /// <summary>Nothing: the criterion's scores are on one scale.</summary>
    None,

    /// <summary>Each score is divided by the mean of its group.</summary>
    Mean,
}
