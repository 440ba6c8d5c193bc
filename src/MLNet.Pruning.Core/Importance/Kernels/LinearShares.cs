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
    const int ChunkElements = 192 * 1024;
    // A block of weights (8 KiB) stays in the first-level cache while a block of samples passes by. Sums are kept in T over one block
    // of samples, then in double.
    const int WeightsPerBlock = 128;
    const int SamplesPerBlock = 72;
    // Register tiles: 6 x 2 accumulators for products, 4 x 2 (sums and maxima) for shares. Both fit sixteen registers.
    const int TileZ = 6;
    const int Tile = 4;
    // Below this many multiplications a second thread costs more than it brings.
    const long WorkPerThread = 1 << 20;

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
                Weights = w,
                WeightScales = scales.Pointer,
                Consumers = consumers,
                Neurons = neurons,
                Activations = packed.Pointer,
                RowA = rowA,
                Reciprocals = reciprocals.Pointer,
                RowR = rowR,
                Sums = s,
                Maxima = m,
                Finite = true,
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
                Work.For((rowA / Lanes<T>.Count + 1) / 2, work / WorkPerThread, threads, pass.Fold);
            }
            return pass.Finite;
        }
    }

    static int RoundUp(int value, int multiple) => (value + multiple - 1) / multiple * multiple;

    /// <summary>One chunk of samples. Holds pointers, not spans, because threads share it.</summary>
    sealed class Pass
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

        /// <summary>r[f,j] for two vectors of j: register tiles of A W^T over all k.</summary>
        public void Denominators(int panel)
        {
            var width = 2 * Lanes<T>.Count;
            var first = panel * width;
            using var packed = new Scratch<T>((long)Neurons * width);
            PackColumns(packed.Pointer, first);

            var finite = Vector<T>.AllBitsSet;
            for (var block = 0; block < Samples; block += SamplesPerBlock)
            {
                var end = Math.Min(block + SamplesPerBlock, Samples);
                for (var k = 0; k < Neurons; k += WeightsPerBlock)
                {
                    var count = Math.Min(WeightsPerBlock, Neurons - k);
                    for (var f = block; f < end; f += TileZ)
                        Multiply(packed.Pointer + (long)k * width, f, end - 1, k, count, first);
                }
                for (var f = block; f < end; f++)
                {
                    var r = RowOf(Reciprocals, RowR, f) + first;
                    Vector.StoreAligned(Lanes<T>.Reciprocal(Vector.LoadAligned(r), ref finite), r);
                    Vector.StoreAligned(Lanes<T>.Reciprocal(Vector.LoadAligned(r + Lanes<T>.Count), ref finite), r + Lanes<T>.Count);
                }
            }
            if (!Lanes<T>.All(finite))
                Finite = false;
        }

        /// <summary>z += a w for 6 samples from f and two vectors of consumers, over some of the neurons.</summary>
        void Multiply(T* w, int f, int last, int k, int count, int first)
        {
            var lanes = Lanes<T>.Count;
            // A tile past the last sample repeats it, and writes the same numbers again.
            int f1 = Math.Min(f + 1, last), f2 = Math.Min(f + 2, last), f3 = Math.Min(f + 3, last), f4 = Math.Min(f + 4, last), f5 = Math.Min(f + 5, last);
            T* a0 = RowOf(Activations, RowA, f) + k, a1 = RowOf(Activations, RowA, f1) + k, a2 = RowOf(Activations, RowA, f2) + k;
            T* a3 = RowOf(Activations, RowA, f3) + k, a4 = RowOf(Activations, RowA, f4) + k, a5 = RowOf(Activations, RowA, f5) + k;
            T* r0 = RowOf(Reciprocals, RowR, f) + first, r1 = RowOf(Reciprocals, RowR, f1) + first, r2 = RowOf(Reciprocals, RowR, f2) + first;
            T* r3 = RowOf(Reciprocals, RowR, f3) + first, r4 = RowOf(Reciprocals, RowR, f4) + first, r5 = RowOf(Reciprocals, RowR, f5) + first;
            Vector<T> z0 = default, z1 = default, z2 = default, z3 = default, z4 = default, z5 = default;
            Vector<T> y0 = default, y1 = default, y2 = default, y3 = default, y4 = default, y5 = default;
            if (k > 0)
            {
                (z0, z1, z2) = (Vector.LoadAligned(r0), Vector.LoadAligned(r1), Vector.LoadAligned(r2));
                (z3, z4, z5) = (Vector.LoadAligned(r3), Vector.LoadAligned(r4), Vector.LoadAligned(r5));
                (y0, y1, y2) = (Vector.LoadAligned(r0 + lanes), Vector.LoadAligned(r1 + lanes), Vector.LoadAligned(r2 + lanes));
                (y3, y4, y5) = (Vector.LoadAligned(r3 + lanes), Vector.LoadAligned(r4 + lanes), Vector.LoadAligned(r5 + lanes));
            }
            for (nint i = 0; i < count; i++, w += 2 * lanes)
            {
                var w0 = Vector.LoadAligned(w);
                var w1 = Vector.LoadAligned(w + lanes);
                var x = new Vector<T>(a0[i]);
                z0 = Lanes<T>.MultiplyAdd(x, w0, z0);
                y0 = Lanes<T>.MultiplyAdd(x, w1, y0);
                x = new Vector<T>(a1[i]);
                z1 = Lanes<T>.MultiplyAdd(x, w0, z1);
                y1 = Lanes<T>.MultiplyAdd(x, w1, y1);
                x = new Vector<T>(a2[i]);
                z2 = Lanes<T>.MultiplyAdd(x, w0, z2);
                y2 = Lanes<T>.MultiplyAdd(x, w1, y2);
                x = new Vector<T>(a3[i]);
                z3 = Lanes<T>.MultiplyAdd(x, w0, z3);
                y3 = Lanes<T>.MultiplyAdd(x, w1, y3);
                x = new Vector<T>(a4[i]);
                z4 = Lanes<T>.MultiplyAdd(x, w0, z4);
                y4 = Lanes<T>.MultiplyAdd(x, w1, y4);
                x = new Vector<T>(a5[i]);
                z5 = Lanes<T>.MultiplyAdd(x, w0, z5);
                y5 = Lanes<T>.MultiplyAdd(x, w1, y5);
            }
            Store(r0, z0, y0);
            Store(r1, z1, y1);
            Store(r2, z2, y2);
            Store(r3, z3, y3);
            Store(r4, z4, y4);
            Store(r5, z5, y5);
        }

        /// <summary>Sums and maxima over f and j for two vectors of neurons: together they fill whole cache lines of W.</summary>
        public void Fold(int panel)
        {
            var lanes = Lanes<T>.Count;
            var first = panel * 2 * lanes;
            var (valid, validNext) = (Math.Min(lanes, Neurons - first), Math.Clamp(Neurons - first - lanes, 0, lanes));
            using var packed = new Scratch<T>((long)Consumers * 2 * lanes);
            var next = packed.Pointer + (long)Consumers * lanes;
            for (var j = 0; j < Consumers; j++)
            {
                var row = Weights + (long)j * Neurons + first;
                Lanes<T>.Pack(new(row, valid), WeightScales[j], packed.Pointer + (long)j * lanes, lanes);
                if (validNext > 0)
                    Lanes<T>.Pack(new(row + lanes, validNext), WeightScales[j], next + (long)j * lanes, lanes);
            }
            Fold(packed.Pointer, first, valid);
            if (validNext > 0)
                Fold(next, first + lanes, validNext);
        }

        [SkipLocalsInit] // Zeros for all of it would take as long as a small layer does.
        void Fold(T* packed, int first, int valid)
        {
            var lanes = Lanes<T>.Count;
            Span<Four> sums = stackalloc Four[SamplesPerBlock / Tile], highs = stackalloc Four[SamplesPerBlock / Tile];
            Span<Four> lows = stackalloc Four[Lanes<T>.Signed ? SamplesPerBlock / Tile : 1];
            var maximum = new Vector<T>(Lanes<T>.Lowest);
            for (var block = 0; block < Samples; block += SamplesPerBlock)
            {
                var end = Math.Min(block + SamplesPerBlock, Samples);
                var tiles = (end - block + Tile - 1) / Tile;
                sums[..tiles].Clear();
                highs[..tiles].Fill(new(new(Lanes<T>.Lowest)));
                if (Lanes<T>.Signed)
                    lows[..tiles].Fill(new(new(-Lanes<T>.Lowest)));
                for (var j = 0; j < Consumers; j += WeightsPerBlock)
                {
                    var count = Math.Min(WeightsPerBlock, Consumers - j);
                    for (var f = block; f < end; f += Tile)
                    {
                        var tile = (f - block) / Tile;
                        Extremes(packed + (long)j * lanes, f, end - 1, j, count, ref sums[tile], ref highs[tile], ref lows[Lanes<T>.Signed ? tile : 0]);
                    }
                }
                var sum = Vector<T>.Zero;
                for (var f = block; f < end; f++)
                {
                    var (tile, i) = Math.DivRem(f - block, Tile);
                    var a = Vector.LoadAligned(RowOf(Activations, RowA, f) + first);
                    sum += a * sums[tile][i];
                    maximum = Vector.MaxNative(maximum, a * highs[tile][i]);
                    if (Lanes<T>.Signed)
                        maximum = Vector.MaxNative(maximum, a * lows[tile][i]);
                }
                for (var lane = 0; lane < valid; lane++)
                    Sums[first + lane] += double.CreateTruncating(sum[lane]);
            }
            for (var lane = 0; lane < valid; lane++)
                Maxima[first + lane] = Math.Max(Maxima[first + lane], double.CreateTruncating(maximum[lane]));
        }

        /// <summary>Sums and extremes of w r for 4 samples from f, over some of the consumers.</summary>
        void Extremes(T* w, int f, int last, int j, int count, ref Four sums, ref Four highs, ref Four lows)
        {
            var lanes = Lanes<T>.Count;
            T* r0 = RowOf(Reciprocals, RowR, f) + j, r1 = RowOf(Reciprocals, RowR, Math.Min(f + 1, last)) + j;
            T* r2 = RowOf(Reciprocals, RowR, Math.Min(f + 2, last)) + j, r3 = RowOf(Reciprocals, RowR, Math.Min(f + 3, last)) + j;
            Vector<T> s0 = sums[0], s1 = sums[1], s2 = sums[2], s3 = sums[3];
            Vector<T> h0 = highs[0], h1 = highs[1], h2 = highs[2], h3 = highs[3];
            Vector<T> l0 = default, l1 = default, l2 = default, l3 = default;
            if (Lanes<T>.Signed)
                (l0, l1, l2, l3) = (lows[0], lows[1], lows[2], lows[3]);
            for (nint i = 0; i < count; i++, w += lanes)
            {
                var x = Vector.LoadAligned(w);
                Vector<T> t0 = x * r0[i], t1 = x * r1[i], t2 = x * r2[i], t3 = x * r3[i];
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
            (sums[0], sums[1], sums[2], sums[3]) = (s0, s1, s2, s3);
            (highs[0], highs[1], highs[2], highs[3]) = (h0, h1, h2, h3);
            if (Lanes<T>.Signed)
                (lows[0], lows[1], lows[2], lows[3]) = (l0, l1, l2, l3);
        }

        /// <summary>Rows first.. of W as columns, [neurons x 2 vectors], with zeros past the last row.</summary>
        void PackColumns(T* to, int first)
        {
            var width = 2 * Lanes<T>.Count;
            var valid = Math.Min(width, Consumers - first);
            if (valid < width)
                new Span<T>(to, Neurons * width).Clear();
            // A piece at a time, so that what is written in strides stays in the first-level cache.
            for (var piece = 0; piece < Neurons; piece += WeightsPerBlock)
            {
                var end = Math.Min(piece + WeightsPerBlock, Neurons);
                for (var column = 0; column < valid; column++)
                {
                    var row = Weights + (long)(first + column) * Neurons;
                    var scale = WeightScales[first + column];
                    for (var k = piece; k < end; k++)
                        to[(long)k * width + column] = Lanes<T>.Enter(row[k], scale);
                }
            }
        }

        static void Store(T* to, Vector<T> first, Vector<T> second)
        {
            Vector.StoreAligned(first, to);
            Vector.StoreAligned(second, to + Lanes<T>.Count);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static T* RowOf(T* matrix, int width, int row) => matrix + (long)row * width;
    }

    [InlineArray(Tile)]
    struct Four
    {
        Vector<T> element;

        public Four(Vector<T> all) => this[0] = this[1] = this[2] = this[3] = all;
    }
}
