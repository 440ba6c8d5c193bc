namespace MLNet.Pruning.Tests.Importance;

/// <summary>The definition of a contribution, word for word, in double precision and loops.</summary>
sealed class NaiveShares(int neurons, bool signed)
{
    readonly double[] _sums = new double[neurons];
    readonly double[] _maxima = [.. Enumerable.Repeat(double.NegativeInfinity, neurons)];
    int _count;

    public double[] Average => [.. _sums.Select(s => s / _count)];

    public double[] Maximum => _maxima;

    public NaiveShares Linear(float[] activations, float[] weights, int block = 1)
    {
        var inputs = neurons * block;
        for (var f = 0; f < activations.Length / inputs; f++)
        {
            for (var j = 0; j < weights.Length / inputs; j++)
            {
                var products = new double[neurons];
                for (var i = 0; i < inputs; i++)
                    products[i / block] += Term(activations[f * inputs + i], weights[j * inputs + i]);
                Denominator(products);
            }
        }
        return this;
    }

    public NaiveShares Convolution(float[] activations, int height, int width, float[] weights, int kernelHeight, int kernelWidth, ConvolutionShape shape)
    {
        var samples = activations.Length / (neurons * height * width);
        var (groups, taps) = (shape.Groups, kernelHeight * kernelWidth);
        var outputs = shape.Transposed ? weights.Length / (neurons * taps) * groups : weights.Length / (neurons / groups * taps);
        var (high, wide) = shape.OutputSize(height, width, kernelHeight, kernelWidth);
        for (var f = 0; f < samples; f++)
        {
            for (var o = 0; o < outputs; o++)
            {
                for (var p = 0; p < high * wide; p++)
                {
                    var products = new double[neurons];
                    for (var c = 0; c < neurons; c++)
                    {
                        if (c / (neurons / groups) != o / (outputs / groups))
                            continue;
                        for (var t = 0; t < taps; t++)
                        {
                            var y = Source(p / wide, t / kernelWidth, height, shape.Stride.Height, shape.Padding.Height, shape.Dilation.Height, shape.Transposed);
                            var x = Source(p % wide, t % kernelWidth, width, shape.Stride.Width, shape.Padding.Width, shape.Dilation.Width, shape.Transposed);
                            if (y < 0 || x < 0)
                                continue;
                            var w = shape.Transposed
                                ? weights[(c * (outputs / groups) + o % (outputs / groups)) * taps + t]
                                : weights[(o * (neurons / groups) + c % (neurons / groups)) * taps + t];
                            products[c] += Term(activations[((f * neurons + c) * height + y) * width + x], w);
                        }
                    }
                    Denominator(products);
                }
            }
        }
        return this;
    }

    /// <summary>Which input an output sees through a tap, or -1.</summary>
    static int Source(int output, int tap, int size, int stride, int padding, int dilation, bool transposed)
    {
        var at = transposed ? output + padding - tap * dilation : output * stride - padding + tap * dilation;
        if (transposed)
            at = at % stride == 0 ? at / stride : -1;
        return at < size ? at : -1;
    }

    double Term(double a, double w) => signed ? a * w : Math.Abs(a * w);

    void Denominator(double[] products)
    {
        var z = products.Sum();
        for (var k = 0; k < neurons; k++)
        {
            var share = z == 0 ? 0 : products[k] / z;
            _sums[k] += share;
            _maxima[k] = Math.Max(_maxima[k], share);
        }
        _count++;
    }
}
