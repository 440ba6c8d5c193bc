using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace MLNet.Pruning.Tokens.Kernels;

/// <summary>Decides which tokens merge; keeps its working memory, so it serves one thread at a time.</summary>
/// <remarks>
/// Single precision finds the few partners that can be the best of an even token; among them, and between even tokens,
/// <see cref="ExactCosine"/> decides.
/// </remarks>
sealed unsafe class TokenMatcher
{
    // |token|^2 between which single precision is as good as its error bound says.
    const float Smallest = 1e-18f, Largest = 1e+18f;

    const long IndexBits = (1L << ExactCosine.FreeBits) - 1;

    readonly int count, width, merge, evens, odds, rowPanels, columnPanels;
    readonly float[] packedEvens, packedOdds, products, evenNorms, oddNorms, bias;
    readonly double[] exactNorms;
    readonly int[] partners;
    readonly long[] keys;

    /// <param name="count">Tokens, N.</param>
    /// <param name="width">Values of a token, D.</param>
    /// <param name="merge">Tokens that merge away, r.</param>
    public TokenMatcher(int count, int width, int merge)
    {
        (this.count, this.width, this.merge) = (count, width, merge);
        (evens, odds) = ((count + 1) / 2, count / 2);
        (rowPanels, columnPanels) = (Panels(evens, PairProducts.RowTile), Panels(odds, PairProducts.PanelWidth));
        int rows = merge == 0 ? 0 : rowPanels * PairProducts.RowTile, columns = merge == 0 ? 0 : columnPanels * PairProducts.PanelWidth;
        packedEvens = Pinned<float>((long)rows * width);
        packedOdds = Pinned<float>((long)columns * width);
        products = Pinned<float>((long)rows * columns);
        evenNorms = Pinned<float>(rows);
        oddNorms = Pinned<float>(columns);
        bias = Pinned<float>(columns);
        bias.AsSpan(Math.Min(odds, columns)).Fill(float.NegativeInfinity);
        exactNorms = Pinned<double>(odds);
        partners = new int[evens];
        keys = Pinned<long>(Panels(evens, Vector<long>.Count) * Vector<long>.Count);
        Array.Fill(keys, long.MinValue);
    }

    /// <param name="tokens">[N x D]</param>
    /// <param name="sources">[N]; written: the survivor that each token goes to.</param>
    public void Match(float* tokens, int* sources)
    {
        if (merge > 0)
            FindPartners(tokens);
        int survivors = 0;
        for (int i = 0; i < count; i += 2)
        {
            sources[i] = Merges(i >> 1) ? -1 : survivors++;
            if (i + 1 < count)
                sources[i + 1] = survivors++;
        }
        for (int i = 0; i < count; i += 2)
        {
            if (sources[i] < 0)
                sources[i] = sources[(2 * partners[i >> 1]) + 1];
        }
    }

    void FindPartners(float* tokens)
    {
        fixed (float* a = packedEvens, b = packedOdds, ab = products, aa = evenNorms, bb = oddNorms, offset = bias)
        {
            PairProducts.Pack(tokens, evens, width, PairProducts.RowTile, a);
            PairProducts.Pack(tokens + width, odds, width, PairProducts.PanelWidth, b);
            PairProducts.Norms(a, rowPanels, width, PairProducts.RowTile, aa);
            PairProducts.Norms(b, columnPanels, width, PairProducts.PanelWidth, bb);
            Array.Fill(exactNorms, -1);
            bool rough = Roots(tokens, aa, evens, inverse: false, out _) & Roots(tokens + width, bb, odds, inverse: true, out int zero);
            if (rough)
                PairProducts.Multiply(a, rowPanels, b, columnPanels, width, ab);
            // Twice, as two products are compared; and the norm itself is rounded.
            float error = 2.5f * PairProducts.Error(width);
            int stride = columnPanels * PairProducts.PanelWidth;
            for (int i = 0; i < evens; i++)
            {
                float* token = tokens + (2L * i * width);
                double norm = ExactCosine.Product(token, token, width), best;
                if (norm == 0)
                    (best, partners[i]) = zero >= 0 ? (1, zero) : (0, 0);
                else
                    (best, partners[i]) = Best(tokens, token, norm, rough ? ab + ((long)i * stride) : null, bb, offset, error * aa[i]);
                keys[i] = Key(best, i);
            }
        }
    }

