namespace MLNet.Pruning.Tokens;

/// <summary>
/// Which tokens of an image merge. It is decided once, and applied to anything with one row per token, such as the tokens themselves,
/// their sizes and their positions. Survivors keep their order.
/// </summary>
public sealed class TokenAssignment
{
    readonly int[] sources;

    TokenAssignment(int[] sources, int survivors) => (this.sources, Survivors) = (sources, survivors);

    /// <summary>
    /// Decides which tokens merge: the partner of each even token is the most similar odd one (cosine; of equals, the first), and the most
    /// similar pairs merge (of equals, the first).
    /// </summary>
    /// <param name="tokens">[N x D]. Two tokens of zeros have similarity 1, a token of zeros and any other one 0. Tokens that are not
    /// finite merge last.</param>
    /// <param name="width">Values of a token, D; at least 1.</param>
    /// <param name="merge">Tokens that merge away, r; 0 to half of the tokens.</param>
    public static unsafe TokenAssignment Match(ReadOnlySpan<float> tokens, int width, int merge)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        if (tokens.Length == 0 || tokens.Length % width != 0)
            throw new ArgumentException($"There are {tokens.Length} values; wanted a multiple of the tokens' width, {width}.",
                nameof(tokens));
        int count = tokens.Length / width;
        MergeAmount.Check(merge, count);
        var sources = new int[count];
        fixed (float* from = tokens)
        fixed (int* to = sources)
            new TokenMatcher(count, width, merge).Match(from, to);
        return new TokenAssignment(sources, count - merge);
    }

    /// <summary>Makes an assignment from known sources, such as a row of the column <c>Tokens.Sources</c>.</summary>
    /// <param name="sources">The survivor of each token; all numbers from 0 to the largest must occur.</param>
    public static TokenAssignment FromSources(ReadOnlySpan<int> sources)
    {
        int survivors = 0;
        foreach (int source in sources)
            survivors = Math.Max(survivors, source < sources.Length ? source + 1 : 0);
        var seen = new bool[survivors];
        foreach (int source in sources)
        {
            if (source < 0 || source >= sources.Length)
                throw new ArgumentException(
                    $"One of the {sources.Length} tokens goes to survivor {source}; wanted 0 to {sources.Length - 1}.", nameof(sources));
            seen[source] = true;
        }
        if (survivors == 0 || Array.IndexOf(seen, false) is >= 0 and var missing)
            throw new ArgumentException(survivors == 0 ? "There are no tokens."
                : $"No token goes to survivor {Array.IndexOf(seen, false)}, although one goes to {survivors - 1}.", nameof(sources));
        return new TokenAssignment(sources.ToArray(), survivors);
    }

    /// <summary>Tokens before merging, N.</summary>
    public int Tokens => sources.Length;

    /// <summary>Tokens after merging, K.</summary>
    public int Survivors { get; }

    /// <summary>The survivor of each token.</summary>
    public ReadOnlySpan<int> Sources => sources;

    /// <summary>The number of tokens of each survivor.</summary>
    public int[] Sizes()
    {
        var sizes = new int[Survivors];
        foreach (int source in sources)
            sizes[source]++;
        return sizes;
    }

    /// <summary>Means of the values of merged tokens; tokens that do not merge keep theirs bit for bit.</summary>
    /// <param name="values">[N x D]</param>
    /// <param name="sizes">[N]: the weight of each token, above 0; empty if all are 1.</param>
    /// <returns>[K x D]</returns>
    public unsafe float[] Merge(ReadOnlySpan<float> values, ReadOnlySpan<float> sizes = default)
    {
        int width = Width(values.Length, Tokens, nameof(values));
        if (!sizes.IsEmpty)
            CheckSizes(sizes);
        var (means, counts) = (new float[Survivors * width], new float[Survivors]);
        fixed (float* from = values, weights = sizes, to = means, total = counts)
        fixed (int* where = sources, members = new int[sizes.IsEmpty ? 0 : Survivors])
            TokenMeans.Merge(from, sizes.IsEmpty ? null : weights, where, Tokens, width, to, total, Survivors, members);
        return means;
    }

    /// <summary>Sums of the sizes of merged tokens.</summary>
    /// <param name="sizes">[N]</param>
    /// <returns>[K]</returns>
    public float[] MergeSizes(ReadOnlySpan<float> sizes)
    {
        CheckSizes(sizes);
        var sums = new float[Survivors];
        for (int i = 0; i < sources.Length; i++)
            sums[sources[i]] += sizes[i];
        return sums;
    }

    /// <summary>Copies the values of each survivor to its tokens.</summary>
    /// <param name="values">[K x D]</param>
    /// <returns>[N x D]</returns>
    public float[] Unmerge(ReadOnlySpan<float> values)
    {
        int width = Width(values.Length, Survivors, nameof(values));
        var all = new float[Tokens * width];
        for (int i = 0; i < sources.Length; i++)
            values.Slice(sources[i] * width, width).CopyTo(all.AsSpan(i * width));
        return all;
    }

    /// <summary>Combines this merging with another one of its survivors.</summary>
    /// <param name="next">An assignment of <see cref="Survivors"/> tokens.</param>
    public TokenAssignment Then(TokenAssignment next)
    {
        ArgumentNullException.ThrowIfNull(next);
        if (next.Tokens != Survivors)
            throw new ArgumentException($"The next merging is of {next.Tokens} tokens; {Survivors} survive this one.", nameof(next));
        return new TokenAssignment(Array.ConvertAll(sources, source => next.sources[source]), next.Survivors);
    }

    void CheckSizes(ReadOnlySpan<float> sizes)
    {
        if (sizes.Length != Tokens)
            throw new ArgumentException($"There are {sizes.Length} sizes for {Tokens} tokens.", nameof(sizes));
        foreach (float size in sizes)
        {
            if (size is not (> 0 and < float.PositiveInfinity))
                throw new ArgumentException($"A token has the size {size}; wanted a number above 0.", nameof(sizes));
        }
    }

    static int Width(int values, int rows, string name) => values > 0 && values % rows == 0
        ? values / rows
        : throw new ArgumentException($"There are {values} values for {rows} tokens; wanted a multiple of {rows}.", name);
}
