namespace MLNet.Pruning.Plans.Tests;

/// <summary>Layers in double precision, as plain as can be.</summary>
static class ReferenceLayers
{
    public static double[] Linear(NetworkWeights weights, string name, double[] x, int outputs)
    {
        float[] w = weights.Get($"{name}.weight", outputs, x.Length).ToArray(), b = weights.Get($"{name}.bias", outputs).ToArray();
        return [.. Enumerable.Range(0, outputs).Select(o => b[o] + Enumerable.Range(0, x.Length).Sum(i => w[(o * x.Length) + i] * x[i]))];
    }

    public static double[] Norm(NetworkWeights weights, string name, double[] x)
    {
        float[] w = weights.Get($"{name}.weight", x.Length).ToArray(), b = weights.Get($"{name}.bias", x.Length).ToArray();
        double mean = x.Average(), deviation = Math.Sqrt(x.Average(v => (v - mean) * (v - mean)) + 1e-5);
        return [.. x.Select((v, i) => ((v - mean) / deviation * w[i]) + b[i])];
    }

    public static double[] Activate(Activation activation, double[] x) => [.. x.Select(v => Numbers.Activate(activation, v))];

    /// <summary>The probabilities of a classifier: of one logit its sigmoid, of more their softmax.</summary>
    public static double[] Probabilities(double[] x) => x.Length == 1 ? [1 / (1 + Math.Exp(-x[0]))] : Softmax(x);

    public static double[] Softmax(double[] x)
    {
        double most = x.Max(), sum = x.Sum(v => Math.Exp(v - most));
        return [.. x.Select(v => Math.Exp(v - most) / sum)];
    }

    /// <summary>3x3 with a padding of 1.</summary>
    public static double[] Convolution(NetworkWeights weights, string name, double[] x, int inputs, int outputs, int height, int width)
    {
        float[] w = weights.Get($"{name}.weight", outputs, inputs, 3, 3).ToArray(), b = weights.Get($"{name}.bias", outputs).ToArray();
        var y = new double[outputs * height * width];
        for (int o = 0; o < outputs; o++)
            for (int row = 0; row < height; row++)
                for (int column = 0; column < width; column++)
                {
                    double sum = b[o];
                    for (int tap = 0; tap < inputs * 9; tap++)
                    {
                        int r = row + (tap / 3 % 3) - 1, c = column + (tap % 3) - 1;
                        if (r >= 0 && r < height && c >= 0 && c < width)
                            sum += w[(o * inputs * 9) + tap] * x[(((tap / 9 * height) + r) * width) + c];
                    }
                    y[(((o * height) + row) * width) + column] = sum;
                }
        return y;
    }

    /// <summary>4x4 with a stride of 2 and a padding of 1: every pixel adds its share to sixteen.</summary>
    public static double[] Transposed(NetworkWeights weights, string name, double[] x, int inputs, int outputs, int height, int width)
    {
        float[] w = weights.Get($"{name}.weight", inputs, outputs, 4, 4).ToArray(), b = weights.Get($"{name}.bias", outputs).ToArray();
        var y = new double[outputs * 4 * height * width];
        for (int o = 0; o < outputs; o++)
        {
            Array.Fill(y, b[o], o * 4 * height * width, 4 * height * width);
            for (int i = 0; i < inputs * height * width; i++)
                for (int tap = 0; tap < 16; tap++)
                {
                    int r = (2 * (i / width % height)) - 1 + (tap / 4), c = (2 * (i % width)) - 1 + (tap % 4);
                    if (r >= 0 && r < 2 * height && c >= 0 && c < 2 * width)
                        y[(((o * 2 * height) + r) * 2 * width) + c] += w[(((i / (height * width) * outputs) + o) * 16) + tap] * x[i];
                }
        }
        return y;
    }

    /// <summary>Maxima of 2x2.</summary>
    public static double[] Pool(double[] x, int channels, int height, int width) =>
    [
        .. from channel in Enumerable.Range(0, channels)
           from row in Enumerable.Range(0, height / 2)
           from column in Enumerable.Range(0, width / 2)
           let at = (((channel * height) + (2 * row)) * width) + (2 * column)
           select Math.Max(Math.Max(x[at], x[at + 1]), Math.Max(x[at + width], x[at + width + 1])),
    ];

    /// <summary>Where each token goes: the most similar pairs of even and odd tokens merge.</summary>
    public static int[] Match(double[][] tokens, int merge, int apart)
    {
        var part = tokens[apart..];
        var pairs = new List<(double Similarity, int Even, int Odd)>();
        for (int even = 0; even < part.Length && part.Length > 1; even += 2)
        {
            var best = Enumerable.Range(0, part.Length / 2).Select(o =>
                (Cosine(part[even], part[(2 * o) + 1]), even, (2 * o) + 1)).MaxBy(pair => pair.Item1);
            pairs.Add(best);
        }
        var goes = Enumerable.Range(0, tokens.Length).ToArray();
        foreach (var pair in pairs.OrderByDescending(pair => pair.Similarity).ThenBy(pair => pair.Even).Take(merge))
            goes[pair.Even + apart] = pair.Odd + apart;
        var survivors = Enumerable.Range(0, tokens.Length).Where(t => goes[t] == t).ToList();
        return [.. goes.Select(token => survivors.IndexOf(token))];
    }

    static double Cosine(double[] a, double[] b)
    {
        double product = a.Zip(b, (x, y) => x * y).Sum(), norms = Math.Sqrt(a.Sum(x => x * x) * b.Sum(x => x * x));
        return norms > 0 ? product / norms : a.All(x => x == 0) && b.All(x => x == 0) ? 1 : 0;
    }
}
