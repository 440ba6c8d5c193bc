using System.Runtime.CompilerServices;

namespace MLNet.Pruning.Plans.Kernels;

/// <summary>Applies a function to each number of a buffer, in place.</summary>
static unsafe class Elementwise<TVectors, TVector>
    where TVectors : struct, IVectors<TVector>
{
    interface IFunction
    {
        static abstract TVector Of(TVector x);
    }

    public static void Apply(Activation activation, float* values, nint count)
    {
        switch (activation)
        {
            case Activation.Relu:
                Each<Relu>(values, count);
                break;
            case Activation.LeakyRelu:
                Each<LeakyRelu>(values, count);
                break;
            case Activation.Gelu:
                Each<Gelu>(values, count);
                break;
            case Activation.Silu:
                Each<Silu>(values, count);
                break;
            case Activation.Tanh:
                Each<Tanh>(values, count);
                break;
            case Activation.Sigmoid:
                Each<Sigmoid>(values, count);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(activation), activation, "Not an activation.");
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Each<TFunction>(float* values, nint count)
        where TFunction : IFunction
    {
        nint i = 0;
        for (; i <= count - (4 * TVectors.Count); i += 4 * TVectors.Count)
        {
            // Each step of a polynomial waits for the previous one, so four are computed side by side.
            float* at = values + i;
            var a = TFunction.Of(TVectors.Load(at));
            var b = TFunction.Of(TVectors.Load(at + TVectors.Count));
            var c = TFunction.Of(TVectors.Load(at + (2 * TVectors.Count)));
            var d = TFunction.Of(TVectors.Load(at + (3 * TVectors.Count)));
            TVectors.Store(a, at);
            TVectors.Store(b, at + TVectors.Count);
            TVectors.Store(c, at + (2 * TVectors.Count));
            TVectors.Store(d, at + (3 * TVectors.Count));
        }
        for (; i <= count - TVectors.Count; i += TVectors.Count)
            TVectors.Store(TFunction.Of(TVectors.Load(values + i)), values + i);
        if (i == count)
            return;
        float* rest = stackalloc float[TVectors.Count];
        long bytes = (count - i) * sizeof(float);
        Buffer.MemoryCopy(values + i, rest, bytes, bytes);
        TVectors.Store(TFunction.Of(TVectors.Load(rest)), rest);
        Buffer.MemoryCopy(rest, values + i, bytes, bytes);
    }

    readonly struct Relu : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Of(TVector x) => Functions<TVectors, TVector>.Relu(x);
    }

    readonly struct LeakyRelu : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Of(TVector x) => Functions<TVectors, TVector>.LeakyRelu(x);
    }

    readonly struct Gelu : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Of(TVector x) => Functions<TVectors, TVector>.Gelu(x);
    }

    readonly struct Silu : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Of(TVector x) => Functions<TVectors, TVector>.Silu(x);
    }

    readonly struct Tanh : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Of(TVector x) => Functions<TVectors, TVector>.Tanh(x);
    }

    readonly struct Sigmoid : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Of(TVector x) => Functions<TVectors, TVector>.Sigmoid(x);
    }
}