    /// <summary>
    /// Makes norms, or their reciprocals, of squared norms: of a token of zeros 0. Gives the first of those, or -1, and returns whether single
    /// precision can be relied on for all.
    /// </summary>
    bool Roots(float* tokens, float* norms, int tokenCount, bool inverse, out int zero)
    {
        zero = -1;
        bool good = true;
        int start = 0;
        for (; start <= tokenCount - Vector256<float>.Count; start += Vector256<float>.Count)
        {
            var squares = Vector256.Load(norms + start);
            if (!Vector256.GreaterThanAll(squares, Vector256.Create(Smallest)) || !Vector256.LessThanAll(squares, Vector256.Create(Largest)))
                break;
            var roots = Vector256.Sqrt(squares);
            Vector256.Store(inverse ? Vector256<float>.One / roots : roots, norms + start);
        }
        for (int j = start; j < tokenCount; j++)
        {
            if (norms[j] is > Smallest and < Largest)
                norms[j] = inverse ? 1 / MathF.Sqrt(norms[j]) : MathF.Sqrt(norms[j]);
            else if (norms[j] == 0 && !new ReadOnlySpan<float>(tokens + (2L * j * width), width).ContainsAnyExcept(0f))
                zero = zero < 0 ? j : zero;
            else
                good = false;
        }
        return good;
    }

    /// <summary>The most similar odd token, the first of several. One that is no number is never more similar.</summary>
    (double Best, int Index) Best(float* tokens, float* token, double norm, float* row, float* reciprocals, float* offset, float error)
    {
        var (best, index, exact) = (-2.0, 0, exactNorms);
        if (row == null)
        {
            for (int j = 0; j < odds; j++)
                Consider(j);
            return (best, index);
        }
        int stride = columnPanels * PairProducts.PanelWidth;
        var most = Vector256.Create(float.NegativeInfinity);
        for (int j = 0; j < stride; j += Vector256<float>.Count)
        {
            var rough = Vector256.MultiplyAddEstimate(Vector256.Load(row + j), Vector256.Load(reciprocals + j), Vector256.Load(offset + j));
            Vector256.Store(rough, row + j);
            most = Vector256.MaxNative(most, rough);
        }
        var half = Vector128.MaxNative(most.GetLower(), most.GetUpper());
        half = Vector128.MaxNative(half, Vector128.Shuffle(half, Vector128.Create(2, 3, 0, 1)));
        half = Vector128.MaxNative(half, Vector128.Shuffle(half, Vector128.Create(1, 0, 3, 2)));
        var enough = Vector256.Create(half.ToScalar() - error);
        for (int j = 0; j < stride; j += Vector256<float>.Count)
        {
            for (uint candidates = Vector256.GreaterThanOrEqual(Vector256.Load(row + j), enough).ExtractMostSignificantBits(); candidates != 0; candidates &= candidates - 1)
                Consider(j + BitOperations.TrailingZeroCount(candidates));
        }
        return (best, index);

        void Consider(int j)
        {
            float* other = tokens + (((2L * j) + 1) * width);
            if (exact[j] < 0)
                exact[j] = ExactCosine.Product(other, other, width);
            // Plain areas have many equal tokens: those need no second product.
            if (best > -2 && exact[j] == exact[index] && Equal(other, tokens + (((2L * index) + 1) * width)))
                return;
            double similarity = ExactCosine.Of(ExactCosine.Product(token, other, width), norm, exact[j]);
            if (similarity > best)
                (best, index) = (similarity, j);
        }
    }

    bool Equal(float* one, float* other) =>
        MemoryMarshal.AsBytes(new ReadOnlySpan<float>(one, width)).SequenceEqual(MemoryMarshal.AsBytes(new ReadOnlySpan<float>(other, width)));

    /// <summary>Larger for a larger similarity, and for a lower index where similarities are equal.</summary>
    static long Key(double similarity, int index)
    {
        // Without a sign of zero; the bits of negative numbers are turned round, so that integers have the order of the numbers.
        long bits = BitConverter.DoubleToInt64Bits(similarity + 0.0);
        return ((bits ^ ((bits >> 63) & long.MaxValue)) & ~IndexBits) | (IndexBits - index);
    }

    /// <summary>Whether fewer than r even tokens come before this one.</summary>
    bool Merges(int even)
    {
        if (merge == 0 || merge == evens)
            return merge > 0;
        var key = new Vector<long>(keys[even]);
        var before = Vector<long>.Zero;
        foreach (var others in MemoryMarshal.Cast<long, Vector<long>>(keys))
            before -= Vector.GreaterThan(others, key);
        return Vector.Sum(before) < merge;
    }

    static int Panels(int count, int panel) => (count + panel - 1) / panel;

    static T[] Pinned<T>(long length) => GC.AllocateArray<T>(checked((int)length), pinned: true);
}
