using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace MLNet.Pruning.Burden;

/// <summary>Sums of absolute values over the weights of a neuron, gradients and weights in one pass.</summary>
static unsafe class BurdenKernels
{
    static int Width => Vector256<float>.Count;

    /// <summary>The sums of |gradient| and |weight| where all weights are on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static (float Gradients, float Weights) Sum(float* gradients, float* weights, int length)
    {
        Vector256<float> g0 = default, g1 = default, w0 = default, w1 = default;
        var i = 0;
        for (; i <= length - 2 * Width; i += 2 * Width)
        {
            g0 += Vector256.Abs(Vector256.Load(gradients + i));
            w0 += Vector256.Abs(Vector256.Load(weights + i));
            g1 += Vector256.Abs(Vector256.Load(gradients + i + Width));
            w1 += Vector256.Abs(Vector256.Load(weights + i + Width));
        }
        if (i <= length - Width)
        {
            g0 += Vector256.Abs(Vector256.Load(gradients + i));
            w0 += Vector256.Abs(Vector256.Load(weights + i));
            i += Width;
        }
        var (g, w) = (Vector256.Sum(g0 + g1), Vector256.Sum(w0 + w1));
        for (; i < length; i++)
        {
            g += Math.Abs(gradients[i]);
            w += Math.Abs(weights[i]);
        }
        return (g, w);
    }

    /// <summary>The same under a mask. Weights that are off are 0 already; their gradients are not.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static (float Gradients, float Weights) Sum(float* gradients, float* weights, sbyte* on, int length)
    {
        Vector256<float> g0 = default, g1 = default, w0 = default, w1 = default;
        var i = 0;
        for (; i <= length - 2 * Width; i += 2 * Width)
        {
            g0 += Vector256.Abs(Vector256.Load(gradients + i)) & Mask(on + i);
            w0 += Vector256.Abs(Vector256.Load(weights + i));
            g1 += Vector256.Abs(Vector256.Load(gradients + i + Width)) & Mask(on + i + Width);
            w1 += Vector256.Abs(Vector256.Load(weights + i + Width));
        }
        if (i <= length - Width)
        {
            g0 += Vector256.Abs(Vector256.Load(gradients + i)) & Mask(on + i);
            w0 += Vector256.Abs(Vector256.Load(weights + i));
            i += Width;
        }
        var (g, w) = (Vector256.Sum(g0 + g1), Vector256.Sum(w0 + w1));
        for (; i < length; i++)
        {
            g += on[i] == 0 ? 0 : Math.Abs(gradients[i]);
            w += Math.Abs(weights[i]);
        }
        return (g, w);
    }

    // Eight bytes of -1 or 0 as as many floats' bits.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<float> Mask(sbyte* on)
    {
        var bytes = Vector128.CreateScalarUnsafe(*(long*)on).AsSByte();
        var shorts = Vector128.WidenLower(bytes);
        return Vector256.Create(Vector128.WidenLower(shorts), Vector128.WidenUpper(shorts)).AsSingle();
    }
}
