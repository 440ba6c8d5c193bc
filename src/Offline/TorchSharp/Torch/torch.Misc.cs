using TorchSharp.Native;

namespace TorchSharp;

// Small things of torch that stand alone.
public static partial class torch
{
    static readonly Op histogramOp = new("aten::histogram", "bin_ct");
    static readonly Op histogramBinsOp = new("aten::histogram", "bins_tensor");

    static readonly Op gradientOp = new("aten::gradient", "scalarint");
    static readonly Op gradientDimsOp = new("aten::gradient", "scalararray");
    static readonly Op complexOp = new("aten::complex");
    static readonly Op polarOp = new("aten::polar");

    public static bool is_tensor(object obj) => obj is Tensor;

    public static long numel(Tensor input) => input.numel();

    public static Tensor complex(Tensor real, Tensor imag) => complexOp.Call(real, imag);

    public static Tensor polar(Tensor abs, Tensor angle) => polarOp.Call(abs, angle);

    public static ICollection<Tensor> gradient(Tensor input, int spacing = 1, long? dim = null, int edge_order = 1) =>
        gradientOp.CallMany(input, spacing, dim, edge_order);

    public static ICollection<Tensor> gradient(Tensor input, int spacing = 1, long[]? dims = null, int edge_order = 1) => dims is null
        ? gradientOp.CallMany(input, spacing, Arg.None, edge_order)
        : gradientDimsOp.CallMany(input, spacing, dims, edge_order);

    public static Tensor real(Tensor input) => input.real;

    public static Tensor imag(Tensor input) => input.imag;

    public static bool allclose(Tensor tensor, Tensor target, double rtol = 1e-05, double atol = 1e-08, bool equal_nan = false) =>
        tensor.allclose(target, rtol, atol, equal_nan);

    public static (Tensor hist, Tensor bin_edges) histogram(Tensor input, long bins, (double min, double max)? range = null, Tensor? weight = null,
        bool density = false) => histogramOp.Call2(input, bins, range is { } r ? (double[])[r.min, r.max] : null, weight, density);

    public static (Tensor hist, Tensor bin_edges) histogram(Tensor input, Tensor bins, Tensor? weight = null, bool density = false) =>
        histogramBinsOp.Call2(input, bins, weight, density);

    /// <summary>The shape that tensors of these shapes have together.</summary>
    public static Size broadcast_shapes(params long[][] shapes)
    {
        var joint = new long[shapes.Max(shape => shape.Length)];
        Array.Fill(joint, 1);
        foreach (var shape in shapes)
            for (var k = 1; k <= shape.Length; k++)
            {
                ref var extent = ref joint[^k];
                if (extent != 1 && shape[^k] != 1 && extent != shape[^k])
                    throw new ArgumentException("Shape mismatch: objects cannot be broadcast to a single shape.");
                extent = extent == 1 ? shape[^k] : extent;
            }
        return new Size(joint);
    }
}
