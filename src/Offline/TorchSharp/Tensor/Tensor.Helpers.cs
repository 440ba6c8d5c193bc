namespace TorchSharp;

public static partial class torch
{
    // Checks and small conversions that several operators share.
    public partial class Tensor
    {
        static string? Name(RoundingMode mode) => mode == RoundingMode.None ? null : mode.ToString();

        static string Name(PaddingModes mode) => mode switch
        {
            PaddingModes.Constant or PaddingModes.Zeros => "constant",
            PaddingModes.Replicate => "replicate",
            PaddingModes.Circular => "circular",
            _ => "reflect",
        };

        static Tensor Int64(Tensor index) =>
            index.dtype == ScalarType.Int64 ? index : throw new ArgumentException("Element type of 'index' must be 'Int64'");

        static long? Given(long value) => value == -1 ? null : value;

        static long[] Range(long start, long count)
        {
            var range = new long[count];
            for (var k = 0; k < range.Length; k++)
                range[k] = start + k;
            return range;
        }

        static Tensor[] Columns(Tensor table) => table.chunk(table.shape[1], dim: 1);

        Tensor Integral(Tensor other) => is_integral() && other.is_integral()
            ? other
            : throw new ArgumentException("Arguments to 'lcm' must have integer element types.");

        long Divides(int axis, long size, string ordinal) => shape[axis] % size == 0
            ? size
            : throw new ArgumentException($"The {ordinal} dimension must be evenly divisible by the size");

        long Flattened(long dim, long[] sizes)
        {
            if (dim < 0 || dim >= ndim)
                throw new ArgumentException($"Invalid 'dim' argument: {dim}.");
            return sizes.Length > 0 ? dim : throw new ArgumentException("The number of output sizes is zero.");
        }
    }
}
