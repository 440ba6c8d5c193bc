using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using MLNet.Pruning.Plans.Kernels;

namespace MLNet.Pruning.Importance;

/// <summary>Sums and maxima of absolute shares on the CPU, which <see cref="Shares.Of"/> defines.</summary>
/// <remarks>
/// For a tile of rows and a vector of consumers, the term of each neuron is computed once, kept while terms add up to z, then read back and
/// divided: average and maximum take one product together. Consumers are shared out among threads, and added up in order: the result is the
/// same on any number.
/// </remarks>
static unsafe class ContributionKernel
{
    // 6 terms, 6 sums, weights and an activation fit sixteen registers.
    const int Tile = 6;
    // Shares of so many rows are added up in float, then in double.
    const int RowsPerFlush = 16 * Tile;
    // Totals of so many neurons stay in the first-level cache.
    const int NeuronsPerFold = 128;
    // Below so many multiplications, a second thread costs more than it brings.
    const long WorkPerThread = 1 << 20;

    /// <summary>Scales rows as <see cref="Shares.Scaled"/> does in the Absolute mode; false if a number is not finite.</summary>
    public static bool Scale(ReadOnlySpan<float> rows, int width, Span<float> to)
    {
        for (var at = 0; at < rows.Length; at += width)
        {
            var row = rows.Slice(at, width);
            var scaled = to.Slice(at, width);
            var vectors = MemoryMarshal.Cast<float, Vector<float>>(row);
            var rest = vectors.Length * Vector<float>.Count;
            var largest = Vector<float>.Zero;
            foreach (var vector in vectors)
                largest = Vector.Max(largest, Vector.Abs(vector));
            var most = float.Epsilon;
            for (var lane = 0; lane < Vector<float>.Count; lane++)
                most = MathF.Max(most, largest[lane]);
            for (var i = rest; i < width; i++)
                most = MathF.Max(most, MathF.Abs(row[i]));
            if (!float.IsFinite(most))
                return false;
            var into = MemoryMarshal.Cast<float, Vector<float>>(scaled);
            for (var i = 0; i < vectors.Length; i++)
                into[i] = Vector.Abs(vectors[i]) / most;
            for (var i = rest; i < width; i++)
                scaled[i] = MathF.Abs(row[i]) / most;
        }
        return true;
    }

    /// <param name="activations">Samples one behind the other, scaled, without signs.</param>
    /// <param name="window">The starts of a sample's rows, and the offsets of their features.</param>
    /// <param name="weights">[consumers, features], scaled, without signs; neurons own equally many consecutive ones.</param>
    /// <param name="sums">Per neuron, the sum of shares; added to.</param>
    /// <param name="maxima">Per neuron, the largest share; raised.</param>
    /// <param name="threads">The maximum number of threads.</param>
    /// <param name="width">The vectors to compute with.</param>
    public static void Accumulate(
        ReadOnlySpan<float> activations, Window window, ReadOnlySpan<float> weights, Span<double> sums, Span<double> maxima, int threads,
        VectorWidth width)
    {
        var features = window.Features.Length;
        var rows = activations.Length / window.SampleSize * window.Rows.Length;
        fixed (float* a = activations, w = weights)
        fixed (int* at = window.Features)
        {
            var layer = new Layer(a, at, w, window, sums.Length, features / sums.Length, weights.Length / features, rows);
            if (width == VectorWidth.Widest)
                Accumulate<Vectors512, Vector512<float>>(layer, sums, maxima, threads);
            else if (width == VectorWidth.Wide)
                Accumulate<Vectors256, Vector256<float>>(layer, sums, maxima, threads);
            else
                Accumulate<Vectors128, Vector128<float>>(layer, sums, maxima, threads);
        }
    }

    static void Accumulate<TVectors, TVector>(Layer layer, Span<double> sums, Span<double> maxima, int threads)
        where TVectors : struct, IVectors<TVector>
    {
        var (neurons, panels) = (layer.Neurons, (layer.Consumers + TVectors.Count - 1) / TVectors.Count);
        var (panelSums, panelMaxima) = (new double[panels * neurons], new double[panels * neurons]);
        ParallelFor.Run(panels, (long)layer.Rows * layer.Consumers * neurons * layer.Block / WorkPerThread, threads, panel =>
        {
            var (first, at) = (panel * TVectors.Count, panel * neurons);
            Panel<TVectors, TVector>(layer, first, panelSums.AsSpan(at, neurons), panelMaxima.AsSpan(at, neurons));
        });
        for (var i = 0; i < panelSums.Length; i++)
        {
            sums[i % neurons] += panelSums[i];
            maxima[i % neurons] = Math.Max(maxima[i % neurons], panelMaxima[i]);
        }
    }

