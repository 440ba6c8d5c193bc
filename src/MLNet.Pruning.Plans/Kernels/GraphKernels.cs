using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace MLNet.Pruning.Plans.Kernels;

/// <summary>What graphs need beside <see cref="KernelSet"/>, for one width of vector: functions with a coefficient, sums and scalings.</summary>
abstract unsafe class GraphKernels
{
    public static GraphKernels Of(KernelSet kernels) => kernels.Lanes switch
    {
        16 => GraphKernels<Vectors512, Vector512<float>>.Instance,
        8 => GraphKernels<Vectors256, Vector256<float>>.Instance,
        _ => GraphKernels<Vectors128, Vector128<float>>.Instance,
    };

    /// <summary>Applies a function that has no place among <see cref="Activation"/>, in place.</summary>
    public abstract void Apply(GraphOperation function, float coefficient, float* values, nint count);

    /// <summary>y = a + b</summary>
    public abstract void Add(float* a, float* b, float* y, nint count);

    /// <summary>y = a * b</summary>
    public abstract void Multiply(float* a, float* b, float* y, nint count);

    /// <summary>y = max(a, b), or b where one is NaN.</summary>
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

    /// <summary>A function of up to three numbers, and one that is the same for all.</summary>
    interface IFunction
    {
        static abstract TVector Of(TVector a, TVector b, TVector c, TVector coefficient);
    }

    public override void Apply(GraphOperation function, float coefficient, float* values, nint count)
    {
        switch (function)
        {
            case GraphOperation.LeakyRelu:
                Each<LeakyRelu>(values, values, values, values, count, coefficient);
                break;
            case GraphOperation.Elu:
                Each<Elu>(values, values, values, values, count, coefficient);
                break;
            case GraphOperation.Relu6:
                Each<Relu6>(values, values, values, values, count, 6);
                break;
            case GraphOperation.HardSigmoid:
                Each<HardSigmoid>(values, values, values, values, count, 1f / 6);
                break;
            case GraphOperation.HardSwish:
                Each<HardSwish>(values, values, values, values, count, 1f / 6);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(function), function, "Not an activation.");
        }
    }

    public override void Add(float* a, float* b, float* y, nint count) => Each<Sum>(a, b, b, y, count, 0);

    public override void Multiply(float* a, float* b, float* y, nint count) => Each<Product>(a, b, b, y, count, 0);

    public override void Max(float* a, float* b, float* y, nint count) => Each<Larger>(a, b, b, y, count, 0);

    public override void Scale(float* x, float* scale, float* shift, float* y, nint count) => Each<ScaledEach>(x, scale, shift, y, count, 0);

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
    static void Each<TFunction>(float* a, float* b, float* c, float* y, nint count, float number)
        where TFunction : IFunction
    {
        var coefficient = TVectors.Create(number);
        nint i = 0;
        for (; i <= count - TVectors.Count; i += TVectors.Count)
            TVectors.Store(TFunction.Of(TVectors.Load(a + i), TVectors.Load(b + i), TVectors.Load(c + i), coefficient), y + i);
        if (i == count)
            return;
        float* rest = stackalloc float[3 * TVectors.Count];
        Copy(a + i, rest, count - i);
        Copy(b + i, rest + TVectors.Count, count - i);
        Copy(c + i, rest + (2 * TVectors.Count), count - i);
        TVectors.Store(
            TFunction.Of(TVectors.Load(rest), TVectors.Load(rest + TVectors.Count), TVectors.Load(rest + (2 * TVectors.Count)), coefficient), rest);
        Copy(rest, y + i, count - i);
    }

    static void Copy(float* from, float* to, nint count) => Buffer.MemoryCopy(from, to, count * sizeof(float), count * sizeof(float));

    readonly struct LeakyRelu : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Of(TVector a, TVector b, TVector c, TVector slope) =>
            TVectors.Add(TVectors.Max(TVectors.Zero, a), TVectors.Multiply(slope, TVectors.Min(TVectors.Zero, a)));
    }

    readonly struct Elu : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Of(TVector a, TVector b, TVector c, TVector alpha)
        {
            var below = TVectors.Subtract(Functions<TVectors, TVector>.Exp(TVectors.Min(TVectors.Zero, a)), TVectors.Create(1f));
            return TVectors.MultiplyAdd(alpha, below, TVectors.Max(TVectors.Zero, a));
        }
    }

    readonly struct Relu6 : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Of(TVector a, TVector b, TVector c, TVector six) => TVectors.Min(six, TVectors.Max(TVectors.Zero, a));
    }

    readonly struct HardSigmoid : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Of(TVector a, TVector b, TVector c, TVector sixth) => TVectors.Multiply(
            TVectors.Min(TVectors.Create(6f), TVectors.Max(TVectors.Zero, TVectors.Add(a, TVectors.Create(3f)))), sixth);
    }

    readonly struct HardSwish : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Of(TVector a, TVector b, TVector c, TVector sixth) => TVectors.Multiply(a, HardSigmoid.Of(a, b, c, sixth));
    }

    readonly struct Sum : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Of(TVector a, TVector b, TVector c, TVector none) => TVectors.Add(a, b);
    }

    readonly struct Product : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Of(TVector a, TVector b, TVector c, TVector none) => TVectors.Multiply(a, b);
    }

    readonly struct Larger : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Of(TVector a, TVector b, TVector c, TVector none) => TVectors.Max(a, b);
    }

    readonly struct ScaledEach : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Of(TVector a, TVector b, TVector c, TVector none) => TVectors.MultiplyAdd(a, b, c);
    }
}
