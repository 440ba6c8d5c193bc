using TorchSharp.Native;

namespace TorchSharp;

// Ranges, grids, windows and tensors made of other tensors.
public static partial class torch
{
    static readonly Op arangeOp = new("aten::arange", "start_step");
    static readonly Op linspaceOp = new("aten::linspace");
    static readonly Op logspaceOp = new("aten::logspace");
    static readonly Op eyeOp = new("aten::eye", "m");
    static readonly Op trilIndicesOp = new("aten::tril_indices");
    static readonly Op triuIndicesOp = new("aten::triu_indices");
    static readonly Op emptyStridedOp = new("aten::empty_strided");
    static readonly Op sparseOp = new("aten::sparse_coo_tensor", "indices_size");
    static readonly Op bartlettOp = new("aten::bartlett_window", "periodic");
    static readonly Op blackmanOp = new("aten::blackman_window", "periodic");
    static readonly Op hannOp = new("aten::hann_window", "periodic");
    static readonly Op hammingOp = new("aten::hamming_window", "periodic_alpha_beta");
    static readonly Op kaiserOp = new("aten::kaiser_window", "beta");

    public static Tensor arange(Scalar stop, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        arange(0, stop, 1, dtype, device, requires_grad);

    public static Tensor arange(Scalar start, Scalar stop, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        arange(start, stop, 1, dtype, device, requires_grad);

    public static Tensor arange(Scalar start, Scalar stop, Scalar step, ScalarType? dtype = null, Device? device = null, bool requires_grad = false)
    {
        var integral = start.Type.IsIntegral() && stop.Type.IsIntegral() && step.Type.IsIntegral();
        var type = dtype ?? (integral ? ScalarType.Int64 : defaultType);
        if (!is_complex(type))
            return Made(arangeOp.Call(start, stop, step, type, Arg.None, InitializeDevice(device)), requires_grad, null);
        // LibTorch has no range of complex numbers: the real parts run, the imaginary ones are zero.
        using var reals = arange(start, stop, step, type == ScalarType.ComplexFloat32 ? ScalarType.Float32 : ScalarType.Float64, device);
        return Made(reals.to_type(type), requires_grad, null);
    }

    public static Tensor linspace(double start, double end, long steps, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        Made(linspaceOp.Call(start, end, steps, dtype ?? defaultType, Arg.None, InitializeDevice(device)), requires_grad, null);

    public static Tensor logspace(double start, double end, long steps, double @base = 10, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false) =>
        Made(logspaceOp.Call(start, end, steps, @base, dtype ?? defaultType, Arg.None, InitializeDevice(device)), requires_grad, null);

    public static Tensor eye(long rows, long columns = -1, ScalarType? dtype = null, Device? device = null, bool requires_grad = false,
        string[]? names = null) =>
        Made(eyeOp.Call(rows, columns == -1 ? rows : columns, dtype ?? defaultType, Arg.None, InitializeDevice(device)), requires_grad, names);

    public static Tensor tril_indices(long row, long col, long offset = 0, ScalarType dtype = ScalarType.Int64, Device? device = null) =>
        trilIndicesOp.Call(row, col, offset, Integral(dtype), Arg.None, InitializeDevice(device));

    public static Tensor triu_indices(long row, long col, long offset = 0, ScalarType dtype = ScalarType.Int64, Device? device = null) =>
        triuIndicesOp.Call(row, col, offset, Integral(dtype), Arg.None, InitializeDevice(device));

    public static Tensor empty_strided(long[] size, long[] strides, ScalarType? dtype = null, Device? device = null, bool requires_grad = false,
        string[]? names = null) =>
        Made(emptyStridedOp.Call(size, strides, dtype ?? defaultType, Arg.None, InitializeDevice(device)), requires_grad, names);

    public static Tensor sparse_coo_tensor(Tensor indices, Tensor values, long[] size, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false, string[]? names = null) =>
        Made(sparseOp.Call(indices, values, size, dtype ?? values.dtype, Arg.None, InitializeDevice(device)), requires_grad, names);

    public static Tensor bartlett_window(long len, bool periodic = true, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        Made(bartlettOp.Call(len, periodic, Floating(dtype), Arg.None, InitializeDevice(device)), requires_grad, null);

    public static Tensor blackman_window(long len, bool periodic = true, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        Made(blackmanOp.Call(len, periodic, Floating(dtype), Arg.None, InitializeDevice(device)), requires_grad, null);

    public static Tensor hann_window(long len, bool periodic = true, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        Made(hannOp.Call(len, periodic, Floating(dtype), Arg.None, InitializeDevice(device)), requires_grad, null);

    public static Tensor hamming_window(long len, bool periodic = true, float alpha = 0.54f, float beta = 0.46f, ScalarType? dtype = null,
        Device? device = null, bool requires_grad = false) =>
        Made(hammingOp.Call(len, periodic, alpha, beta, Floating(dtype), Arg.None, InitializeDevice(device)), requires_grad, null);

    public static Tensor kaiser_window(long len, bool periodic = true, float beta = 12, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false) =>
        Made(kaiserOp.Call(len, periodic, beta, Floating(dtype), Arg.None, InitializeDevice(device)), requires_grad, null);

    static ScalarType Floating(ScalarType? dtype)
    {
        var type = dtype ?? defaultType;
        return is_floating_point(type) ? type : throw new ArgumentException("Only floating point types are supported.", nameof(dtype));
    }

    static ScalarType Integral(ScalarType type) =>
        is_integral(type) ? type : throw new ArgumentException("dtype must be integral.", nameof(type));
}