    /// <summary>Shares in the weighted sums of one vector of consumers.</summary>
    static void Panel<TVectors, TVector>(Layer layer, int first, Span<double> sums, Span<double> maxima)
        where TVectors : struct, IVectors<TVector>
    {
        var (neurons, block, lanes) = (layer.Neurons, layer.Block, TVectors.Count);
        using var packed = new Scratch<float>((long)neurons * block * lanes);
        using var kept = new Scratch<float>((long)neurons * Tile * lanes);
        using var totals = new Scratch<float>(2L * neurons * lanes);
        float* w = packed.Pointer, terms = kept.Pointer, laneSums = totals.Pointer, laneMaxima = laneSums + neurons * lanes;
        Pack(layer, first, w, lanes);
        new Span<float>(laneSums, 2 * neurons * lanes).Clear();
        var rows = stackalloc float*[RowsPerFlush];
        var z = stackalloc float[RowsPerFlush * lanes];
        for (var row = 0; row < layer.Rows; row += RowsPerFlush)
        {
            var count = Math.Min(RowsPerFlush, layer.Rows - row);
            // A tile past the last row repeats it, and gives it no share.
            for (var i = 0; i < RowsPerFlush; i++)
                rows[i] = layer.Row(row + Math.Min(i, count - 1));
            for (var i = 0; i < count; i += Tile)
            {
                var r = z + i * lanes;
                // If each neuron has one feature, only z is needed.
                Terms<TVectors, TVector>(block > 1 ? neurons : 1, block > 1 ? block : neurons, rows + i, layer.Features, w, terms, r);
                for (var t = 0; t < Tile; t++)
                {
                    // Where z is 0, so are all terms.
                    var denominator = TVectors.Max(TVectors.Load(r + t * lanes), TVectors.Create(Shares.Tiny));
                    TVectors.Store(TVectors.Divide(TVectors.Create(i + t < count ? 1 : 0), denominator), r + t * lanes);
                }
                if (block > 1)
                    Fold<TVectors, TVector>(neurons, terms, r, laneSums, laneMaxima);
            }
            for (var k = 0; k < neurons && block == 1; k += NeuronsPerFold)
                for (var i = 0; i < count; i += Tile)
                    FoldSingles<TVectors, TVector>(Math.Min(NeuronsPerFold, neurons - k), rows + i, layer.Features + k, w + k * lanes,
                        z + i * lanes, laneSums + k * lanes, laneMaxima + k * lanes);
            for (var k = 0; k < neurons; k++)
            {
                sums[k] += TVectors.Sum(TVectors.Load(laneSums + k * lanes));
                TVectors.Store(TVectors.Create(0), laneSums + k * lanes);
            }
        }
        for (var k = 0; k < neurons; k++)
            maxima[k] = TVectors.Largest(TVectors.Load(laneMaxima + k * lanes));
    }

    /// <summary>[features, lanes], with zeros behind the last consumer: they have no share.</summary>
    static void Pack(Layer layer, int first, float* to, int lanes)
    {
        const int piece = 16; // What is read and what is written stay in the first-level cache.
        var features = layer.Neurons * layer.Block;
        for (var from = 0; from < features; from += piece)
            for (var lane = 0; lane < lanes; lane++)
                for (var i = from; i < Math.Min(from + piece, features); i++)
                    to[i * lanes + lane] = first + lane < layer.Consumers ? layer.Weights[(long)(first + lane) * features + i] : 0;
    }

