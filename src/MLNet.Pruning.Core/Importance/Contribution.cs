using System.Collections.Immutable;
using MLNet.Pruning.Importance;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace MLNet.Pruning;

/// <summary>Whether shares of a weighted sum keep their sign.</summary>
public enum ContributionMode
{
    /// <summary>|w a| over the sum of |w a|: shares lie in [0, 1] and add up to 1.</summary>
    Absolute,

    /// <summary>w a over the sum of w a, as the paper prints it: shares may be negative and large where terms cancel.</summary>
    Signed,
}

/// <summary>What each neuron of a group contributed to the weighted sums of the layers that read it.</summary>
/// <param name="Average">C_avg: per neuron, the mean share over samples and consumers.</param>
/// <param name="Maximum">C_max: per neuron, the largest share over samples and consumers.</param>
public sealed record ContributionScores(ImmutableArray<double> Average, ImmutableArray<double> Maximum);

/// <summary>
/// Scores a neuron by its share in the weighted sums of the layers that read it: on average (C_avg) and at its peak (C_max).
/// </summary>
public sealed record Contribution : IImportance
{
    /// <summary>Weights the two shares: importance = average * C_avg + maximum * C_max.</summary>
    /// <param name="average">Weight of the mean share over samples and consumers; at least 0.</param>
    /// <param name="maximum">Weight of the largest share over samples and consumers; at least 0.</param>
    /// <param name="mode">Whether shares keep their sign.</param>
    /// <exception cref="ArgumentOutOfRangeException">A weight is negative or not a number, or both are zero.</exception>
    public Contribution(double average = 0.5, double maximum = 0.5, ContributionMode mode = ContributionMode.Absolute)
    {
        Require(average, nameof(average), "average");
        Require(maximum, nameof(maximum), "largest");
        if (average == 0 && maximum == 0)
            throw new ArgumentOutOfRangeException(
                nameof(average), "The weights of the average and of the largest share must not both be 0.");
        if (!Enum.IsDefined(mode))
            throw new ArgumentOutOfRangeException(nameof(mode), $"The mode of a contribution is {mode}; it must be "
                + $"{nameof(ContributionMode.Absolute)} or {nameof(ContributionMode.Signed)}.");
        (Average, Maximum, Mode) = (average, maximum, mode);

        static void Require(double weight, string parameter, string share)
        {
            if (!double.IsFinite(weight) || weight < 0)
                throw new ArgumentOutOfRangeException(parameter,
                    FormattableString.Invariant($"The weight of the {share} share is {weight}; it must be a number of at least 0."));
        }
    }

    /// <summary>Weight of C_avg (the paper's lambda1).</summary>
    public double Average { get; }

    /// <summary>Weight of C_max (the paper's lambda2).</summary>
    public double Maximum { get; }

    /// <summary>Whether shares keep their sign.</summary>
    public ContributionMode Mode { get; }

    /// <inheritdoc/>
    public bool NeedsData => true;

    /// <inheritdoc/>
    public IImportanceObserver Watch(NeuronMap map, int threads = 1)
    {
        ArgumentNullException.ThrowIfNull(map);
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        return new ContributionObserver(this, map, threads);
    }

    /// <inheritdoc/>
    public void Check(IEnumerable<NeuronGroup> groups) => Reader.Check(groups, nameof(Contribution));

    /// <summary>Importance of every neuron; larger stays.</summary>
    /// <param name="scores">What was observed.</param>
    public double[] Importance(ContributionScores scores) =>
        [.. scores.Average.Zip(scores.Maximum, (average, maximum) => Average * average + Maximum * maximum)];
}

/// <summary>The definition: sums and maxima of shares in tensors, on any device. Runs within the caller's dispose scope.</summary>
/// <remarks>
/// Of row f (a sample, or a sample's position), consumer j and neuron k:
///     share[f,j,k] = w[j,k] a[f,k] / z[f,j], z[f,j] = sum over i of w[j,i] a[f,i], without bias; in the Absolute mode of |w| and |a|.
/// Where z is 0, so is every share. The term of a neuron that owns several features is the sum over these. A convolution is a linear layer
/// over patches, in which a neuron owns its taps.
/// </remarks>
static class Shares
{
    /// <summary>
    /// Denominators this near to zero count as zero. Largest entries are 1, so only a sum without any meaningful term falls below, and sums
    /// of reciprocals above cannot overflow.
    /// </summary>
    public const float Tiny = 1f / (1L << 50) / (1L << 50);

    /// <summary>
    /// Elements of the largest temporary: all shares of a batch at once would be rows x consumers x neurons. On the CPU it stays in the
    /// cache.
    /// </summary>
    public static long SliceElements(Tensor tensor) => tensor.device_type == DeviceType.CPU ? 1 << 16 : 1 << 24;

