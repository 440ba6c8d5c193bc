namespace MLNet.Pruning.Plans.Tokens;

/// <summary>How many tokens merge, as options give it.</summary>
public static class MergeAmount
{
    /// <summary>The number of tokens that merge away.</summary>
    /// <param name="merge">Below 1 a fraction of the tokens, 0 to 0.5, rounded down; from 1 on a whole number of them, at most
    /// half.</param>
    /// <param name="tokens">How many tokens there are.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is negative, more than half of the tokens, or not whole.</exception>
    public static int Of(double merge, int tokens)
    {
        int most = tokens / 2;
        // The decimal number that was written: 0.29 of 100 is 29, although the nearest double lies below it.
        if (merge is >= 0 and <= 0.5)
            return (int)decimal.Floor((decimal)merge * tokens);
        if (merge >= 1 && merge <= most && merge == Math.Floor(merge))
            return (int)merge;
        throw new ArgumentOutOfRangeException(
            nameof(merge), merge,
            $"Merge is {merge}; of {tokens} tokens at most half can merge: "
                + $"wanted a fraction from 0 to 0.5, or a whole number from 1 to {most}.");
    }
}
