using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace MLNet.Pruning.Plans.Kernels;

/// <summary>Max pooling by 2 for training: it remembers the winner of each square, to which the gradient goes.</summary>
static unsafe class WinnerPool
{
    /// <summary>
    /// The maxima of squares of 2x2, and which of the four was the first to have it; an odd last row or column is left out.
    /// </summary>
    /// <param name="from">[2 x height][stride]</param>
    /// <param name="height">The height of the result.</param>
    /// <param name="width">Its width.</param>
    /// <param name="stride">The distance between rows.</param>
    /// <param name="to">[height][width]; written.</param>
    /// <param name="winners">[height][width]; written: 0 and 1 for the upper row, 2 and 3 for the lower.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Forward(float* from, int height, int width, nint stride, float* to, byte* winners)
    {
        for (int y = 0; y < height; y++, from += 2 * stride, to += width, winners += width)
        {
            float* below = from + stride;
            int x = 0;
            for (; Sse.IsSupported && x <= width - 4; x += 4)
            {
                var (a, b) = (Vector128.Load(from + (2 * x)), Vector128.Load(from + (2 * x) + 4));
                var (c, d) = (Vector128.Load(below + (2 * x)), Vector128.Load(below + (2 * x) + 4));
                var (best, winner) = (Sse.Shuffle(a, b, 0b10_00_10_00), Vector128<int>.Zero);
                (best, winner) = Larger(best, winner, Sse.Shuffle(a, b, 0b11_01_11_01), 1);
                (best, winner) = Larger(best, winner, Sse.Shuffle(c, d, 0b10_00_10_00), 2);
                (best, winner) = Larger(best, winner, Sse.Shuffle(c, d, 0b11_01_11_01), 3);
                best.Store(to + x);
                var shorts = Vector128.Narrow(winner, winner);
                *(uint*)(winners + x) = Vector128.Narrow(shorts, shorts).AsUInt32().ToScalar();
            }
            for (; x < width; x++)
            {
                var (best, winner) = (from[2 * x], 0);
                if (from[(2 * x) + 1] > best)
                    (best, winner) = (from[(2 * x) + 1], 1);
                if (below[2 * x] > best)
                    (best, winner) = (below[2 * x], 2);
                if (below[(2 * x) + 1] > best)
                    (best, winner) = (below[(2 * x) + 1], 3);
                (to[x], winners[x]) = (best, (byte)winner);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static (Vector128<float> Best, Vector128<int> Winner) Larger(
        Vector128<float> best, Vector128<int> winner, Vector128<float> other, int number)
    {
        var wins = Vector128.GreaterThan(other, best);
        return (Vector128.ConditionalSelect(wins, other, best),
            Vector128.ConditionalSelect(wins.AsInt32(), Vector128.Create(number), winner));
    }

    /// <summary>The numbers that stand where the winners stood.</summary>
    /// <param name="from">As in the forward pass.</param>
    /// <param name="winners">The output of the forward pass.</param>
    /// <param name="height">As in the forward pass.</param>
    /// <param name="width">As in the forward pass.</param>
    /// <param name="stride">The distance between rows.</param>
    /// <param name="to">[height][width]; written.</param>
    public static void Pick(float* from, byte* winners, int height, int width, nint stride, float* to)
    {
        for (int y = 0; y < height; y++, from += 2 * stride)
            for (int x = 0; x < width; x++, winners++)
                *to++ = from[((*winners >> 1) * stride) + (2 * x) + (*winners & 1)];
    }

    /// <summary>The gradient of what was pooled: that of the maximum at the winner, and 0 at the other three.</summary>
    /// <param name="gradient">[height][width]</param>
    /// <param name="winners">The output of the forward pass.</param>
    /// <param name="height">As in the forward pass.</param>
    /// <param name="width">As in the forward pass.</param>
    /// <param name="to">[2 x height][stride]; written.</param>
    /// <param name="stride">The distance between rows.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Backward(float* gradient, byte* winners, int height, int width, float* to, nint stride)
    {
        for (int y = 0; y < height; y++, to += 2 * stride, gradient += width, winners += width)
        {
            float* below = to + stride;
            int x = 0;
            for (; Sse.IsSupported && x <= width - 4; x += 4)
            {
                var g = Vector128.Load(gradient + x);
                var bytes = Vector128.CreateScalar(*(uint*)(winners + x)).AsByte();
                var winner = Vector128.WidenLower(Vector128.WidenLower(bytes)).AsInt32();
                var (a, b) = (Where(winner, 0, g), Where(winner, 1, g));
                Sse.UnpackLow(a, b).Store(to + (2 * x));
                Sse.UnpackHigh(a, b).Store(to + (2 * x) + 4);
                (a, b) = (Where(winner, 2, g), Where(winner, 3, g));
                Sse.UnpackLow(a, b).Store(below + (2 * x));
                Sse.UnpackHigh(a, b).Store(below + (2 * x) + 4);
            }
            for (; x < width; x++)
            {
                (to[2 * x], to[(2 * x) + 1], below[2 * x], below[(2 * x) + 1]) = (0, 0, 0, 0);
                (winners[x] < 2 ? to : below)[(2 * x) + (winners[x] & 1)] = gradient[x];
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector128<float> Where(Vector128<int> winner, int number, Vector128<float> value) =>
        Vector128.Equals(winner, Vector128.Create(number)).AsSingle() & value;
}
