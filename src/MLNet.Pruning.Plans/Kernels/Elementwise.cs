using System.Runtime.CompilerServices;

namespace MLNet.Pruning.Plans.Kernels;

/// <summary>Functions of each number of a buffer: activations, sums, products and scalings.</summary>
static unsafe class Elementwise<TVectors, TVector>
    where TVectors : struct, IVectors<TVector>
{
    const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    /// <summary>A function of x with one or two more numbers, which a function that needs none leaves alone.</summary>
    public interface IFunction
    {
        static abstract TVector Of(TVector x, TVector a, TVector b);
    }

    /// <summary>y = f(x), where y may be x.</summary>
    public static void Apply(GraphOperation function, float coefficient, float* x, float* y, nint count)
    {
        switch (function)
        {
            case GraphOperation.Relu:
                Each<Relu>(x, y, count);
                break;
            case GraphOperation.LeakyRelu:
                Each<LeakyRelu>(x, y, count, coefficient);
                break;
            case GraphOperation.Elu:
                Each<Elu>(x, y, count, coefficient);
                break;
            case GraphOperation.Gelu:
                Each<Gelu>(x, y, count);
                break;
            case GraphOperation.Silu:
                Each<Silu>(x, y, count);
                break;
            case GraphOperation.Tanh:
                Each<Tanh>(x, y, count);
                break;
            case GraphOperation.Sigmoid:
                Each<Sigmoid>(x, y, count);
                break;
            case GraphOperation.Relu6:
                Each<Relu6>(x, y, count);
                break;
            case GraphOperation.HardSigmoid:
                Each<HardSigmoid>(x, y, count);
                break;
            case GraphOperation.HardSwish:
                Each<HardSwish>(x, y, count);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(function), function, "Not an activation.");
        }
    }

    /// <summary>y = f(x, a, b) with the same a and b for all.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Each<TFunction>(float* x, float* y, nint count, float a = 0, float b = 0)
        where TFunction : IFunction
    {
        var (first, second) = (TVectors.Create(a), TVectors.Create(b));
        nint i = 0;
        for (; i <= count - (4 * TVectors.Count); i += 4 * TVectors.Count)
        {
            // Each step of a polynomial waits for the previous one, so four are computed side by side.
            float* from = x + i, to = y + i;
            var u = TFunction.Of(TVectors.Load(from), first, second);
            var v = TFunction.Of(TVectors.Load(from + TVectors.Count), first, second);
            var w = TFunction.Of(TVectors.Load(from + (2 * TVectors.Count)), first, second);
            var z = TFunction.Of(TVectors.Load(from + (3 * TVectors.Count)), first, second);
            TVectors.Store(u, to);
            TVectors.Store(v, to + TVectors.Count);
            TVectors.Store(w, to + (2 * TVectors.Count));
            TVectors.Store(z, to + (3 * TVectors.Count));
        }
        for (; i <= count - TVectors.Count; i += TVectors.Count)
            TVectors.Store(TFunction.Of(TVectors.Load(x + i), first, second), y + i);
        if (i == count)
            return;
        float* rest = stackalloc float[TVectors.Count];
        Copy(x + i, rest, count - i);
        TVectors.Store(TFunction.Of(TVectors.Load(rest), first, second), rest);
        Copy(rest, y + i, count - i);
    }

    /// <summary>y = f(x, a), number by number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Both<TFunction>(float* x, float* a, float* y, nint count)
        where TFunction : IFunction
    {
        nint i = 0;
        for (; i <= count - TVectors.Count; i += TVectors.Count)
            TVectors.Store(TFunction.Of(TVectors.Load(x + i), TVectors.Load(a + i), TVectors.Zero), y + i);
        if (i == count)
            return;
        float* rest = stackalloc float[2 * TVectors.Count];
        Copy(x + i, rest, count - i);
        Copy(a + i, rest + TVectors.Count, count - i);
        TVectors.Store(TFunction.Of(TVectors.Load(rest), TVectors.Load(rest + TVectors.Count), TVectors.Zero), rest);
        Copy(rest, y + i, count - i);
    }

    static void Copy(float* from, float* to, nint count) => Buffer.MemoryCopy(from, to, count * sizeof(float), count * sizeof(float));

    [MethodImpl(Inline)]
    static TVector Positive(TVector x) => TVectors.Max(TVectors.Zero, x);

    [MethodImpl(Inline)]
    static TVector Negative(TVector x) => TVectors.Min(TVectors.Zero, x);

    [MethodImpl(Inline)]
    static TVector UpToSix(TVector x) => TVectors.Min(TVectors.Create(6f), Positive(x));

    readonly struct Relu : IFunction
    {
        [MethodImpl(Inline)]
        public static TVector Of(TVector x, TVector a, TVector b) => Positive(x);
    }

    readonly struct LeakyRelu : IFunction
    {
        [MethodImpl(Inline)]
        public static TVector Of(TVector x, TVector a, TVector b) => TVectors.MultiplyAdd(a, Negative(x), Positive(x));
    }

    readonly struct Elu : IFunction
    {
        [MethodImpl(Inline)]
        public static TVector Of(TVector x, TVector a, TVector b) =>
            TVectors.MultiplyAdd(a, TVectors.Subtract(Functions<TVectors, TVector>.Exp(Negative(x)), TVectors.Create(1f)), Positive(x));
    }

    readonly struct Gelu : IFunction
    {
        [MethodImpl(Inline)]
        public static TVector Of(TVector x, TVector a, TVector b) => Functions<TVectors, TVector>.Gelu(x);
    }

    readonly struct Silu : IFunction
    {
        [MethodImpl(Inline)]
        public static TVector Of(TVector x, TVector a, TVector b) => TVectors.Multiply(x, Functions<TVectors, TVector>.Sigmoid(x));
    }

    readonly struct Tanh : IFunction
    {
        [MethodImpl(Inline)]
        public static TVector Of(TVector x, TVector a, TVector b) => Functions<TVectors, TVector>.Tanh(x);
    }

    readonly struct Sigmoid : IFunction
    {
        [MethodImpl(Inline)]
        public static TVector Of(TVector x, TVector a, TVector b) => Functions<TVectors, TVector>.Sigmoid(x);
    }

    readonly struct Relu6 : IFunction
    {
        [MethodImpl(Inline)]
        public static TVector Of(TVector x, TVector a, TVector b) => UpToSix(x);
    }

    readonly struct HardSigmoid : IFunction
    {
        [MethodImpl(Inline)]
        public static TVector Of(TVector x, TVector a, TVector b) =>
            TVectors.Multiply(UpToSix(TVectors.Add(x, TVectors.Create(3f))), TVectors.Create(1f / 6));
    }

    readonly struct HardSwish : IFunction
    {
        [MethodImpl(Inline)]
        public static TVector Of(TVector x, TVector a, TVector b) => TVectors.Multiply(x, HardSigmoid.Of(x, a, b));
    }

    public readonly struct Sum : IFunction
    {
        [MethodImpl(Inline)]
        public static TVector Of(TVector x, TVector a, TVector b) => TVectors.Add(x, a);
    }

    public readonly struct Product : IFunction
    {
        [MethodImpl(Inline)]
        public static TVector Of(TVector x, TVector a, TVector b) => TVectors.Multiply(x, a);
    }

    public readonly struct Larger : IFunction
    {
        [MethodImpl(Inline)]
        public static TVector Of(TVector x, TVector a, TVector b) => TVectors.Max(x, a);
    }

    public readonly struct Scaled : IFunction
    {
        [MethodImpl(Inline)]
        public static TVector Of(TVector x, TVector a, TVector b) => TVectors.MultiplyAdd(x, a, b);
    }
}