    /// <param name="a">[rows, neurons, block], scaled.</param>
    /// <param name="w">[consumers, neurons, block], scaled.</param>
    /// <returns>Per neuron, the sum of its shares and the largest.</returns>
    public static (Tensor Sums, Tensor Maxima) Of(Tensor a, Tensor w)
    {
        var (rows, columns) = (a.flatten(1), w.flatten(1));
        var z = rows.matmul(columns.t()); // [rows, consumers]
        using var tiny = Scalars.Of(a.dtype == ScalarType.Float64 ? Math.ScaleB(1, -900) : Tiny);
        var reciprocal = where(z.abs().gt(tiny), z.reciprocal(), zeros_like(z));
        // C_avg: a[f,k] is outside the sum of w[j,k] / z[f,j] over j, which is the vector-Jacobian product of 1/z through the layer.
        var sums = (rows * reciprocal.matmul(columns)).reshape(a.shape).sum(2L).sum(0L);
        // C_max: some neurons at a time.
        var maxima = new List<Tensor>();
        var step = Math.Max(1, SliceElements(z) / z.numel());
        for (long k = 0; k < a.shape[1]; k += step)
        {
            using var scope = NewDisposeScope();
            var count = Math.Min(step, a.shape[1] - k);
            var terms = a.narrow(1, k, count).transpose(0, 1).matmul(w.narrow(1, k, count).permute(1, 2, 0)); // [neurons, rows, consumers]
            maxima.Add(terms.mul_(reciprocal).amax([1, 2]).MoveToOuterDisposeScope());
        }
        return (sums, cat(maxima));
    }

    /// <summary>
    /// Without signs in the Absolute mode, and with a largest entry of 1 per sample or consumer. That changes no share, and products stay
    /// within a float.
    /// </summary>
    /// <param name="tensor">[samples, ...] or [consumers, ...].</param>
    /// <param name="mode">Signed terms cancel, so they are computed in double, where products of two floats are exact.</param>
    /// <param name="name">What it is called in messages.</param>
    /// <exception cref="ArgumentException">Not all of it is finite.</exception>
    public static Tensor Scaled(Tensor tensor, ContributionMode mode, string name)
    {
        var (type, signed) = mode == ContributionMode.Signed ? (ScalarType.Float64, true) : (ScalarType.Float32, false);
        var values = tensor.to_type(type);
        var sizes = values.abs();
        var largest = sizes.amax([.. Enumerable.Range(1, (int)tensor.dim() - 1).Select(d => (long)d)], keepdim: true);
        if (!double.IsFinite(signed ? largest.max().item<double>() : largest.max().item<float>()))
        {
            var at = values.flatten().isfinite().logical_not().nonzero()[0].item<long>();
            var value = values.flatten()[at].to_type(ScalarType.Float64).item<double>();
            throw new ArgumentException($"The {name} hold {value} at element {at}: contributions need finite numbers.", name);
        }
        using var least = Scalars.Of(float.Epsilon);
        return (signed ? values : sizes).div(largest.clamp_min_(least));
    }

    /// <summary>What a convolution multiplies its weights with, position by position: [samples, channels * taps, positions].</summary>
    /// <param name="images">With their <see cref="Border"/>.</param>
    /// <param name="height">Of the kernel.</param>
    /// <param name="width">Of the kernel.</param>
    /// <param name="shape">How it slides.</param>
    public static Tensor Patches(Tensor images, long height, long width, ConvolutionShape shape) =>
        functional.unfold(images, (height, width), shape.Dilation, null, shape.Transposed ? (1, 1) : shape.Stride);

    /// <summary>
    /// [samples, channels, height, width] with the zeros around it that a convolution reads. A transposed one slides, with its kernel
    /// turned round, over pixels with zeros between them.
    /// </summary>
    public static Tensor Border(Tensor images, long height, long width, ConvolutionShape shape)
    {
        var (padding, (strideY, strideX), extra) = (shape.Padding, shape.Stride, shape.OutputPadding);
        if (!shape.Transposed)
            return padding == (0, 0) ? images : functional.pad(images, [padding.Width, padding.Width, padding.Height, padding.Height]);
        var (reachY, reachX) = (shape.Dilation.Height * (height - 1) - padding.Height, shape.Dilation.Width * (width - 1) - padding.Width);
        var spread = functional.pad(images.unsqueeze(3).unsqueeze(5), [0, strideX - 1, 0, 0, 0, strideY - 1])
            .reshape(images.shape[0], images.shape[1], images.shape[2] * strideY, images.shape[3] * strideX);
        return functional.pad(spread, [reachX, reachX + extra.Width - strideX + 1, reachY, reachY + extra.Height - strideY + 1]);
    }

    /// <summary>A transposed convolution's weights as those of a plain one: [in, out / groups, ...] -> [out, in / groups, ...].</summary>
    public static Tensor Turned(Tensor weight, int groups) => weight.flip(2, 3)
        .reshape(groups, weight.shape[0] / groups, weight.shape[1], weight.shape[2], weight.shape[3]).transpose(1, 2).flatten(0, 1);
}
