namespace MLNet.Pruning.Tokens;

/// <summary>How many tokens merge, as options give it.</summary>
public static class MergeAmount
{
    /// <summary>The most tokens that can merge away: half of them, rounded down.</summary>
    /// <param name="tokens">How many tokens there are.</param>
    public static int Limit(int tokens) => tokens / 2;

    /// <summary>The number of tokens that merge away.</summary>
    /// <param name="merge">Below 1 a fraction of the tokens, 0 to 0.5, rounded down; from 1 on a whole number of them, at most
    /// half.</param>
    /// <param name="tokens">How many tokens there are.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is negative, more than half of the tokens, or not whole.</exception>
    public static int Of(double merge, int tokens)
    {
        int most = Limit(tokens);
        // The decimal number that was written: 0.29 of 100 is 29, although the nearest double lies below it.
        if (merge is >= 0 and <= 0.5)
            return (int)decimal.Floor((decimal)merge * tokens);
        if (merge >= 1 && merge <= most && merge == Math.Floor(merge))
            return (int)merge;
        string whole = most > 0 ? $"a whole number from 1 to {most}" : "0, as one token cannot merge";
        throw new ArgumentOutOfRangeException(nameof(merge), FormattableString.Invariant(
            $"Merge is {merge}; of {tokens} tokens at most half can merge: wanted a fraction from 0 to 0.5, or {whole}."));
    }

    /// <summary>Throws unless so many tokens can merge away.</summary>
    internal static void Check(int merge, int tokens)
    {
        if (merge < 0 || merge > Limit(tokens))
            throw new ArgumentOutOfRangeException(
                nameof(merge), $"{merge} of {tokens} tokens cannot merge; wanted 0 to {Limit(tokens)}, half of them.");
    }
}
