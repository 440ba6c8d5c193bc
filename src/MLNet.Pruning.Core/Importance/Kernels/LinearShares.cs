using System.Numerics;
using System.Runtime.CompilerServices;

namespace MLNet.Pruning.Importance.Kernels;

/// <summary>
/// Sums and maxima of shares over a batch, for a linear consumer in which neuron k owns input k.
/// </summary>
/// <remarks>
/// share[f,j,k] = a[f,k] (w[j,k] r[f,j]) with r = 1/z. Two passes over tiles, each over contiguous memory: z = A W^T and
/// its reciprocals [F x J]; then, for one vector of neurons at a time, the sum and the maximum over j of w[j,k] r[f,j]
/// together, so that a[f,k] is multiplied in once per sample and not once per share. Every neuron is folded by one thread
/// in one order: the result does not depend on how many threads there are.
/// </remarks>
internal static unsafe class LinearShares<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    // Samples are taken in chunks whose activations and reciprocals stay in a second-level cache (about 1 MiB).
    private const int ChunkElements = 192 * 1024;
    private const int Tile = 4;
    // Sums are kept in T for this many samples at a time, then in double.
    private const int SamplesPerFlush = 128;
    // Below this many multiplications a second thread costs more than it brings.
    private const long WorkPerThread = 1 << 20;

    /// <param name="activations">[samples x neurons].</param>
    /// <param name="samples">Forward passes f.</param>
    /// <param name="weights">[consumers x neurons].</param>
    /// <param name="consumers">Consumer neurons j.</param>
    /// <param name="neurons">Producer neurons k.</param>
    /// <param name="sums">Per neuron, the sum of shares; added to.</param>
    /// <param name="maxima">Per neuron, the largest share; raised.</param>
    /// <param name="threads">At most so many threads.</param>
    /// <returns>False when a denominator is not finite; sums and maxima are then of no use.</returns>
    public static bool Accumulate(
        ReadOnlySpan<float> activations, int samples, ReadOnlySpan<float> weights, int consumers, int neurons,
        Span<double> sums, Span<double> maxima, int threads)
    {
        var rowA = RoundUp(neurons, Lanes<T>.Count);
        var rowR = RoundUp(consumers, 2 * Lanes<T>.Count);
        var chunk = Math.Min(samples, Math.Clamp(ChunkElements / (rowA + rowR), 64, 4096));

        using var scales = new Scratch<T>(consumers);
        for (var j = 0; j < consumers; j++)
            scales.Pointer[j] = Lanes<T>.Scale(weights.Slice(j * neurons, neurons));
        using var packed = new Scratch<T>((long)chunk * rowA);
        using var reciprocals = new Scratch<T>((long)chunk * rowR);

        fixed (float* a = activations, w = weights)
        fixed (double* s = sums, m = maxima)
        {
            var pass = new Pass
            {
                Weights = w, WeightScales = scales.Pointer, Consumers = consumers, Neurons = neurons,
                Activations = packed.Pointer, RowA = rowA, Reciprocals = reciprocals.Pointer, RowR = rowR,
                Sums = s, Maxima = m, Finite = true,
            };
            for (var f = 0; f < samples && pass.Finite; f += chunk)
            {
                pass.Samples = Math.Min(chunk, samples - f);
                for (var i = 0; i < pass.Samples; i++)
                {
                    var row = activations.Slice((f + i) * neurons, neurons);
                    Lanes<T>.Pack(row, Lanes<T>.Scale(row), packed.Pointer + (long)i * rowA, rowA);
                }
                var work = (long)pass.Samples * neurons * consumers;
                Work.For(rowR / (2 * Lanes<T>.Count), work / WorkPerThread, threads, pass.Denominators);
                Work.For(rowA / Lanes<T>.Count, work / WorkPerThread, threads, pass.Fold);
            }
            return pass.Finite;
        }
    }

    private static int RoundUp(int value, int multiple) => (value + multiple - 1) / multiple * multiple;

    /// <summary>One chunk of samples. Holds pointers, not spans, because threads share it.</summary>
    private sealed class Pass
    {
        public required float* Weights;
        public required T* WeightScales;
        public required int Consumers;
        public required int Neurons;
        public required T* Activations;
        public required int RowA;
        public required T* Reciprocals;
        public required int RowR;
        public required double* Sums;
        public required double* Maxima;
        public int Samples;
        public volatile bool Finite;

        /// <summary>r[f,j] for two vectors of j: a 4 x 2 register tile of A W^T over all k.</summary>
        public void Denominators(int panel)
        {
            var lanes = Lanes<T>.Count;
            var first = panel * 2 * lanes;
            using var packed = new Scratch<T>((long)Neurons * 2 * lanes);
            PackColumns(packed.Pointer, first);

            var finite = Vector<T>.AllBitsSet;
            for (var f = 0; f < Samples; f += Tile)
            {
                var (f1, f2, f3) = (Math.Min(f + 1, Samples - 1), Math.Min(f + 2, Samples - 1), Math.Min(f + 3, Samples - 1));
                T* a0 = RowOf(Activations, RowA, f), a1 = RowOf(Activations, RowA, f1), a2 = RowOf(Activations, RowA, f2), a3 = RowOf(Activations, RowA, f3);
                Vector<T> z00 = default, z01 = default, z10 = default, z11 = default, z20 = default, z21 = default, z30 = default, z31 = default;
                var w = packed.Pointer;
                for (var k = 0; k < Neurons; k++, w += 2 * lanes)
                {
                    var w0 = Vector.LoadAligned(w);
                    var w1 = Vector.LoadAligned(w + lanes);
                    var x = new Vector<T>(a0[k]);
                    z00 = Lanes<T>.MultiplyAdd(x, w0, z00);
                    z01 = Lanes<T>.MultiplyAdd(x, w1, z01);
                    x = new Vector<T>(a1[k]);
                    z10 = Lanes<T>.MultiplyAdd(x, w0, z10);
                    z11 = Lanes<T>.MultiplyAdd(x, w1, z11);
                    x = new Vector<T>(a2[k]);
                    z20 = Lanes<T>.MultiplyAdd(x, w0, z20);
                    z21 = Lanes<T>.MultiplyAdd(x, w1, z21);
                    x = new Vector<T>(a3[k]);
                    z30 = Lanes<T>.MultiplyAdd(x, w0, z30);
                    z31 = Lanes<T>.MultiplyAdd(x, w1, z31);
                }
                // A tile past the last sample repeats it, and writes the same numbers again.
                StoreReciprocals(RowOf(Reciprocals, RowR, f) + first, z00, z01, ref finite);
                StoreReciprocals(RowOf(Reciprocals, RowR, f1) + first, z10, z11, ref finite);
                StoreReciprocals(RowOf(Reciprocals, RowR, f2) + first, z20, z21, ref finite);
                StoreReciprocals(RowOf(Reciprocals, RowR, f3) + first, z30, z31, ref finite);
            }
            if (!Lanes<T>.All(finite))
                Finite = false;
        }

        /// <summary>Sum and maximum over f and j for one vector of neurons.</summary>
        public void Fold(int panel)
        {
            var lanes = Lanes<T>.Count;
            var first = panel * lanes;
            using var packed = new Scratch<T>((long)Consumers * lanes);
            var valid = Math.Min(lanes, Neurons - first);
            for (var j = 0; j < Consumers; j++)
                Lanes<T>.Pack(new(Weights + (long)j * Neurons + first, valid), WeightScales[j], packed.Pointer + (long)j * lanes, lanes);

            var sum = Vector<T>.Zero;
            var maximum = new Vector<T>(Lanes<T>.Lowest);
            for (var f = 0; f < Samples; f += Tile)
            {
                T* r0 = RowOf(Reciprocals, RowR, f), r1 = RowOf(Reciprocals, RowR, Math.Min(f + 1, Samples - 1));
                T* r2 = RowOf(Reciprocals, RowR, Math.Min(f + 2, Samples - 1)), r3 = RowOf(Reciprocals, RowR, Math.Min(f + 3, Samples - 1));
                Fold4(packed.Pointer, r0, r1, r2, r3, out var s, out var high, out var low);
                var count = Math.Min(Tile, Samples - f);
                for (var i = 0; i < count; i++)
                {
                    var a = Vector.LoadAligned(RowOf(Activations, RowA, f + i) + first);
                    sum += a * s[i];
                    maximum = Vector.MaxNative(maximum, a * high[i]);
                    if (Lanes<T>.Signed)
                        maximum = Vector.MaxNative(maximum, a * low[i]);
                }
                if ((f + Tile) % SamplesPerFlush == 0 || f + Tile >= Samples)
                {
                    for (var lane = 0; lane < valid; lane++)
                        Sums[first + lane] += double.CreateTruncating(sum[lane]);
                    sum = Vector<T>.Zero;
                }
            }
            for (var lane = 0; lane < valid; lane++)
                Maxima[first + lane] = Math.Max(Maxima[first + lane], double.CreateTruncating(maximum[lane]));
        }

        private void Fold4(T* w, T* r0, T* r1, T* r2, T* r3, out Four sums, out Four highs, out Four lows)
        {
            var lanes = Lanes<T>.Count;
            Vector<T> s0 = default, s1 = default, s2 = default, s3 = default;
            var lowest = new Vector<T>(Lanes<T>.Lowest);
            Vector<T> h0 = lowest, h1 = lowest, h2 = lowest, h3 = lowest;
            Vector<T> l0 = -lowest, l1 = -lowest, l2 = -lowest, l3 = -lowest;
            for (var j = 0; j < Consumers; j++, w += lanes)
            {
                var x = Vector.LoadAligned(w);
                var (t0, t1, t2, t3) = (x * r0[j], x * r1[j], x * r2[j], x * r3[j]);
                s0 += t0;
                s1 += t1;
                s2 += t2;
                s3 += t3;
                h0 = Vector.MaxNative(h0, t0);
                h1 = Vector.MaxNative(h1, t1);
                h2 = Vector.MaxNative(h2, t2);
                h3 = Vector.MaxNative(h3, t3);
                if (Lanes<T>.Signed)
                {
                    // The largest a * t is at the smallest t where a is negative.
                    l0 = Vector.MinNative(l0, t0);
                    l1 = Vector.MinNative(l1, t1);
                    l2 = Vector.MinNative(l2, t2);
                    l3 = Vector.MinNative(l3, t3);
                }
            }
            sums = new(s0, s1, s2, s3);
            highs = new(h0, h1, h2, h3);
            lows = new(l0, l1, l2, l3);
        }

        /// <summary>Rows first.. of W as columns, [neurons x 2 vectors], with zeros past the last row.</summary>
        private void PackColumns(T* to, int first)
        {
            var width = 2 * Lanes<T>.Count;
            for (var column = 0; column < width; column++)
            {
                var j = first + column;
                if (j < Consumers)
                {
                    var row = Weights + (long)j * Neurons;
                    var scale = WeightScales[j];
                    for (var k = 0; k < Neurons; k++)
                        to[k * width + column] = Lanes<T>.Enter(row[k], scale);
                }
                else
                {
                    for (var k = 0; k < Neurons; k++)
                        to[k * width + column] = T.Zero;
                }
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void StoreReciprocals(T* to, Vector<T> z0, Vector<T> z1, ref Vector<T> finite)
        {
            Vector.StoreAligned(Lanes<T>.Reciprocal(z0, ref finite), to);
            Vector.StoreAligned(Lanes<T>.Reciprocal(z1, ref finite), to + Lanes<T>.Count);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static T* RowOf(T* matrix, int width, int row) => matrix + (long)row * width;
    }

    [InlineArray(Tile)]
    private struct Four
    {
        private Vector<T> _first;

        public Four(Vector<T> a, Vector<T> b, Vector<T> c, Vector<T> d)
        {
            this[0] = a;
            this[1] = b;
            this[2] = c;
            this[3] = d;
        }
    }
}
