namespace MLNet.Pruning.Masks;

sealed record PatternRule : MaskRule
{
    public PatternRule(int n, int m)
    {
        if (m < 2)
            throw new ArgumentOutOfRangeException(nameof(m), $"A pattern of {n} of {m} weights is none; m must be at least 2.");
        if (n < 1 || n >= m)
            throw new ArgumentOutOfRangeException(
                nameof(n), $"Of every {m} weights {n} cannot be on; n must be at least 1 and at most {m - 1}.");
        (N, M) = (n, m);
    }

    public int N { get; }

    public int M { get; }

    internal override double? Sparsity => 1 - (double)N / M;

    internal override bool ByLayer => true;

    internal override void Cut(in MaskCut cut)
    {
        var scores = cut.Scores();
        var inputs = (int)cut.Shape[cut.Axis];
        // What lies between two neighbours along the inputs, such as a convolution's taps.
        var stride = (int)cut.Shape[(cut.Axis + 1)..].Aggregate(1L, (n, extent) => n * extent);
        Span<float> group = new float[M];
        Span<sbyte> on = new sbyte[M];
        for (var block = 0; block < scores.Length; block += inputs * stride)
            for (var first = block; first < block + stride; first++)
                for (var from = 0; from < inputs; from += M)
                {
                    var size = Math.Min(M, inputs - from);
                    for (var i = 0; i < size; i++)
                        group[i] = scores[first + (from + i) * stride];
                    TopFew(group[..size], Math.Min(N, size), on);
                    for (var i = 0; i < size; i++)
                        cut.On[first + (from + i) * stride] = on[i];
                }
    }

    /// <summary>For a handful of scores, as <see cref="TopScores.Keep"/>: a weight is on when fewer than so many come before it.</summary>
    static void TopFew(ReadOnlySpan<float> scores, int keep, Span<sbyte> on)
    {
        for (var i = 0; i < scores.Length; i++)
        {
            var before = 0;
            for (var j = 0; j < scores.Length; j++)
                if (scores[j] > scores[i] || (scores[j] == scores[i] && j < i))
                    before++;
            on[i] = (sbyte)(before < keep ? -1 : 0);
        }
    }
}
