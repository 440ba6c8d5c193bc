using TorchSharp;
using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>Arithmetic of tensors with numbers. It keeps each scalar alive until LibTorch has read it.</summary>
/// <remarks>
/// TorchSharp makes a temporary <see cref="Scalar"/> of the number in <c>x * 2</c> and <c>x.gt(0)</c>, and of the implied 1 in <c>x +
/// y</c>. Nothing references it, so a garbage collection may free it while LibTorch reads it. These methods, and scalars that the caller
/// holds, are safe; a test reads the compiled code and rejects everything else.
/// </remarks>
static class Scalars
{
    public static readonly Scalar Zero = 0, One = 1, NaN = double.NaN;

    /// <summary>A scalar to hold in a <c>using</c> over the calls that take it.</summary>
    public static Scalar Of(double value) => value;

    /// <summary>0, 1, ..., <paramref name="count"/> - 1, as int64.</summary>
    public static Tensor Range(long count, Device device)
    {
        using Scalar stop = count;
        return arange(Zero, stop, One, ScalarType.Int64, device: device);
    }

    public static Tensor Plus(this Tensor x, Tensor y) => x.add(y, One);

    public static Tensor Plus(this Tensor x, double number)
    {
        using Scalar scalar = number;
        return x.add(scalar, One);
    }

    /// <summary>An integer tensor stays one.</summary>
    public static Tensor Plus(this Tensor x, long number)
    {
        using Scalar scalar = number;
        return x.add(scalar, One);
    }

    public static Tensor Times(this Tensor x, double number)
    {
        using Scalar scalar = number;
        return x.mul(scalar);
    }

    /// <summary>An integer tensor stays one.</summary>
    public static Tensor Times(this Tensor x, long number)
    {
        using Scalar scalar = number;
        return x.mul(scalar);
    }

    public static Tensor Over(this Tensor x, double number)
    {
        using Scalar scalar = number;
        return x.div(scalar);
    }

    public static Tensor Squared(this Tensor x) => x.mul(x);
}
