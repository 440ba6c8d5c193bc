using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace MLNet.Pruning.Importance.Kernels;

/// <summary>Sums and maxima of shares over a batch, for a consumer whose neurons own several inputs each.</summary>
/// <remarks>
/// For a tile of 6 positions and two vectors of output channels, the sums over each channel's taps (the numerators) are
/// computed once, kept in a small buffer while they add up to z, and then read back and divided: one convolution's worth of
/// multiplications gives the average and the maximum together. Vectors run over output channels, so that stride, dilation and
/// borders cost nothing. Chunks of images do not depend on the number of threads and are added up in order.
/// </remarks>
internal static unsafe class WindowShares<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    const int Tile = 6;
    const int TileVectors = 2 * Tile;
    // A chunk of images stays in a second-level cache; sixteen chunks are enough for any machine's cores.
    const int ChunkElements = 128 * 1024;
    const int Chunks = 16;
    // A panel of weights is read once for at least so many positions.
    const int LeastPositions = 64;
    // Lanes are added up in T over this many tiles, then in double.
    const int TilesPerFlush = 128;
    const long WorkPerThread = 1 << 20;

    /// <param name="activations">[samples, channels, height, width].</param>
    /// <param name="samples">Forward passes.</param>
    /// <param name="weights">As PyTorch stores them.</param>
    /// <param name="windows">The consumer.</param>
    /// <param name="sums">Per channel, the sum of shares; added to.</param>
    /// <param name="maxima">Per channel, the largest share; raised.</param>
    /// <param name="threads">At most so many threads.</param>
    /// <returns>False when a denominator is not finite; sums and maxima are then of no use.</returns>
    public static bool Accumulate(
        ReadOnlySpan<float> activations, int samples, ReadOnlySpan<float> weights, Windows windows,
        Span<double> sums, Span<double> maxima, int threads)
    {
        var lanes = Lanes<T>.Count;
        var (channels, outputs) = (windows.Channels / windows.Groups, windows.Outputs / windows.Groups);
        var panels = (outputs + 2 * lanes - 1) / (2 * lanes);
        var panelSize = channels * windows.Taps.Length * 2 * lanes;
        using var packed = new Scratch<T>((long)windows.Groups * panels * panelSize);
        PackWeights(weights, windows, channels, outputs, panels, packed.Pointer);

        var least = (LeastPositions + windows.Positions.Length - 1) / windows.Positions.Length;
        var chunk = Math.Max(least, Math.Min(ChunkElements / windows.ImageStride, (samples + Chunks - 1) / Chunks));
        chunk = Math.Min(chunk, samples);
        var chunks = (samples + chunk - 1) / chunk;
        var partialSums = new double[chunks * windows.Channels];
        var partialMaxima = new double[chunks * windows.Channels];
        Array.Fill(partialMaxima, double.CreateTruncating(Lanes<T>.Lowest));

        fixed (float* a = activations)
        {
            var (all, w, finite) = ((nint)a, (nint)packed.Pointer, true);
            var work = (long)samples * windows.Positions.Length * windows.Groups * outputs * channels * windows.Taps.Length;
            Work.For(chunks, work / WorkPerThread, threads, c =>
            {
                var first = c * chunk;
                var count = Math.Min(chunk, samples - first);
                var images = new ReadOnlySpan<float>((float*)all + (long)first * windows.ImageSize, count * windows.ImageSize);
                var s = partialSums.AsSpan(c * windows.Channels, windows.Channels);
                var m = partialMaxima.AsSpan(c * windows.Channels, windows.Channels);
                if (!Chunk(images, count, (T*)w, windows, channels, outputs, panels, s, m))
                    Volatile.Write(ref finite, false);
            });
            if (!finite)
                return false;
        }

        for (var c = 0; c < chunks; c++)
        {
            for (var n = 0; n < windows.Channels; n++)
            {
                sums[n] += partialSums[c * windows.Channels + n];
                maxima[n] = Math.Max(maxima[n], partialMaxima[c * windows.Channels + n]);
            }
        }
        return true;
    }

    static bool Chunk(
        ReadOnlySpan<float> images, int count, T* weights, Windows windows, int channels, int outputs, int panels,
        Span<double> sums, Span<double> maxima)
    {
        var lanes = Lanes<T>.Count;
        using var buffer = new Scratch<T>((long)count * windows.ImageStride);
        var kept = Lanes<T>.TwoAreOne ? 2 * lanes : lanes;
        using var scratch = new Scratch<T>((long)channels * (TileVectors * lanes + 2 * kept));
        using var positions = new Scratch<int>((long)count * windows.Positions.Length);
        var total = 0;
        for (var i = 0; i < count; i++)
        {
            var image = images.Slice(i * windows.ImageSize, windows.ImageSize);
            windows.Pack(image, Lanes<T>.Scale(image), buffer.Pointer + (long)i * windows.ImageStride);
            foreach (var p in windows.Positions)
                positions.Pointer[total++] = i * windows.ImageStride + p;
        }

        var numerators = scratch.Pointer;
        var laneSums = numerators + channels * TileVectors * lanes;
        var laneMaxima = laneSums + channels * kept;
        var finite = Vector<T>.AllBitsSet;
        fixed (int* taps = windows.Taps)
        {
            for (var g = 0; g < windows.Groups; g++)
            {
                var from = buffer.Pointer + (long)g * channels * windows.ChannelStride;
                var groupSums = sums.Slice(g * channels, channels);
                var groupMaxima = maxima.Slice(g * channels, channels);
                for (var panel = 0; panel < panels; panel++)
                {
                    var w = weights + (long)(g * panels + panel) * channels * windows.Taps.Length * 2 * lanes;
                    var valid = Math.Min(outputs - panel * 2 * lanes, 2 * lanes);
                    var (mask0, mask1) = (Mask(valid), Mask(valid - lanes));
                    var mask = Vector512.LessThan(Vector512<T>.Indices, Vector512.Create(T.CreateTruncating(valid)));
                    Clear(laneSums, laneMaxima, channels * kept);
                    var tiles = 0;
                    for (var p = 0; p < total; p += Tile)
                    {
                        PerTile z;
                        if (Lanes<T>.TwoAreOne)
                            WideNumerators(from, positions.Pointer, p, total, windows.ChannelStride, taps, windows.Taps.Length, w, channels, numerators, out z);
                        else
                            Numerators(from, positions.Pointer, p, total, windows.ChannelStride, taps, windows.Taps.Length, w, channels, numerators, out z);
                        for (var i = 0; i < TileVectors; i++)
                            z[i] = Lanes<T>.Reciprocal(z[i], ref finite);
                        if (Lanes<T>.TwoAreOne)
                            WideFold(numerators, in z, Math.Min(Tile, total - p), mask, laneSums, laneMaxima, channels);
                        else
                            Fold(numerators, in z, Math.Min(Tile, total - p), mask0, mask1, laneSums, laneMaxima, channels);
                        if (++tiles == TilesPerFlush || p + Tile >= total)
                        {
                            Flush(laneSums, laneMaxima, kept, groupSums, groupMaxima);
                            Clear(laneSums, laneMaxima, channels * kept);
                            tiles = 0;
                        }
                    }
                }
            }
        }
        return Lanes<T>.All(finite);
    }

    /// <summary>Per channel, the sums over taps for 6 positions x 2 vectors of outputs; z is their sum over channels.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)] // Inlined, it would share registers with everything around it.
    static void Numerators(
        T* from, int* positions, int p, int total, nint channelStride, int* taps, int tapCount, T* w, int channels, T* to, out PerTile z)
    {
        var lanes = Lanes<T>.Count;
        // Past the last position the tile repeats it; Fold leaves the repeats out.
        T* a0 = from + positions[p], a1 = from + positions[Math.Min(p + 1, total - 1)], a2 = from + positions[Math.Min(p + 2, total - 1)];
        T* a3 = from + positions[Math.Min(p + 3, total - 1)], a4 = from + positions[Math.Min(p + 4, total - 1)], a5 = from + positions[Math.Min(p + 5, total - 1)];
        Vector<T> y0 = default, y1 = default, y2 = default, y3 = default, y4 = default, y5 = default;
        Vector<T> z0 = default, z1 = default, z2 = default, z3 = default, z4 = default, z5 = default;
        for (var c = 0; c < channels; c++)
        {
            Vector<T> m0 = default, m1 = default, m2 = default, m3 = default, m4 = default, m5 = default;
            Vector<T> n0 = default, n1 = default, n2 = default, n3 = default, n4 = default, n5 = default;
            var channel = c * channelStride;
            for (var t = 0; t < tapCount; t++, w += 2 * lanes)
            {
                var tap = taps[t] + channel;
                var w0 = Vector.LoadAligned(w);
                var w1 = Vector.LoadAligned(w + lanes);
                var x = new Vector<T>(a0[tap]);
                m0 = Lanes<T>.MultiplyAdd(x, w0, m0);
                n0 = Lanes<T>.MultiplyAdd(x, w1, n0);
                x = new Vector<T>(a1[tap]);
                m1 = Lanes<T>.MultiplyAdd(x, w0, m1);
                n1 = Lanes<T>.MultiplyAdd(x, w1, n1);
                x = new Vector<T>(a2[tap]);
                m2 = Lanes<T>.MultiplyAdd(x, w0, m2);
                n2 = Lanes<T>.MultiplyAdd(x, w1, n2);
                x = new Vector<T>(a3[tap]);
                m3 = Lanes<T>.MultiplyAdd(x, w0, m3);
                n3 = Lanes<T>.MultiplyAdd(x, w1, n3);
                x = new Vector<T>(a4[tap]);
                m4 = Lanes<T>.MultiplyAdd(x, w0, m4);
                n4 = Lanes<T>.MultiplyAdd(x, w1, n4);
                x = new Vector<T>(a5[tap]);
                m5 = Lanes<T>.MultiplyAdd(x, w0, m5);
                n5 = Lanes<T>.MultiplyAdd(x, w1, n5);
            }
            Store(to, m0, n0, ref y0, ref z0);
            Store(to + 2 * lanes, m1, n1, ref y1, ref z1);
            Store(to + 4 * lanes, m2, n2, ref y2, ref z2);
            Store(to + 6 * lanes, m3, n3, ref y3, ref z3);
            Store(to + 8 * lanes, m4, n4, ref y4, ref z4);
            Store(to + 10 * lanes, m5, n5, ref y5, ref z5);
            to += TileVectors * lanes;
        }
        z = default;
        (z[0], z[1], z[2], z[3], z[4], z[5]) = (y0, z0, y1, z1, y2, z2);
        (z[6], z[7], z[8], z[9], z[10], z[11]) = (y3, z3, y4, z4, y5, z5);
    }

    /// <summary>The same where two vectors are one of 512 bits: half of the instructions, and the same sums.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    static void WideNumerators(
        T* from, int* positions, int p, int total, nint channelStride, int* taps, int tapCount, T* w, int channels, T* to, out PerTile z)
    {
        var width = Vector512<T>.Count;
        T* a0 = from + positions[p], a1 = from + positions[Math.Min(p + 1, total - 1)], a2 = from + positions[Math.Min(p + 2, total - 1)];
        T* a3 = from + positions[Math.Min(p + 3, total - 1)], a4 = from + positions[Math.Min(p + 4, total - 1)], a5 = from + positions[Math.Min(p + 5, total - 1)];
        Vector512<T> z0 = default, z1 = default, z2 = default, z3 = default, z4 = default, z5 = default;
        for (var c = 0; c < channels; c++)
        {
            Vector512<T> m0 = default, m1 = default, m2 = default, m3 = default, m4 = default, m5 = default;
            var channel = c * channelStride;
            for (var t = 0; t < tapCount; t++, w += width)
            {
                var tap = taps[t] + channel;
                var x = Vector512.LoadAligned(w);
                m0 = Lanes<T>.MultiplyAdd(Vector512.Create(a0[tap]), x, m0);
                m1 = Lanes<T>.MultiplyAdd(Vector512.Create(a1[tap]), x, m1);
                m2 = Lanes<T>.MultiplyAdd(Vector512.Create(a2[tap]), x, m2);
                m3 = Lanes<T>.MultiplyAdd(Vector512.Create(a3[tap]), x, m3);
                m4 = Lanes<T>.MultiplyAdd(Vector512.Create(a4[tap]), x, m4);
                m5 = Lanes<T>.MultiplyAdd(Vector512.Create(a5[tap]), x, m5);
            }
            m0.StoreAligned(to);
            m1.StoreAligned(to + width);
            m2.StoreAligned(to + 2 * width);
            m3.StoreAligned(to + 3 * width);
            m4.StoreAligned(to + 4 * width);
            m5.StoreAligned(to + 5 * width);
            (z0, z1, z2, z3, z4, z5) = (z0 + m0, z1 + m1, z2 + m2, z3 + m3, z4 + m4, z5 + m5);
            to += Tile * width;
        }
        Unsafe.SkipInit(out z);
        ref var sums = ref Unsafe.As<PerTile, T>(ref z);
        z0.StoreUnsafe(ref sums);
        z1.StoreUnsafe(ref sums, (nuint)width);
        z2.StoreUnsafe(ref sums, 2 * (nuint)width);
        z3.StoreUnsafe(ref sums, 3 * (nuint)width);
        z4.StoreUnsafe(ref sums, 4 * (nuint)width);
        z5.StoreUnsafe(ref sums, 5 * (nuint)width);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Store(T* to, Vector<T> first, Vector<T> second, ref Vector<T> firstSum, ref Vector<T> secondSum)
    {
        Vector.StoreAligned(first, to);
        Vector.StoreAligned(second, to + Lanes<T>.Count);
        firstSum += first;
        secondSum += second;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static void Fold(
        T* numerators, in PerTile r, int count, Vector<T> mask0, Vector<T> mask1, T* laneSums, T* laneMaxima, int channels)
    {
        var lanes = Lanes<T>.Count;
        for (var c = 0; c < channels; c++, numerators += TileVectors * lanes, laneSums += lanes, laneMaxima += lanes)
        {
            var sum = Vector.LoadAligned(laneSums);
            var maximum = Vector.LoadAligned(laneMaxima);
            if (count == Tile && !Lanes<T>.Signed)
            {
                var n = numerators;
                Vector<T> t0 = Vector.LoadAligned(n) * r[0], t1 = Vector.LoadAligned(n + lanes) * r[1];
                Vector<T> t2 = Vector.LoadAligned(n + 2 * lanes) * r[2], t3 = Vector.LoadAligned(n + 3 * lanes) * r[3];
                Vector<T> t4 = Vector.LoadAligned(n + 4 * lanes) * r[4], t5 = Vector.LoadAligned(n + 5 * lanes) * r[5];
                Vector<T> t6 = Vector.LoadAligned(n + 6 * lanes) * r[6], t7 = Vector.LoadAligned(n + 7 * lanes) * r[7];
                Vector<T> t8 = Vector.LoadAligned(n + 8 * lanes) * r[8], t9 = Vector.LoadAligned(n + 9 * lanes) * r[9];
                Vector<T> t10 = Vector.LoadAligned(n + 10 * lanes) * r[10], t11 = Vector.LoadAligned(n + 11 * lanes) * r[11];
                sum += t0 + t1 + (t2 + t3) + (t4 + t5 + (t6 + t7)) + (t8 + t9 + (t10 + t11));
                var (high0, high1) = (Vector.MaxNative(t0, t1), Vector.MaxNative(t2, t3));
                (high0, high1) = (Vector.MaxNative(high0, Vector.MaxNative(t4, t5)), Vector.MaxNative(high1, Vector.MaxNative(t6, t7)));
                (high0, high1) = (Vector.MaxNative(high0, Vector.MaxNative(t8, t9)), Vector.MaxNative(high1, Vector.MaxNative(t10, t11)));
                maximum = Vector.MaxNative(maximum, Vector.MaxNative(high0, high1));
            }
            else
            {
                for (var i = 0; i < count; i++)
                {
                    var t0 = Vector.LoadAligned(numerators + 2 * i * lanes) * r[2 * i];
                    var t1 = Vector.LoadAligned(numerators + (2 * i + 1) * lanes) * r[2 * i + 1];
                    sum += (t0 & mask0) + (t1 & mask1);
                    maximum = Vector.MaxNative(maximum, Vector.MaxNative(t0, t1));
                }
            }
            Vector.StoreAligned(sum, laneSums);
            Vector.StoreAligned(maximum, laneMaxima);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static void WideFold(T* numerators, in PerTile r, int count, Vector512<T> mask, T* laneSums, T* laneMaxima, int channels)
    {
        var width = Vector512<T>.Count;
        ref var first = ref Unsafe.As<PerTile, T>(ref Unsafe.AsRef(in r));
        Vector512<T> r0 = Vector512.LoadUnsafe(ref first), r1 = Vector512.LoadUnsafe(ref first, (nuint)width), r2 = Vector512.LoadUnsafe(ref first, 2 * (nuint)width);
        Vector512<T> r3 = Vector512.LoadUnsafe(ref first, 3 * (nuint)width), r4 = Vector512.LoadUnsafe(ref first, 4 * (nuint)width), r5 = Vector512.LoadUnsafe(ref first, 5 * (nuint)width);
        for (var c = 0; c < channels; c++, numerators += Tile * width, laneSums += width, laneMaxima += width)
        {
            var sum = Vector512.LoadAligned(laneSums);
            var maximum = Vector512.LoadAligned(laneMaxima);
            if (count == Tile && !Lanes<T>.Signed)
            {
                var n = numerators;
                Vector512<T> t0 = Vector512.LoadAligned(n) * r0, t1 = Vector512.LoadAligned(n + width) * r1, t2 = Vector512.LoadAligned(n + 2 * width) * r2;
                Vector512<T> t3 = Vector512.LoadAligned(n + 3 * width) * r3, t4 = Vector512.LoadAligned(n + 4 * width) * r4, t5 = Vector512.LoadAligned(n + 5 * width) * r5;
                sum += t0 + t1 + (t2 + t3) + (t4 + t5);
                var high = Vector512.MaxNative(Vector512.MaxNative(t0, t1), Vector512.MaxNative(t2, t3));
                maximum = Vector512.MaxNative(maximum, Vector512.MaxNative(high, Vector512.MaxNative(t4, t5)));
            }
            else
            {
                for (var i = 0; i < count; i++)
                {
                    var t = Vector512.LoadAligned(numerators + i * width) * Vector512.LoadUnsafe(ref first, (nuint)(i * width));
                    sum += t & mask;
                    maximum = Vector512.MaxNative(maximum, t);
                }
            }
            sum.StoreAligned(laneSums);
            maximum.StoreAligned(laneMaxima);
        }
    }

    /// <summary>
    /// [groups, panels, channels, taps, 2 vectors of outputs]. Lanes past the last output are zeros, which have no share. In the
    /// Signed mode, where zero may be the largest, they repeat the last output, and a mask keeps them out of sums.
    /// </summary>
    static void PackWeights(ReadOnlySpan<float> weights, Windows windows, int channels, int outputs, int panels, T* to)
    {
        var (taps, width) = (windows.Taps.Length, 2 * Lanes<T>.Count);
        using var turned = new Scratch<float>(windows.Transposed ? weights.Length : 0);
        if (windows.Transposed)
        {
            // [in, out / groups, taps] with the last tap first -> [out, in / groups, taps].
            var i = 0;
            for (var c = 0; c < windows.Channels; c++)
            {
                for (var o = 0; o < outputs; o++)
                {
                    var row = turned.Pointer + ((long)(c / channels * outputs + o) * channels + c % channels) * taps;
                    for (var t = taps - 1; t >= 0; t--)
                        row[t] = weights[i++];
                }
            }
            weights = new(turned.Pointer, weights.Length);
        }

        var rowLength = channels * taps;
        for (var g = 0; g < windows.Groups; g++)
        {
            for (var panel = 0; panel < panels; panel++, to += rowLength * width)
            {
                for (var lane = 0; lane < width; lane++)
                {
                    var within = panel * width + lane;
                    if (within >= outputs && !Lanes<T>.Signed)
                    {
                        for (var i = 0; i < rowLength; i++)
                            to[i * width + lane] = T.Zero;
                        continue;
                    }
                    var o = g * outputs + Math.Min(within, outputs - 1);
                    var row = weights.Slice(o * rowLength, rowLength);
                    var scale = Lanes<T>.Scale(row);
                    for (var i = 0; i < row.Length; i++)
                        to[i * width + lane] = Lanes<T>.Enter(row[i], scale);
                }
            }
        }
    }

    static Vector<T> Mask(int valid) => Vector.LessThan(Vector<T>.Indices, new Vector<T>(T.CreateTruncating(valid)));

    static void Clear(T* laneSums, T* laneMaxima, int count)
    {
        new Span<T>(laneSums, count).Clear();
        new Span<T>(laneMaxima, count).Fill(Lanes<T>.Lowest);
    }

    static void Flush(T* laneSums, T* laneMaxima, int kept, Span<double> sums, Span<double> maxima)
    {
        for (var c = 0; c < sums.Length; c++)
        {
            for (var lane = 0; lane < kept; lane++)
            {
                sums[c] += double.CreateTruncating(*laneSums++);
                maxima[c] = Math.Max(maxima[c], double.CreateTruncating(*laneMaxima++));
            }
        }
    }

    [InlineArray(TileVectors)]
    struct PerTile
    {
        Vector<T> element;
    }
}