    /// <summary>Per neuron, the sums over its block for a tile of rows and a vector of consumers; z is their sum over neurons.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)] // Inlined, it would share registers with everything around it.
    static void Terms<TVectors, TVector>(int neurons, int block, float** rows, int* features, float* w, float* terms, float* z)
        where TVectors : struct, IVectors<TVector>
    {
        float* a0 = rows[0], a1 = rows[1], a2 = rows[2], a3 = rows[3], a4 = rows[4], a5 = rows[5];
        var (lanes, zero) = (TVectors.Count, TVectors.Create(0));
        TVector z0 = zero, z1 = zero, z2 = zero, z3 = zero, z4 = zero, z5 = zero;
        for (var k = 0; k < neurons; k++)
        {
            TVector t0 = zero, t1 = zero, t2 = zero, t3 = zero, t4 = zero, t5 = zero;
            for (var b = 0; b < block; b++, w += lanes)
            {
                var (x, at) = (TVectors.Load(w), *features++);
                t0 = TVectors.MultiplyAdd(TVectors.Create(a0[at]), x, t0);
                t1 = TVectors.MultiplyAdd(TVectors.Create(a1[at]), x, t1);
                t2 = TVectors.MultiplyAdd(TVectors.Create(a2[at]), x, t2);
                t3 = TVectors.MultiplyAdd(TVectors.Create(a3[at]), x, t3);
                t4 = TVectors.MultiplyAdd(TVectors.Create(a4[at]), x, t4);
                t5 = TVectors.MultiplyAdd(TVectors.Create(a5[at]), x, t5);
            }
            TVectors.Store(t0, terms);
            TVectors.Store(t1, terms + lanes);
            TVectors.Store(t2, terms + 2 * lanes);
            TVectors.Store(t3, terms + 3 * lanes);
            TVectors.Store(t4, terms + 4 * lanes);
            TVectors.Store(t5, terms + 5 * lanes);
            (z0, z1, z2) = (TVectors.Add(z0, t0), TVectors.Add(z1, t1), TVectors.Add(z2, t2));
            (z3, z4, z5) = (TVectors.Add(z3, t3), TVectors.Add(z4, t4), TVectors.Add(z5, t5));
            terms += Tile * lanes;
        }
        TVectors.Store(z0, z);
        TVectors.Store(z1, z + lanes);
        TVectors.Store(z2, z + 2 * lanes);
        TVectors.Store(z3, z + 3 * lanes);
        TVectors.Store(z4, z + 4 * lanes);
        TVectors.Store(z5, z + 5 * lanes);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static void Fold<TVectors, TVector>(int neurons, float* terms, float* r, float* sums, float* maxima)
        where TVectors : struct, IVectors<TVector>
    {
        var lanes = TVectors.Count;
        TVector r0 = TVectors.Load(r), r1 = TVectors.Load(r + lanes), r2 = TVectors.Load(r + 2 * lanes);
        TVector r3 = TVectors.Load(r + 3 * lanes), r4 = TVectors.Load(r + 4 * lanes), r5 = TVectors.Load(r + 5 * lanes);
        for (var k = 0; k < neurons; k++, terms += Tile * lanes, sums += lanes, maxima += lanes)
        {
            TVector s0 = TVectors.Multiply(TVectors.Load(terms), r0), s1 = TVectors.Multiply(TVectors.Load(terms + lanes), r1);
            var s2 = TVectors.Multiply(TVectors.Load(terms + 2 * lanes), r2);
            var s3 = TVectors.Multiply(TVectors.Load(terms + 3 * lanes), r3);
            var s4 = TVectors.Multiply(TVectors.Load(terms + 4 * lanes), r4);
            var s5 = TVectors.Multiply(TVectors.Load(terms + 5 * lanes), r5);
            var sum = TVectors.Add(TVectors.Add(TVectors.Add(s0, s1), TVectors.Add(s2, s3)), TVectors.Add(s4, s5));
            var maximum = TVectors.Max(TVectors.Max(TVectors.Max(s0, s1), TVectors.Max(s2, s3)), TVectors.Max(s4, s5));
            TVectors.Store(TVectors.Add(TVectors.Load(sums), sum), sums);
            TVectors.Store(TVectors.Max(TVectors.Load(maxima), maximum), maxima);
        }
    }

    /// <summary>
    /// Where neurons own one feature each, terms are not kept: w is multiplied in after the sum and the maximum over rows of a / z.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    static void FoldSingles<TVectors, TVector>(int neurons, float** rows, int* features, float* w, float* r, float* sums, float* maxima)
        where TVectors : struct, IVectors<TVector>
    {
        var lanes = TVectors.Count;
        float* a0 = rows[0], a1 = rows[1], a2 = rows[2], a3 = rows[3], a4 = rows[4], a5 = rows[5];
        TVector r0 = TVectors.Load(r), r1 = TVectors.Load(r + lanes), r2 = TVectors.Load(r + 2 * lanes);
        TVector r3 = TVectors.Load(r + 3 * lanes), r4 = TVectors.Load(r + 4 * lanes), r5 = TVectors.Load(r + 5 * lanes);
        for (var k = 0; k < neurons; k++, w += lanes, sums += lanes, maxima += lanes)
        {
            var (at, x) = (features[k], TVectors.Load(w));
            TVector s0 = TVectors.Multiply(TVectors.Create(a0[at]), r0), s1 = TVectors.Multiply(TVectors.Create(a1[at]), r1);
            TVector s2 = TVectors.Multiply(TVectors.Create(a2[at]), r2), s3 = TVectors.Multiply(TVectors.Create(a3[at]), r3);
            TVector s4 = TVectors.Multiply(TVectors.Create(a4[at]), r4), s5 = TVectors.Multiply(TVectors.Create(a5[at]), r5);
            var sum = TVectors.Add(TVectors.Add(TVectors.Add(s0, s1), TVectors.Add(s2, s3)), TVectors.Add(s4, s5));
            var maximum = TVectors.Max(TVectors.Max(TVectors.Max(s0, s1), TVectors.Max(s2, s3)), TVectors.Max(s4, s5));
            TVectors.Store(TVectors.MultiplyAdd(x, sum, TVectors.Load(sums)), sums);
            TVectors.Store(TVectors.Max(TVectors.Load(maxima), TVectors.Multiply(x, maximum)), maxima);
        }
    }

    readonly struct Layer(float* activations, int* features, float* weights, Window window, int neurons, int block, int consumers, int rows)
    {
        public readonly int Neurons = neurons, Block = block, Consumers = consumers, Rows = rows;

        public readonly float* Weights = weights;

        public readonly int* Features = features;

        public float* Row(int row)
        {
            var (sample, position) = Math.DivRem(row, window.Rows.Length);
            return activations + (long)sample * window.SampleSize + window.Rows[position];
        }
    }
}

/// <summary>What a layer's weighted sums read of a sample: one row of a linear layer, one at each position of a convolution.</summary>
/// <param name="SampleSize">Numbers in a sample.</param>
/// <param name="Rows">Where each row begins.</param>
/// <param name="Features">Where behind that each feature is.</param>
sealed record Window(int SampleSize, int[] Rows, int[] Features);
