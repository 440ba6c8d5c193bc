using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace MLNet.Pruning.Plans.Kernels;

/// <summary>
/// Kernels for graphs in addition to <see cref="KernelSet"/>, for one vector width: functions with a coefficient, sums and scalings.
/// </summary>
abstract unsafe class GraphKernels
{
    public static GraphKernels Of(KernelSet kernels) => kernels.Lanes switch
    {
        16 => GraphKernels<Vectors512, Vector512<float>>.Instance,
        8 => GraphKernels<Vectors256, Vector256<float>>.Instance,
        _ => GraphKernels<Vectors128, Vector128<float>>.Instance,
    };

    /// <summary>Applies a function that is not an <see cref="Activation"/>, in place.</summary>
    public abstract void Apply(GraphOperation function, float coefficient, float* values, nint count);

    /// <summary>y = a + b</summary>
    public abstract void Add(float* a, float* b, float* y, nint count);

    /// <summary>y = a * b</summary>
    public abstract void Multiply(float* a, float* b, float* y, nint count);

    /// <summary>y = max(a, b); b if one is NaN.</summary>
    public abstract void Max(float* a, float* b, float* y, nint count);

    /// <summary>y = x * scale + shift</summary>
    public abstract void Scale(float* x, float scale, float shift, float* y, nint count);

    /// <summary>y = x * scale + shift, number by number.</summary>
    public abstract void Scale(float* x, float* scale, float* shift, float* y, nint count);
}

sealed unsafe class GraphKernels<TVectors, TVector> : GraphKernels
    where TVectors : struct, IVectors<TVector>
{
    public static GraphKernels<TVectors, TVector> Instance { get; } = new();

    /// <summary>A function of a number and a coefficient.</summary>
    interface IFunction
    {
        static abstract TVector Of(TVector x, TVector coefficient);
    }

    interface IPair
    {
        static abstract TVector Of(TVector a, TVector b);
    }

    public override void Apply(GraphOperation function, float coefficient, float* values, nint count)
    {
        switch (function)
        {
            case GraphOperation.LeakyRelu:
                Each<LeakyRelu>(values, count, coefficient);
                break;
            case GraphOperation.Elu:
                Each<Elu>(values, count, coefficient);
                break;
            case GraphOperation.Relu6:
                Each<Relu6>(values, count, 6);
                break;
            case GraphOperation.HardSigmoid:
                Each<HardSigmoid>(values, count, 1f / 6);
                break;
            case GraphOperation.HardSwish:
                Each<HardSwish>(values, count, 1f / 6);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(function), function, "Not an activation.");
        }
    }

    public override void Add(float* a, float* b, float* y, nint count) => Both<Sum>(a, b, y, count);

    public override void Multiply(float* a, float* b, float* y, nint count) => Both<Product>(a, b, y, count);

    public override void Max(float* a, float* b, float* y, nint count) => Both<Larger>(a, b, y, count);

    public override void Scale(float* x, float* scale, float* shift, float* y, nint count)
    {
        Multiply(x, scale, y, count);
        Add(y, shift, y, count);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Scale(float* x, float scale, float shift, float* y, nint count)
    {
        var (factor, added) = (TVectors.Create(scale), TVectors.Create(shift));
        nint i = 0;
        for (; i <= count - TVectors.Count; i += TVectors.Count)
            TVectors.Store(TVectors.MultiplyAdd(TVectors.Load(x + i), factor, added), y + i);
        if (i == count)
            return;
        float* rest = stackalloc float[TVectors.Count];
        Copy(x + i, rest, count - i);
        TVectors.Store(TVectors.MultiplyAdd(TVectors.Load(rest), factor, added), rest);
        Copy(rest, y + i, count - i);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Each<TFunction>(float* values, nint count, float number)
        where TFunction : IFunction
    {
        var coefficient = TVectors.Create(number);
        nint i = 0;
        for (; i <= count - TVectors.Count; i += TVectors.Count)
            TVectors.Store(TFunction.Of(TVectors.Load(values + i), coefficient), values + i);
        if (i == count)
            return;
        float* rest = stackalloc float[TVectors.Count];
        Copy(values + i, rest, count - i);
        TVectors.Store(TFunction.Of(TVectors.Load(rest), coefficient), rest);
        Copy(rest, values + i, count - i);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Both<TPair>(float* a, float* b, float* y, nint count)
        where TPair : IPair
    {
        nint i = 0;
        for (; i <= count - TVectors.Count; i += TVectors.Count)
            TVectors.Store(TPair.Of(TVectors.Load(a + i), TVectors.Load(b + i)), y + i);
        if (i == count)
            return;
        float* rest = stackalloc float[2 * TVectors.Count];
        Copy(a + i, rest, count - i);
        Copy(b + i, rest + TVectors.Count, count - i);
        TVectors.Store(TPair.Of(TVectors.Load(rest), TVectors.Load(rest + TVectors.Count)), rest);
        Copy(rest, y + i, count - i);
    }

    static void Copy(float* from, float* to, nint count) => Buffer.MemoryCopy(from, to, count * sizeof(float), count * sizeof(float));

    readonly struct LeakyRelu : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Of(TVector x, TVector slope) =>
            TVectors.Add(TVectors.Max(TVectors.Zero, x), TVectors.Multiply(slope, TVectors.Min(TVectors.Zero, x)));
    }

    readonly struct Elu : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Of(TVector x, TVector alpha)
        {
            var below = TVectors.Subtract(Functions<TVectors, TVector>.Exp(TVectors.Min(TVectors.Zero, x)), TVectors.Create(1f));
            return TVectors.MultiplyAdd(alpha, below, TVectors.Max(TVectors.Zero, x));
        }
    }

    readonly struct Relu6 : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Of(TVector x, TVector six) => TVectors.Min(six, TVectors.Max(TVectors.Zero, x));
    }

    readonly struct HardSigmoid : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Of(TVector x, TVector sixth) => TVectors.Multiply(
            TVectors.Min(TVectors.Create(6f), TVectors.Max(TVectors.Zero, TVectors.Add(x, TVectors.Create(3f)))), sixth);
    }

    readonly struct HardSwish : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Of(TVector x, TVector sixth) => TVectors.Multiply(x, HardSigmoid.Of(x, sixth));
    }

    readonly struct Sum : IPair
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Of(TVector a, TVector b) => TVectors.Add(a, b);
    }

    readonly struct Product : IPair
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Of(TVector a, TVector b) => TVectors.Multiply(a, b);
    }

    readonly struct Larger : IPair
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Of(TVector a, TVector b) => TVectors.Max(a, b);
    }
}
