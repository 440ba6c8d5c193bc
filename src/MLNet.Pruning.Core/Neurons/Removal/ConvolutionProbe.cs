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
    /// <summary>How long a ramp to try: most kernels span less than the first, nearly all less than the last.</summary>
    public static IReadOnlyList<int> Lengths { get; } = [16, 64, 256];

    /// <summary>The settings by dimension; null if the kernel spans more than such a length shows.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="weight">Its weight, all zero, to set taps of.</param>
    /// <param name="channels">The channels that it reads.</param>
    /// <param name="length">The length to measure by.</param>
    public static ConvolutionSettings[]? Measure(Layer layer, Tensor weight, int channels, int length)
    {
        try
        {
            var settings = Enumerable.Range(0, (int)weight.Dimensions - 2)
                .Select(d => layer.Kind == LayerKind.Transposed ? Transposed(layer, weight, channels, d, length) : Straight(layer, weight, channels, d, length)).ToArray();
            return settings.All(s => s is not null) ? [.. settings.Select(s => s!.Value)] : null;
        }
        catch (System.Runtime.InteropServices.ExternalException)
        {
            return null; // The kernel does not fit.
        }
    }

    static ConvolutionSettings? Straight(Layer layer, Tensor weight, int channels, int dimension, int length)
    {
        var kernel = weight.shape[dimension + 2];
        var (first, last) = (Tap(0), Tap(kernel - 1));
        var middle = first.Length / 2;
        if (middle + 1 >= first.Length)
            return null;
        // Element o of the ramp 1, 2, 3 ... comes from place o * stride - padding + tap * dilation.
        var stride = (long)(first[middle + 1] - first[middle]);
        var padding = stride * middle - (long)(first[middle] - 1);
        var dilation = kernel == 1 ? 1 : (long)(last[middle] - first[middle]) / (kernel - 1);
        if (stride < 1 || padding < 0 || dilation < 1)
            return null;
        var expected = (length + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1;
        // What stands in the padding names its kind: the ramp is 1 at its edge, padding + 1 where it is reflected, near its end where it goes round.
        var edge = padding == 0 ? 0 : (long)first[0];
        var mode = edge == 0 ? PaddingModes.Zeros : edge == 1 ? PaddingModes.Replicate : edge == padding + 1 ? PaddingModes.Reflect : PaddingModes.Circular;
        return new(stride, padding, dilation, 0, mode, expected != first.Length);

        float[] Tap(long tap) => Along(layer, weight, channels, dimension, tap, arange(1, length + 1, dtype: weight.dtype, device: weight.device));
    }

    // A transposed convolution lays element i of its input at i * stride - padding + tap * dilation.
    static ConvolutionSettings? Transposed(Layer layer, Tensor weight, int channels, int dimension, int length)
    {
        var (kernel, middle) = (weight.shape[dimension + 2], length / 2);
        var first = Impulse(middle, 0);
        var place = Place(first);
        var stride = Place(Impulse(middle + 1, 0)) - place;
        var dilation = kernel == 1 ? 1 : (Place(Impulse(middle, kernel - 1)) - place) / (kernel - 1);
        var padding = middle * stride - place;
        if (place < 0 || stride < 1 || padding < 0 || dilation < 1)
            return null;
        return new(stride, padding, dilation, first.Length - ((length - 1) * stride - 2 * padding + dilation * (kernel - 1) + 1), PaddingModes.Zeros, false);

        float[] Impulse(int at, long tap) => Along(layer, weight, channels, dimension, tap,
            zeros(length, dtype: weight.dtype, device: weight.device).index_fill_(0, tensor(new[] { (long)at }, device: weight.device), 1));

        static long Place(float[] values) => Array.FindIndex(values, v => v != 0);
    }

    // What the layer's first filter, with one tap alone, makes of values along one dimension of its first channel, constant along the other.
    static float[] Along(Layer layer, Tensor weight, int channels, int dimension, long tap, Tensor values)
    {
        using var scope = NewDisposeScope();
        var spatial = (int)weight.Dimensions - 2;
        weight.zero_();
        var filter = weight.select(0, 0).select(0, 0);
        for (var d = 0; d < spatial; d++)
            filter = filter.narrow(d, d == dimension ? tap : 0, 1);
        filter.fill_(1);
        // Along the other dimension as long as the layer is known to take, but not so short that its first tap meets nothing but padding.
        long[] shape = [1, channels, .. layer.InputShape[^spatial..].Select(extent => Math.Max(extent, values.NumberOfElements))];
        shape[dimension + 2] = values.NumberOfElements;
        var view = new long[shape.Length];
        Array.Fill(view, 1);
        view[dimension + 2] = values.NumberOfElements;
        var input = zeros(shape, dtype: values.dtype, device: values.device);
        input.narrow(1, 0, 1).add_(values.view(view));
        var output = layer.Module.forward(input).select(0, 0).select(0, 0);
        if (spatial == 2)
            output = output.amax([1 - dimension]); // It is constant there, but for padding and the gaps that transposed strides leave.
        return output.to(ScalarType.Float32).cpu().data<float>().ToArray();
    }
}
