using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace MLNet.Pruning.Tokens;

/// <summary>Decides which tokens merge; keeps its working memory, so it serves one thread at a time.</summary>
/// <remarks>
/// Single precision finds the partners that can be the best of an even token, and the even tokens that can be among those that merge.
/// Where that is more than one
/// answer, <see cref="ExactCosine"/> decides.
/// </remarks>
sealed unsafe class TokenMatcher
{
    // |token|^2 between which single precision is as good as its error bound says.
    const float Smallest = 1e-18f, Largest = 1e+18f;

    const long IndexBits = (1L << ExactCosine.FreeBits) - 1;

    // No similarity has this key.
    const long Unknown = long.MinValue;

    readonly int count, width, merge, evens, odds, rowPanels, columnPanels;
    readonly float[] packedEvens, packedOdds, products, evenNorms, oddNorms, bias, similarities;
    readonly float error;
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
        similarities = Pinned<float>(Panels(evens, Vector256<float>.Count) * Vector256<float>.Count);
        similarities.AsSpan(evens).Fill(float.NegativeInfinity);
        error = PairProducts.Error(width);
        exactNorms = Pinned<double>(odds);
        partners = new int[evens];
        keys = Pinned<long>(Panels(evens, Vector<long>.Count) * Vector<long>.Count);
        Array.Fill(keys, Unknown);
    }

    /// <param name="tokens">[N x D]</param>
    /// <param name="sources">[N]; written: the survivor that each token goes to.</param>
    public void Match(float* tokens, int* sources)
    {
        bool rough = merge > 0 && FindPartners(tokens);
        int survivors = 0;
        for (int i = 0; i < count; i += 2)
        {
            sources[i] = merge > 0 && (rough ? MergesRoughly(tokens, i >> 1) : Merges(i >> 1)) ? -1 : survivors++;
            if (i + 1 < count)
                sources[i + 1] = survivors++;
        }
        for (int i = 0; i < count; i += 2)
        {
            if (sources[i] < 0)
                sources[i] = sources[(2 * partners[i >> 1]) + 1];
        }
    }

    /// <summary>
    /// Finds the partner of each even token, and how similar it is: in single precision, or, where false is returned, as a key.
    /// </summary>
    bool FindPartners(float* tokens)
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
            int stride = columnPanels * PairProducts.PanelWidth;
            for (int i = 0; i < evens; i++)
            {
                if (rough ? aa[i] == 0 : Norm(tokens, i) == 0)
                {
                    (similarities[i], partners[i]) = zero >= 0 ? (1, zero) : rough ? (0, 0) : FirstNumber(tokens);
                    keys[i] = Key(similarities[i], i);
                }
                else if (rough)
                {
                    FindRoughly(tokens, i, ab + ((long)i * stride), bb, offset, aa[i]);
                    keys[i] = Unknown;
                }
                else
                {
                    var best = new Closest(this, tokens, i);
                    for (int j = 0; j < odds; j++)
                        best.Consider(j);
                    (partners[i], keys[i]) = (best.Index, Key(best.Similarity, i));
                }
            }
            return rough;
        }
    }

    /// <summary>What a token of zeros is as similar to as to any other: the first odd one that is all numbers.</summary>
    (float Similarity, int Partner) FirstNumber(float* tokens)
    {
        for (int j = 0; j < odds; j++)
            if (double.IsFinite(OddNorm(tokens, j)))
                return (0, j);
        return (-2, 0);
    }

    /// <summary>
    /// Makes norms, or their reciprocals, of squared norms: of a token of zeros 0. Gives the first of those, or -1, and returns whether
    /// single
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
            if (!Vector256.GreaterThanAll(squares, Vector256.Create(Smallest))
                || !Vector256.LessThanAll(squares, Vector256.Create(Largest)))
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

    /// <summary>The most similar odd token, the first of several.</summary>
    void FindRoughly(float* tokens, int even, float* row, float* reciprocals, float* offset, float norm)
    {
        int stride = columnPanels * PairProducts.PanelWidth;
        var most = Vector256.Create(float.NegativeInfinity);
        for (int j = 0; j < stride; j += Vector256<float>.Count)
        {
            var product = Vector256.MultiplyAddEstimate(Vector256.Load(row + j), Vector256.Load(reciprocals + j),
                Vector256.Load(offset + j));
            Vector256.Store(product, row + j);
            most = Vector256.MaxNative(most, product);
        }
        var half = Vector128.MaxNative(most.GetLower(), most.GetUpper());
        half = Vector128.MaxNative(half, Vector128.Shuffle(half, Vector128.Create(2, 3, 0, 1)));
        half = Vector128.MaxNative(half, Vector128.Shuffle(half, Vector128.Create(1, 0, 3, 2)));
        similarities[even] = half.ToScalar() / norm;
        // Two products and two norms of odd tokens are rounded.
        var enough = Vector256.Create(half.ToScalar() - (3.5f * error * norm));
        var (first, several) = (-1, false);
        for (int j = 0; j < stride; j += Vector256<float>.Count)
        {
            uint candidates = Vector256.GreaterThanOrEqual(Vector256.Load(row + j), enough).ExtractMostSignificantBits();
            if (candidates == 0)
                continue;
            several |= first >= 0 || (candidates & (candidates - 1)) != 0;
            first = first >= 0 ? first : j + BitOperations.TrailingZeroCount(candidates);
        }
        partners[even] = several ? Best(tokens, even, row, enough) : first;
    }

    /// <summary>The best of the candidates.</summary>
    int Best(float* tokens, int even, float* row, Vector256<float> enough)
    {
        var best = new Closest(this, tokens, even);
        for (int j = 0; j < columnPanels * PairProducts.PanelWidth; j += Vector256<float>.Count)
        {
            for (uint candidates = Vector256.GreaterThanOrEqual(Vector256.Load(row + j),
                enough).ExtractMostSignificantBits(); candidates != 0; candidates &= candidates - 1)
                best.Consider(j + BitOperations.TrailingZeroCount(candidates));
        }
        return best.Index;
    }

    /// <summary>
    /// Looks in double for the most similar odd token, the first of several. One that is no number is never more similar.
    /// </summary>
    ref struct Closest(TokenMatcher matcher, float* tokens, int even)
    {
        readonly double norm = matcher.Norm(tokens, even);

        public double Similarity { get; private set; } = -2;

        public int Index { get; private set; }

        public void Consider(int odd)
        {
            // Plain areas have many equal tokens: those need no second product.
            if (Similarity > -2 && matcher.OddNorm(tokens, odd) == matcher.OddNorm(tokens, Index)
                && matcher.Equal(matcher.Odd(tokens, odd), matcher.Odd(tokens, Index)))
                return;
            double similarity = matcher.Similarity(tokens, even, norm, odd);
            if (similarity > Similarity)
                (Similarity, Index) = (similarity, odd);
        }
    }

    double Similarity(float* tokens, int even, double norm, int odd) =>
        ExactCosine.Of(ExactCosine.Product(Even(tokens, even), Odd(tokens, odd), width), norm, OddNorm(tokens, odd));

    double Norm(float* tokens, int even) => ExactCosine.Product(Even(tokens, even), Even(tokens, even), width);

    double OddNorm(float* tokens, int odd)
    {
        if (exactNorms[odd] < 0)
            exactNorms[odd] = ExactCosine.Product(Odd(tokens, odd), Odd(tokens, odd), width);
        return exactNorms[odd];
    }

    float* Even(float* tokens, int even) => tokens + (2L * even * width);

    float* Odd(float* tokens, int odd) => tokens + (((2L * odd) + 1) * width);

    bool Equal(float* one, float* other) =>
        MemoryMarshal.AsBytes(new ReadOnlySpan<float>(one, width)).SequenceEqual(MemoryMarshal.AsBytes(new ReadOnlySpan<float>(other,
            width)));

    /// <summary>Larger for a larger similarity, and for a lower index where similarities are equal.</summary>
    static long Key(double similarity, int index)
    {
        // Without a sign of zero; the bits of negative numbers are turned round, so that integers have the order of the numbers.
        long bits = BitConverter.DoubleToInt64Bits(similarity + 0.0);
        return ((bits ^ ((bits >> 63) & long.MaxValue)) & ~IndexBits) | (IndexBits - index);
    }

    /// <summary>The same by what single precision can tell apart, and by keys where it cannot.</summary>
    bool MergesRoughly(float* tokens, int even)
    {
        float similarity = similarities[even];
        // Two products and four norms are rounded.
        float above = similarity + (5 * error), below = similarity - (5 * error);
        var (before, perhaps, most, least) = (Vector256<int>.Zero, Vector256<int>.Zero, Vector256.Create(above), Vector256.Create(below));
        foreach (var others in MemoryMarshal.Cast<float, Vector256<float>>(similarities))
        {
            before -= Vector256.GreaterThan(others, most).AsInt32();
            perhaps -= Vector256.GreaterThanOrEqual(others, least).AsInt32();
        }
        int rank = Vector256.Sum(before);
        if (rank >= merge)
            return false;
        // It is itself among those.
        if (Vector256.Sum(perhaps) - 1 < merge)
            return true;
        long key = KeyOf(tokens, even);
        for (int i = 0; i < evens; i++)
        {
            if (similarities[i] >= below && similarities[i] <= above && KeyOf(tokens, i) > key)
                rank++;
        }
        return rank < merge;
    }

    long KeyOf(float* tokens, int even)
    {
        if (keys[even] == Unknown)
            keys[even] = Key(Similarity(tokens, even, Norm(tokens, even), partners[even]), even);
        return keys[even];
    }

    /// <summary>Whether fewer than r even tokens come before this one.</summary>
    bool Merges(int even)
    {
        var key = new Vector<long>(keys[even]);
        var before = Vector<long>.Zero;
        foreach (var others in MemoryMarshal.Cast<long, Vector<long>>(keys))
            before -= Vector.GreaterThan(others, key);
        return Vector.Sum(before) < merge;
    }

    static int Panels(int count, int panel) => (count + panel - 1) / panel;

    static T[] Pinned<T>(long length) => GC.AllocateArray<T>(checked((int)length), pinned: true);
}
