using TorchSharp;
using static TorchSharp.torch;

namespace MLNet.Pruning.Neurons;

/// <summary>How a convolution steps over one dimension.</summary>
readonly record struct ConvolutionSettings(long Stride, long Padding, long Dilation, long OutputPadding, PaddingModes Mode, bool Same);

/// <summary>
/// Measures stride, padding and dilation, which some versions of TorchSharp do not tell: with one tap of one filter set to 1, a convolution
/// copies a ramp, and what it shows where says how it was moved.
/// </summary>
static class ConvolutionProbe
{
    // Longer than any kernel spans, nearly always; the second try covers the rest.
    static readonly int[] lengths = [64, 256];

    /// <param name="layer">The layer, its weights all zero.</param>
    /// <param name="weight">Its weight, to set taps of.</param>
    /// <param name="channels">The channels that it reads.</param>
    public static ConvolutionSettings[] Measure(nn.Module<Tensor, Tensor> layer, Tensor weight, int channels) =>
        [.. Enumerable.Range(0, (int)weight.Dimensions - 2).Select(d => Measure(layer, weight, channels, d))];

    static ConvolutionSettings Measure(nn.Module<Tensor, Tensor> layer, Tensor weight, int channels, int dimension)
    {
        var kernel = weight.shape[dimension + 2];
        foreach (var length in lengths)
        {
            var (first, last) = (Tap(0), Tap(kernel - 1));
            var middle = first.Length / 2;
            if (middle + 1 >= first.Length)
                continue;
            // Element o of the ramp 1, 2, 3 ... comes from place o * stride - padding + tap * dilation.
            var stride = (long)(first[middle + 1] - first[middle]);
            var padding = stride * middle - (long)(first[middle] - 1);
            var dilation = kernel == 1 ? 1 : (long)(last[middle] - first[middle]) / (kernel - 1);
            if (stride < 1 || padding < 0 || dilation < 1)
                continue;
            var expected = (length + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1;
            // What stands in the padding names its kind; the ramp is 1 at its edge, padding + 1 where it is reflected, at its end where it goes round.
            var edge = padding == 0 ? 0 : (long)first[0];
            var mode = edge == 0 ? PaddingModes.Zeros : edge == 1 ? PaddingModes.Replicate : edge == padding + 1 ? PaddingModes.Reflect : PaddingModes.Circular;
            return new(stride, padding, dilation, 0, mode, expected != first.Length);

            float[] Tap(long tap) => Along(layer, weight, channels, dimension, tap, arange(1, length + 1, dtype: weight.dtype, device: weight.device), length);
        }
        throw new NotSupportedException($"The settings of a {layer.GetType().Name} could not be measured.");
    }

    /// <summary>The same of a transposed convolution, which lays element i of its input at i * stride - padding + tap * dilation.</summary>
    public static ConvolutionSettings[] MeasureTransposed(nn.Module<Tensor, Tensor> layer, Tensor weight, int channels) =>
        [.. Enumerable.Range(0, (int)weight.Dimensions - 2).Select(d => MeasureTransposed(layer, weight, channels, d))];

    static ConvolutionSettings MeasureTransposed(nn.Module<Tensor, Tensor> layer, Tensor weight, int channels, int dimension)
    {
        const int Length = 64, Middle = Length / 2;
        var kernel = weight.shape[dimension + 2];
        var first = Impulse(Middle, 0);
        var place = Place(first);
        var stride = Place(Impulse(Middle + 1, 0)) - place;
        var dilation = kernel == 1 ? 1 : (Place(Impulse(Middle, kernel - 1)) - place) / (kernel - 1);
        var padding = Middle * stride - place;
        var outputPadding = first.Length - ((Length - 1) * stride - 2 * padding + dilation * (kernel - 1) + 1);
        return new(stride, padding, dilation, outputPadding, PaddingModes.Zeros, false);

        float[] Impulse(int at, long tap) => Along(layer, weight, channels, dimension, tap, zeros(Length, dtype: weight.dtype, device: weight.device).index_fill_(0, tensor(new[] { (long)at }, device: weight.device), 1), Length);

        static long Place(float[] values) => Array.FindIndex(values, v => v != 0);
    }

    // What the layer's first filter, with one tap alone, makes of values along one dimension of its first channel; constant along the other.
    static float[] Along(nn.Module<Tensor, Tensor> layer, Tensor weight, int channels, int dimension, long tap, Tensor values, int length)
    {
        using var scope = NewDisposeScope();
        var spatial = (int)weight.Dimensions - 2;
        weight.zero_();
        var filter = weight.select(0, 0).select(0, 0);
        for (var d = 0; d < spatial; d++)
            filter = filter.narrow(d, d == dimension ? tap : 0, 1);
        filter.fill_(1);
        var view = new long[spatial + 2];
        Array.Fill(view, 1);
        view[dimension + 2] = length;
        long[] shape = [1, channels, .. Enumerable.Repeat((long)length, spatial)];
        var input = zeros(shape, dtype: values.dtype, device: values.device);
        input.narrow(1, 0, 1).add_(values.view(view));
        var output = layer.forward(input).select(0, 0).select(0, 0);
        // The middle of the other dimension, away from its padding. A stride leaves out nothing that is constant, but a transposed one leaves gaps: the largest along it.
        if (spatial == 2)
            output = output.amax([1 - dimension]);
        return output.to(ScalarType.Float32).cpu().data<float>().ToArray();
    }
}
