namespace MLNet.Pruning;

/// <summary>Whether shares of a weighted sum keep their sign.</summary>
public enum ContributionMode
{
    /// <summary>|w a| over the sum of |w a|: shares lie in [0, 1] and add up to 1.</summary>
    Absolute,

    /// <summary>w a over the sum of w a, as the paper prints it: shares may be negative and large where terms cancel.</summary>
    Signed,
}
