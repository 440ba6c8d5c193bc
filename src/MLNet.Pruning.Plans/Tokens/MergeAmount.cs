namespace MLNet.Pruning.Tokens;

/// <summary>Converts the merge option to a number of tokens.</summary>
public static class MergeAmount
{
    /// <summary>The maximum number of tokens that can merge away: half of them, rounded down.</summary>
    /// <param name="tokens">The number of tokens.</param>
    public static int Limit(int tokens) => tokens / 2;

    /// <summary>The number of tokens that merge away.</summary>
    /// <param name="merge">A fraction of the tokens from 0 to 0.5, rounded down, or a whole number of tokens, at most half.</param>
    /// <param name="tokens">The number of tokens.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is negative, more than half of the tokens, or not whole.</exception>
    public static int Of(double merge, int tokens)
    {
        int maximum = Limit(tokens);
        // Use the decimal number that was written: 0.29 of 100 is 29, although the nearest double is below it.
        if (merge is >= 0 and <= 0.5)
            return (int)decimal.Floor((decimal)merge * tokens);
        if (merge >= 1 && merge <= maximum && merge == Math.Floor(merge))
            return (int)merge;
        string whole = maximum > 0 ? $"a whole number from 1 to {maximum}" : "0, as one token cannot merge";
        throw new ArgumentOutOfRangeException(nameof(merge), FormattableString.Invariant(
            $"Merge is {merge}; of {tokens} tokens at most half can merge: wanted a fraction from 0 to 0.5, or {whole}."));
    }

    internal static void Check(int merge, int tokens)
    {
        if (merge < 0 || merge > Limit(tokens))
            throw new ArgumentOutOfRangeException(
                nameof(merge), $"{merge} of {tokens} tokens cannot merge; wanted 0 to {Limit(tokens)}, half of them.");
    }
}
