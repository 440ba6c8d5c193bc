using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace MLNet.Pruning.Importance;

/// <summary>Contributions by torch's own operators, for tensors that live on another device than the CPU.</summary>
/// <remarks>
/// The sum over consumers of w/z is the vector-Jacobian product of 1/z through the layer with weights |w|: one product, or one
/// transposed convolution. Maxima are taken one slice at a time, so that no samples x consumers x neurons tensor is built.
/// Runs within the caller's dispose scope.
/// </remarks>
internal static class DeviceShares
{
    // Elements of the largest temporary of a maximum.
    const long SliceElements = 1 << 24;

    /// <param name="accumulator">What adds it up.</param>
    /// <param name="activations">[samples, neurons, block].</param>
    /// <param name="weight">[consumers, neurons, block].</param>
    public static void Linear(ContributionAccumulator accumulator, Tensor activations, Tensor weight)
    {
        var (samples, neurons, consumers) = (activations.shape[0], activations.shape[1], weight.shape[0]);
        if (samples == 0 || consumers == 0)
            return;
        var (a, w) = (Enter(activations, accumulator.Mode), Enter(weight, accumulator.Mode));
        var (rows, columns) = (a.flatten(1), w.flatten(1));
        var reciprocal = Reciprocal(rows.matmul(columns.t()), accumulator.Mode);
        var sums = (rows * reciprocal.matmul(columns)).reshape(samples, neurons, -1).sum(2L).sum(0L);
        var maxima = a.shape[2] == 1
            ? LargestOfInputs(rows, columns, reciprocal)
            : stack([.. Enumerable.Range(0, (int)neurons).Select(k => LargestOf(a.select(1, k).matmul(w.select(1, k).t()), reciprocal))]);
        Add(accumulator, sums, maxima, (double)samples * consumers);
    }

    /// <param name="accumulator">What adds it up.</param>
    /// <param name="activations">[samples, channels, height, width].</param>
    /// <param name="weight">As PyTorch stores it.</param>
    /// <param name="shape">Stride, padding, dilation and groups.</param>
    /// <param name="block">Consecutive channels that belong to one neuron; 1 where there are groups.</param>
    public static void Convolution(ContributionAccumulator accumulator, Tensor activations, Tensor weight, ConvolutionShape shape, int block = 1)
    {
        if (activations.shape[0] == 0)
            return;
        var (a, w) = (Enter(activations, accumulator.Mode), Enter(weight, accumulator.Mode, shape));
        Tensor z, reciprocal, gradient;
        using (enable_grad())
        {
            a.requires_grad_(true);
            z = Apply(a, w, shape, shape.Groups);
            reciprocal = Reciprocal(z.detach(), accumulator.Mode);
            gradient = autograd.grad([z], [a], [reciprocal])[0];
        }
        a = a.detach();
        var sums = (a * gradient).sum(3L).sum(2L).sum(0L).reshape(accumulator.Neurons, -1).sum(1L);
        var (channels, outputs) = (a.shape[1] / shape.Groups, z.shape[1] / shape.Groups);
        var maxima = new Tensor[accumulator.Neurons];
        for (var c = 0; c < maxima.Length; c++)
        {
            using var scope = NewDisposeScope();
            var (group, within) = (c * block / channels, c * block % channels);
            var taps = shape.Transposed ? w.narrow(0, c * block, block) : w.narrow(0, group * outputs, outputs).narrow(1, within, block);
            maxima[c] = LargestOf(Apply(a.narrow(1, c * block, block), taps, shape, 1), reciprocal.narrow(1, group * outputs, outputs)).MoveToOuterDisposeScope();
        }
        Add(accumulator, sums, stack(maxima), (double)z.numel());
        if (shape.Groups > 1)
            accumulator.RaiseToZero();
    }

    /// <summary>Scaled to a largest entry of 1 per sample or output, without signs in the Absolute mode.</summary>
    static Tensor Enter(Tensor tensor, ContributionMode mode, ConvolutionShape? shape = null)
    {
        tensor = tensor.detach().to_type(mode == ContributionMode.Signed ? ScalarType.Float64 : ScalarType.Float32);
        if (mode == ContributionMode.Absolute)
            tensor = tensor.abs();
        // A transposed convolution's outputs are spread over two dimensions: it is scaled as a whole.
        var largest = shape is { Transposed: true } ? tensor.abs().max() : tensor.abs().flatten(1).amax(1L).reshape([-1, .. Enumerable.Repeat(1L, (int)tensor.dim() - 1)]);
        return tensor / where(largest.eq(Scalars.Zero), ones_like(largest), largest);
    }

    static Tensor Apply(Tensor a, Tensor w, ConvolutionShape shape, int groups)
    {
        long[] stride = [shape.Stride.Height, shape.Stride.Width], padding = [shape.Padding.Height, shape.Padding.Width];
        long[] dilation = [shape.Dilation.Height, shape.Dilation.Width], extra = [shape.OutputPadding.Height, shape.OutputPadding.Width];
        return shape.Transposed
            ? conv_transpose2d(a, w, null, stride, padding, extra, dilation, groups)
            : conv2d(a, w, null, stride, padding, dilation, groups);
    }

    static Tensor Reciprocal(Tensor z, ContributionMode mode)
    {
        if (!z.isfinite().all().item<bool>())
            throw new ArgumentException("The activations or weights hold a value that is not finite: contributions need finite numbers.", nameof(z));
        // As in the CPU's kernels: nearer to zero, sums of reciprocals would overflow.
        using var tiny = Scalars.Of(Math.ScaleB(1, mode == ContributionMode.Signed ? -900 : -100));
        return where(z.abs().gt(tiny), z.reciprocal(), zeros_like(z));
    }

    static Tensor LargestOf(Tensor numerators, Tensor reciprocal) => (numerators * reciprocal).max();

    static Tensor LargestOfInputs(Tensor rows, Tensor columns, Tensor reciprocal)
    {
        var step = Math.Max(1, SliceElements / columns.numel());
        Tensor? largest = null;
        for (long f = 0; f < rows.shape[0]; f += step)
        {
            using var scope = NewDisposeScope();
            var count = Math.Min(step, rows.shape[0] - f);
            var (a, ratios) = (rows.narrow(0, f, count), reciprocal.narrow(0, f, count).unsqueeze(2) * columns.unsqueeze(0));
            // a is multiplied in after the extreme over consumers; where it is negative, the smallest ratio gives the largest share.
            var slice = maximum(a * ratios.amax(1L), a * ratios.amin(1L)).amax(0L);
            largest = (largest is null ? slice : maximum(largest, slice)).MoveToOuterDisposeScope();
        }
        return largest!;
    }

    static void Add(ContributionAccumulator accumulator, Tensor sums, Tensor maxima, double denominators)
    {
        static double[] Read(Tensor tensor) => tensor.to_type(ScalarType.Float64).cpu().data<double>().ToArray();
        accumulator.Add(Read(sums), Read(maxima), denominators);
    }
}
