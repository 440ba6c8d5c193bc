using System.Runtime.CompilerServices;

namespace MLNet.Pruning.Plans.Kernels;

/// <summary>The derivatives of activations, times the gradient of what they give.</summary>
static unsafe class ActivationGradient<TVectors, TVector>
    where TVectors : struct, IVectors<TVector>
{
    const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    /// <summary>gradient = gradient * f'(x)</summary>
    /// <param name="activation">f</param>
    /// <param name="kept">x where <see cref="KernelSet.KeepsInput"/> says so, otherwise f(x).</param>
    /// <param name="gradient">Of f(x); becomes that of x.</param>
    /// <param name="count">The number of values.</param>
    public static void Apply(Activation activation, float* kept, float* gradient, nint count)
    {
        switch (activation)
        {
            case Activation.Relu:
                Elementwise<TVectors, TVector>.Both<Relu>(kept, gradient, gradient, count);
                break;
            case Activation.LeakyRelu:
                Elementwise<TVectors, TVector>.Both<LeakyRelu>(kept, gradient, gradient, count);
                break;
            case Activation.Gelu:
                Elementwise<TVectors, TVector>.Both<Gelu>(kept, gradient, gradient, count);
                break;
            case Activation.Silu:
                Elementwise<TVectors, TVector>.Both<Silu>(kept, gradient, gradient, count);
                break;
            case Activation.Tanh:
                Elementwise<TVectors, TVector>.Both<Tanh>(kept, gradient, gradient, count);
                break;
            case Activation.Sigmoid:
                Elementwise<TVectors, TVector>.Both<Sigmoid>(kept, gradient, gradient, count);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(activation), activation, "Not an activation.");
        }
    }

    /// <summary>
    /// y = f(x) and x = f'(x), where <see cref="KernelSet.KeepsInput"/> says so: what both have in common is computed once.
    /// </summary>
    /// <param name="activation">f</param>
    /// <param name="x">x; becomes the derivative.</param>
    /// <param name="y">Written.</param>
    /// <param name="count">The number of values, whole vectors.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Ahead(Activation activation, float* x, float* y, nint count)
    {
        for (nint i = 0; i < count; i += TVectors.Count)
        {
            var at = TVectors.Load(x + i);
            TVector slope, f;
            if (activation == Activation.Gelu)
            {
                f = Functions<TVectors, TVector>.Normal(at);
                slope = TVectors.MultiplyAdd(at, Bell(at), f);
            }
            else
            {
                f = Functions<TVectors, TVector>.Sigmoid(at);
                slope = TVectors.MultiplyAdd(at, TVectors.Multiply(f, TVectors.Subtract(TVectors.Create(1f), f)), f);
            }
            TVectors.Store(TVectors.Multiply(at, f), y + i);
            TVectors.Store(slope, x + i);
        }
    }

    /// <summary>The density of the standard normal distribution.</summary>
    [MethodImpl(Inline)]
    static TVector Bell(TVector x)
    {
        var bell = Functions<TVectors, TVector>.Exp(TVectors.Multiply(TVectors.Multiply(x, x), TVectors.Create(-0.5f)));
        return TVectors.Multiply(bell, TVectors.Create(0.398942280f));
    }

    readonly struct Relu : Elementwise<TVectors, TVector>.IFunction
    {
        [MethodImpl(Inline)]
        public static TVector Of(TVector y, TVector gradient, TVector b) => TVectors.WherePositive(y, gradient);
    }

    readonly struct LeakyRelu : Elementwise<TVectors, TVector>.IFunction
    {
        [MethodImpl(Inline)]
        public static TVector Of(TVector y, TVector gradient, TVector b)
        {
            var small = TVectors.Multiply(gradient, TVectors.Create(0.01f));
            return TVectors.Add(small, TVectors.WherePositive(y, TVectors.Subtract(gradient, small)));
        }
    }

    // F(x) + x F'(x), where F' is the bell curve.
    readonly struct Gelu : Elementwise<TVectors, TVector>.IFunction
    {
        [MethodImpl(Inline)]
        public static TVector Of(TVector x, TVector gradient, TVector b)
        {
            return TVectors.Multiply(gradient, TVectors.MultiplyAdd(x, Bell(x), Functions<TVectors, TVector>.Normal(x)));
        }
    }

    // s + x s (1 - s), where s is the sigmoid.
    readonly struct Silu : Elementwise<TVectors, TVector>.IFunction
    {
        [MethodImpl(Inline)]
        public static TVector Of(TVector x, TVector gradient, TVector b)
        {
            var s = Functions<TVectors, TVector>.Sigmoid(x);
            var slope = TVectors.Multiply(s, TVectors.Subtract(TVectors.Create(1f), s));
            return TVectors.Multiply(gradient, TVectors.MultiplyAdd(x, slope, s));
        }
    }

    readonly struct Tanh : Elementwise<TVectors, TVector>.IFunction
    {
        [MethodImpl(Inline)]
        public static TVector Of(TVector y, TVector gradient, TVector b) =>
            TVectors.Multiply(gradient, TVectors.Subtract(TVectors.Create(1f), TVectors.Multiply(y, y)));
    }

    readonly struct Sigmoid : Elementwise<TVectors, TVector>.IFunction
    {
        [MethodImpl(Inline)]
        public static TVector Of(TVector y, TVector gradient, TVector b) =>
            TVectors.Multiply(gradient, TVectors.Multiply(y, TVectors.Subtract(TVectors.Create(1f), y)));
    }
}
