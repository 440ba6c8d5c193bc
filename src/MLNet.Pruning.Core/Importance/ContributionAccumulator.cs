using System.Collections.Immutable;
using MLNet.Pruning.Importance.Kernels;

namespace MLNet.Pruning;

/// <summary>
/// Adds up the shares of a group's neurons over the batches of an observed epoch, for any number of consuming layers.
/// </summary>
/// <remarks>
/// Averages are means over everything observed, so that uneven batches count by their samples, and several consumers count by
/// their neurons (and positions). Maxima are maxima over everything. One accumulator is used by one thread at a time.
/// </remarks>
public sealed class ContributionAccumulator
{
    readonly double[] sums;
    readonly double[] maxima;
    // A batch is added as a whole or, if something in it is not finite, not at all.
    readonly double[] batchSums;
    readonly double[] batchMaxima;
    double denominators;

    /// <summary>Starts with nothing observed.</summary>
    /// <param name="neurons">Neurons in the group; at least 1.</param>
    /// <param name="mode">Whether shares keep their sign.</param>
    public ContributionAccumulator(int neurons, ContributionMode mode = ContributionMode.Absolute)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(neurons, 1);
        Mode = mode;
        sums = new double[neurons];
        maxima = new double[neurons];
        batchSums = new double[neurons];
        batchMaxima = new double[neurons];
        Reset();
    }

    /// <summary>Neurons in the group.</summary>
    public int Neurons => sums.Length;

    /// <summary>Whether shares keep their sign.</summary>
    public ContributionMode Mode { get; }

    /// <summary>Threads used for large layers; one per core by default. Scores do not depend on it.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>Forgets everything observed.</summary>
    public void Reset()
    {
        Array.Clear(sums);
        Array.Fill(maxima, double.NegativeInfinity);
        denominators = 0;
    }

    /// <summary>Observes a batch going into a linear layer.</summary>
    /// <param name="activations">What the neurons put out, [samples x neurons * block].</param>
    /// <param name="weights">The consuming layer's weights, [consumers x neurons * block].</param>
    /// <param name="block">Consecutive inputs that belong to one neuron, such as the pixels of a flattened channel.</param>
    /// <exception cref="ArgumentException">A length does not fit, or a value is not finite.</exception>
    public void ObserveLinear(ReadOnlySpan<float> activations, ReadOnlySpan<float> weights, int block = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(block, 1);
        var inputs = checked(Neurons * block);
        var samples = Rows(activations.Length, inputs, nameof(activations), "activations");
        var consumers = Rows(weights.Length, inputs, nameof(weights), "weights");
        if (samples == 0 || consumers == 0)
            return;
        Begin();
        Check(block == 1
            ? Linear(activations, samples, weights, consumers)
            : Slide(activations, samples, weights, Windows.OfBlocks(Neurons, block, consumers)), activations, weights);
        Add(batchSums, batchMaxima, (double)samples * consumers);
    }

    /// <summary>Observes a batch going into a convolution; a neuron is a channel.</summary>
    /// <param name="activations">What the neurons put out, [samples x neurons x height x width].</param>
    /// <param name="height">Height of the input; 1 for a one-dimensional convolution.</param>
    /// <param name="width">Width of the input.</param>
    /// <param name="weights">
    /// The consuming layer's weights, [out x neurons / groups x kernelHeight x kernelWidth], or for a transposed convolution
    /// [neurons x out / groups x kernelHeight x kernelWidth].
    /// </param>
    /// <param name="kernelHeight">Height of the kernel.</param>
    /// <param name="kernelWidth">Width of the kernel.</param>
    /// <param name="shape">Stride, padding, dilation and groups.</param>
    /// <exception cref="ArgumentException">A length does not fit, or a value is not finite.</exception>
    public void ObserveConvolution(
        ReadOnlySpan<float> activations, int height, int width, ReadOnlySpan<float> weights, int kernelHeight, int kernelWidth,
        ConvolutionShape shape)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(kernelHeight, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(kernelWidth, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(shape.Groups, 1);
        var samples = Rows(activations.Length, checked(Neurons * height * width), nameof(activations), "activations");
        if (Neurons % shape.Groups != 0)
            throw new ArgumentException($"{Neurons} channels cannot be divided into {shape.Groups} groups.", nameof(shape));
        // What belongs to one output of one group: all its weights, or for a transposed convolution one weight per channel and tap.
        var perOutput = checked((shape.Transposed ? Neurons : Neurons / shape.Groups) * kernelHeight * kernelWidth);
        var outputs = Rows(weights.Length, perOutput, nameof(weights), "weights") * (shape.Transposed ? shape.Groups : 1);
        if (outputs % shape.Groups != 0)
            throw new ArgumentException($"{outputs} output channels cannot be divided into {shape.Groups} groups.", nameof(weights));
        if (samples == 0 || outputs == 0)
            return;
        var windows = new Windows(Neurons, height, width, outputs, kernelHeight, kernelWidth, shape);
        Begin();
        Check(windows.IsPointwise
            ? SlideOverPixels(activations, samples, weights, windows)
            : Slide(activations, samples, weights, windows), activations, weights);
        Add(batchSums, batchMaxima, (double)samples * outputs * windows.Positions.Length);
        if (shape.Groups > 1)
            RaiseToZero();
    }

    /// <summary>C_avg and C_max over everything observed so far.</summary>
    /// <exception cref="InvalidOperationException">Nothing was observed.</exception>
    public ContributionScores Scores()
    {
        if (denominators == 0)
            throw new InvalidOperationException("No batch was observed, so there are no contributions to score.");
        return new([.. sums.Select(s => s / denominators)], ImmutableArray.Create(maxima));
    }

    /// <summary>Of how many weighted sums the shares were taken.</summary>
    internal double Denominators => denominators;

    /// <summary>A neuron's shares, added up.</summary>
    internal double Sum(int neuron) => sums[neuron];

    /// <summary>A neuron's largest share; negative infinity before anything was observed.</summary>
    internal double Largest(int neuron) => maxima[neuron];

    /// <summary>Adds what another accumulator has observed.</summary>
    internal void Add(ContributionAccumulator other) => Add(other.sums, other.maxima, other.denominators);

    /// <summary>Adds shares that were computed elsewhere, such as on a GPU.</summary>
    internal void Add(ReadOnlySpan<double> sums, ReadOnlySpan<double> maxima, double denominators)
    {
        for (var k = 0; k < Neurons; k++)
        {
            this.sums[k] += sums[k];
            this.maxima[k] = Math.Max(this.maxima[k], maxima[k]);
        }
        this.denominators += denominators;
    }

    // A channel has no share in the outputs of another group, which count among the denominators.
    internal void RaiseToZero()
    {
        for (var k = 0; k < Neurons; k++)
            maxima[k] = Math.Max(maxima[k], 0);
    }

    void Begin()
    {
        Array.Clear(batchSums);
        Array.Fill(batchMaxima, double.NegativeInfinity);
    }

    bool Linear(ReadOnlySpan<float> activations, int samples, ReadOnlySpan<float> weights, int consumers) =>
        Mode == ContributionMode.Absolute
            ? LinearShares<float>.Accumulate(activations, samples, weights, consumers, Neurons, batchSums, batchMaxima, Threads)
            : LinearShares<double>.Accumulate(activations, samples, weights, consumers, Neurons, batchSums, batchMaxima, Threads);

    bool Slide(ReadOnlySpan<float> activations, int samples, ReadOnlySpan<float> weights, Windows windows) =>
        Mode == ContributionMode.Absolute
            ? WindowShares<float>.Accumulate(activations, samples, weights, windows, batchSums, batchMaxima, Threads)
            : WindowShares<double>.Accumulate(activations, samples, weights, windows, batchSums, batchMaxima, Threads);

    unsafe bool SlideOverPixels(ReadOnlySpan<float> activations, int samples, ReadOnlySpan<float> weights, Windows windows)
    {
        var size = windows.Positions.Length * Neurons;
        // As many images at a time as make a few thousand rows: the copy stays small, and the kernel has enough to do.
        var step = Math.Clamp(4096 / windows.Positions.Length, 1, samples);
        using var rows = new Scratch<float>((long)step * size);
        for (var f = 0; f < samples; f += step)
        {
            var count = Math.Min(step, samples - f);
            for (var i = 0; i < count; i++)
                windows.PackPixels(activations.Slice((f + i) * windows.ImageSize, windows.ImageSize), new(rows.Pointer + i * size, size));
            if (!Linear(new(rows.Pointer, count * size), count * windows.Positions.Length, weights, windows.Outputs))
                return false;
        }
        return true;
    }

    static int Rows(int length, int width, string parameter, string what)
    {
        if (length % width != 0)
            throw new ArgumentException($"{length} {what} are no whole number of rows of {width}.", parameter);
        return length / width;
    }

    /// <summary>The kernels only say that something was not finite; this says what.</summary>
    static void Check(bool finite, ReadOnlySpan<float> activations, ReadOnlySpan<float> weights)
    {
        if (finite)
            return;
        var what = nameof(activations);
        var values = activations;
        var at = values.IndexOfAnyExceptInRange(float.MinValue, float.MaxValue);
        if (at < 0)
        {
            what = nameof(weights);
            values = weights;
            at = values.IndexOfAnyExceptInRange(float.MinValue, float.MaxValue);
        }
        throw new ArgumentException($"The {what} hold {values[at]} at element {at}: contributions need finite numbers.", what);
    }
}
