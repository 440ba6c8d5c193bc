using System.Collections.Immutable;
using System.Runtime.InteropServices;
using MLNet.Pruning.Importance;
using MLNet.Pruning.Plans.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>Adds up the shares of a group's neurons over the batches of an observed epoch, for any number of consuming layers.</summary>
/// <remarks>
/// Averages are means over everything observed, so that uneven batches count by their samples, and several consumers count by
/// their neurons (and positions). Maxima are maxima over everything. One accumulator is used by one thread at a time.
/// </remarks>
public sealed class ContributionAccumulator
{
    readonly double[] sums, maxima;

    /// <summary>Starts with nothing observed.</summary>
    /// <param name="neurons">Neurons in the group; at least 1.</param>
    /// <param name="mode">Whether shares keep their sign.</param>
    public ContributionAccumulator(int neurons, ContributionMode mode = ContributionMode.Absolute)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(neurons, 1);
        (Mode, sums, maxima) = (mode, new double[neurons], new double[neurons]);
        Reset();
    }

    /// <summary>Neurons in the group.</summary>
    public int Neurons => sums.Length;

    /// <summary>Whether shares keep their sign.</summary>
    public ContributionMode Mode { get; }

    /// <summary>Threads used for large layers; one per core by default. Scores do not depend on it.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>The kernel's vectors; null to compute by the definition alone.</summary>
    internal VectorWidth? Kernel { get; init; } = VectorWidths.Here;

    /// <summary>The number of weighted sums that were observed.</summary>
    internal double Denominators { get; private set; }

    /// <summary>Forgets everything observed.</summary>
    public void Reset()
    {
        Array.Clear(sums);
        Array.Fill(maxima, double.NegativeInfinity);
        Denominators = 0;
    }

    /// <summary>Observes a batch going into a linear layer.</summary>
    /// <param name="activations">[..., neurons * block]; everything before the last dimension is samples.</param>
    /// <param name="weight">[consumers, neurons * block], on the same device.</param>
    /// <param name="block">Consecutive inputs that belong to one neuron, such as the pixels of a flattened channel.</param>
    /// <exception cref="ArgumentException">A shape does not fit, or a value is not finite; nothing was added.</exception>
    public void ObserveLinear(Tensor activations, Tensor weight, int block = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(block, 1);
        var inputs = (long)Neurons * block;
        Require(activations.dim() >= 1 && activations.shape[^1] == inputs, nameof(activations), activations, $"[..., {inputs}]");
        Require(weight.dim() == 2 && weight.shape[1] == inputs, nameof(weight), weight, $"[consumers, {inputs}]");
        if (activations.numel() == 0 || weight.numel() == 0)
            return;
        using var scope = NewDisposeScope();
        using var off = no_grad();
        if (RunsKernel(activations, weight))
        {
            // Small layers are observed in every step: the operators of tensors, which scale as well, take longer than the kernel.
            var (from, weights) = ((int)activations.numel(), (int)weight.numel());
            using var scratch = new Scratch<float>((long)from + weights);
            if (ContributionKernel.Scale(Floats(activations), (int)inputs, scratch.Span(0, from))
                && ContributionKernel.Scale(Floats(weight), (int)inputs, scratch.Span(from, weights)))
            {
                var row = new Window((int)inputs, [0], [.. Enumerable.Range(0, (int)inputs)]);
                Run(scratch.Span(0, from), row, scratch.Span(from, weights), 0, Neurons);
                return;
            }
        }
        var a = Shares.Scaled(activations.reshape(-1, Neurons, block), Mode, nameof(activations));
        Add(a, Shares.Scaled(weight.reshape(-1, Neurons, block), Mode, nameof(weight)), 0);
    }

    /// <summary>Observes a batch going into a convolution (1-d or 2-d, transposed or not); a neuron is a channel.</summary>
    /// <param name="activations">[samples, neurons * block, width] or [samples, neurons * block, height, width].</param>
    /// <param name="weight">As PyTorch stores it, on the same device.</param>
    /// <param name="shape">Stride, padding, dilation and groups; for a 1-d convolution their widths count.</param>
    /// <param name="block">Consecutive channels that belong to one neuron.</param>
    /// <exception cref="ArgumentException">A shape does not fit, or a value is not finite; nothing was added.</exception>
    public void ObserveConvolution(Tensor activations, Tensor weight, ConvolutionShape shape, int block = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(block, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(shape.Groups, 1);
        var (channels, dimensions, groups, neurons) = (Neurons * block, activations.dim(), shape.Groups, Neurons / shape.Groups);
        Require(dimensions is 3 or 4 && activations.shape[1] == channels, nameof(activations), activations,
            $"[samples, {channels}, width] or [samples, {channels}, height, width]");
        var (dimension, wanted) = shape.Transposed ? (0, channels) : (1, neurons * block);
        Require(weight.dim() == dimensions && weight.shape[dimension] == wanted, nameof(weight), weight,
            $"{dimensions} dimensions, of which number {dimension} is {wanted}");
        if (Neurons % groups != 0)
            throw new ArgumentException($"{Neurons} neurons cannot be divided into {groups} groups.", nameof(shape));
        if (!shape.Transposed && weight.shape[0] % groups != 0)
            throw new ArgumentException($"{weight.shape[0]} output channels cannot be divided into {groups} groups.", nameof(weight));
        using var scope = NewDisposeScope();
        using var off = no_grad();
        if (dimensions == 3)
            (activations, weight) = (activations.unsqueeze(2), weight.unsqueeze(2));
        var (height, width) = (weight.shape[2], weight.shape[3]);
        var (high, wide) = shape.OutputSize((int)activations.shape[2], (int)activations.shape[3], (int)height, (int)width);
        if (activations.numel() == 0 || weight.numel() == 0)
            return;
        var a = Shares.Border(Shares.Scaled(activations, Mode, nameof(activations)), height, width, shape);
        var w = Shares.Scaled(shape.Transposed ? Shares.Turned(weight, groups) : weight, Mode, nameof(weight)).flatten(1);
        var (features, outputs) = ((int)w.shape[1], w.shape[0] / groups);
        var step = Math.Clamp(Shares.SliceElements(a) / ((long)features * groups * high * wide), 1, a.shape[0]);
        for (var g = 0; g < groups; g++)
        {
            var (first, own) = (g * neurons, w.narrow(0, g * outputs, outputs));
            if (RunsKernel(a, own))
            {
                Run(Floats(a), Window(a, first * block, neurons * block, height, width, shape), Floats(own), first, neurons);
                continue;
            }
            for (long f = 0; f < a.shape[0]; f += step)
            {
                using var slice = NewDisposeScope();
                var images = a.narrow(0, f, Math.Min(step, a.shape[0] - f)).narrow(1, first * block, neurons * block);
                var patches = Shares.Patches(images, height, width, shape).transpose(1, 2);
                Add(patches.reshape(-1, neurons, features / neurons), own.reshape(-1, neurons, features / neurons), first);
            }
        }
        // A channel has no share in the outputs of another group, which count among the denominators.
        for (var k = 0; k < Neurons && groups > 1; k++)
            maxima[k] = Math.Max(maxima[k], 0);
    }

    /// <summary>C_avg and C_max over everything observed so far.</summary>
    /// <exception cref="InvalidOperationException">Nothing was observed.</exception>
    public ContributionScores Scores() => Denominators > 0
        ? new([.. sums.Select(s => s / Denominators)], ImmutableArray.Create(maxima))
        : throw new InvalidOperationException("No batch was observed, so there are no contributions to score.");

    /// <summary>Adds what another accumulator has observed.</summary>
    /// <param name="other">Of the same mode.</param>
    /// <param name="slots">
    /// For each of these neurons, its number in the other; -1 if it has no share there. Null if the numbers are the same.
    /// </param>
    internal void Add(ContributionAccumulator other, int[]? slots = null)
    {
        if (other.Denominators == 0)
            return;
        Denominators += other.Denominators;
        for (var k = 0; k < Neurons; k++)
        {
            var slot = slots is null ? k : slots[k];
            Add(k, slot < 0 ? 0 : other.sums[slot], slot < 0 ? 0 : other.maxima[slot]);
        }
    }

    void Add(int neuron, double sum, double maximum)
    {
        sums[neuron] += sum;
        maxima[neuron] = Math.Max(maxima[neuron], maximum);
    }

    // Adds the shares of some neurons by the definition.
    void Add(Tensor a, Tensor w, int first)
    {
        Denominators += (double)a.shape[0] * w.shape[0];
        var (added, raised) = Shares.Of(a, w);
        foreach (var (k, (sum, maximum)) in Read(added).Zip(Read(raised)).Index())
            Add(first + k, sum, maximum);

        static double[] Read(Tensor tensor) => tensor.to_type(ScalarType.Float64).cpu().data<double>().ToArray();
    }

    // The kernel reads both as spans of bytes.
    bool RunsKernel(Tensor activations, Tensor weight) => Kernel is not null && Mode == ContributionMode.Absolute
        && activations.device_type == DeviceType.CPU && Math.Max(activations.numel(), weight.numel()) <= int.MaxValue / sizeof(float);

    void Run(ReadOnlySpan<float> a, Window window, ReadOnlySpan<float> w, int first, int neurons)
    {
        Denominators += (double)a.Length / window.SampleSize * window.Rows.Length * (w.Length / window.Features.Length);
        ContributionKernel.Accumulate(a, window, w, sums.AsSpan(first, neurons), maxima.AsSpan(first, neurons), Threads, Kernel!.Value);
    }

    // Calls LibTorch only if there is something to convert.
    static ReadOnlySpan<float> Floats(Tensor tensor) => MemoryMarshal.Cast<byte, float>(
        (tensor.dtype == ScalarType.Float32 && tensor.is_contiguous() ? tensor : tensor.to_type(ScalarType.Float32).contiguous()).bytes);

    /// <summary>The places of patches of some channels in images, found by applying the definition to an image of indices.</summary>
    static Window Window(Tensor images, int firstChannel, int channels, long height, long width, ConvolutionShape shape)
    {
        var plane = (int)(images.shape[2] * images.shape[3]);
        var indices = Scalars.Range(plane, CPU).to_type(ScalarType.Float64).reshape(1, 1, images.shape[2], images.shape[3]);
        var places = Shares.Patches(indices, height, width, shape)[0].to_type(ScalarType.Int32); // [taps, positions]
        var taps = places.select(1, 0).data<int>().ToArray();
        return new((int)images.shape[1] * plane, places.select(0, 0).data<int>().ToArray(),
            [.. Enumerable.Range(firstChannel, channels).SelectMany(channel => taps.Select(tap => channel * plane + tap))]);
    }

    static void Require(bool fits, string name, Tensor tensor, string wanted)
    {
        if (!fits)
            throw new ArgumentException($"The shape of {name} is [{string.Join(", ", tensor.shape)}]; it must be {wanted}.", name);
    }
}
