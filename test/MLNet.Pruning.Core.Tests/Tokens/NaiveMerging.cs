namespace MLNet.Pruning.Tests.Tokens;

/// <summary>The definition, pair by pair, in double.</summary>
static class NaiveMerging
{
    public static (double[][] Tokens, double[] Sizes, int[] Sources) Merge(double[][] tokens, int merge)
    {
        int n = tokens.Length;
        var edges = new List<(double Best, int Even, int Odd)>();
        for (int i = 0; i < n; i += 2)
        {
            var (best, partner) = (double.NegativeInfinity, -1);
            for (int j = 1; j < n; j += 2)
            {
                double similarity = Similarity(tokens[i], tokens[j]);
                if (similarity > best)
                    (best, partner) = (similarity, j);
            }
            edges.Add((best, i, partner));
        }
        var target = Enumerable.Range(0, n).ToArray();
        foreach (var (_, even, odd) in edges.OrderByDescending(e => e.Best).ThenBy(e => e.Even).Take(merge))
            target[even] = odd;
        var survivors = Enumerable.Range(0, n).Where(i => target[i] == i).ToList();
        var sources = Array.ConvertAll(target, t => survivors.IndexOf(t));
        var members = survivors.Select((_, k) => Enumerable.Range(0, n).Where(i => sources[i] == k).ToArray()).ToArray();
        var merged = members.Select(m => Enumerable.Range(0, tokens[0].Length).Select(d => m.Average(i => tokens[i][d])).ToArray()).ToArray();
        return (merged, Array.ConvertAll(members, m => (double)m.Length), sources);
    }

    static double Similarity(double[] a, double[] b)
    {
        double Dot(double[] x, double[] y) => x.Zip(y, (p, q) => p * q).Sum();
        var (aa, bb) = (Dot(a, a), Dot(b, b));
        // To ten digits: what rounding alone tells apart is a tie.
        return aa == 0 || bb == 0 ? (aa == bb ? 1 : 0) : Math.Round(Dot(a, b) / Math.Sqrt(aa * bb), 10);
    }

    public static float[] Flat(IEnumerable<IEnumerable<double>> rows) => [.. rows.SelectMany(r => r).Select(x => (float)x)];

    public static double[][] Rows(float[] flat, int width) => [.. flat.Chunk(width).Select(r => r.Select(x => (double)x).ToArray())];

    public static float[] Normal(Random random, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(Math.Tau * random.NextDouble())))];
}
