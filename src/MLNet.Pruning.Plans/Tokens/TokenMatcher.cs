using System.Numerics;
using System.Runtime.Intrinsics;

namespace MLNet.Pruning.Tokens;

/// <summary>
/// Decides which tokens merge, as defined by <see cref="PlainMatching"/>. It keeps working memory, so it serves one thread at a time.
/// </summary>
/// <remarks>
/// Single precision finds the candidates for the partner of each even token, and the candidates for the even tokens that merge. If there
/// are several, <see cref="ExactTokens"/> decides.
/// </remarks>
sealed unsafe class TokenMatcher
{
    // The range of |token|^2 in which the error bound of single precision holds.
    const float Smallest = 1e-18f, Largest = 1e+18f;

    readonly int count, width, merge, evens, odds, rowPanels, columnPanels, panel;
    readonly float[] packedEvens, packedOdds, products, evenNorms, oddNorms, bias;
    readonly float error;
    readonly int[] partners;
    readonly ExactTokens exact;
    readonly MergeOrder order;
    double[]? similarities; // if single precision is not reliable

    /// <param name="count">The number of tokens, N.</param>
    /// <param name="width">Values of a token, D.</param>
    /// <param name="merge">Tokens that merge away, r.</param>
    public TokenMatcher(int count, int width, int merge)
    {
        (this.count, this.width, this.merge) = (count, width, merge);
        (evens, odds) = ((count + 1) / 2, count / 2);
        panel = PairProducts.PanelWidth(odds);
        (rowPanels, columnPanels) = (Panels(evens, PairProducts.RowTile), Panels(odds, panel));
        int rows = merge == 0 ? 0 : rowPanels * PairProducts.RowTile, columns = merge == 0 ? 0 : columnPanels * panel;
        packedEvens = Pinned<float>((long)rows * width);
        packedOdds = Pinned<float>((long)columns * width);
        products = Pinned<float>((long)rows * columns);
        evenNorms = Pinned<float>(rows);
        oddNorms = Pinned<float>(columns);
        bias = Pinned<float>(columns);
        bias.AsSpan(Math.Min(odds, columns)).Fill(float.NegativeInfinity);
        error = PairProducts.Error(width);
        partners = new int[evens];
        exact = new(odds, width);
        order = new(evens, merge, error);
    }

    /// <param name="tokens">[N x D]</param>
    /// <param name="sources">[N]; written: the survivor of each token.</param>
    public void Match(float* tokens, int* sources)
    {
        exact.Begin(tokens);
        if (merge > 0 && !FindPartners(tokens))
        {
            PlainMatching.Match(tokens, count, width, merge, partners, similarities ??= new double[evens], sources);
            return;
        }
        int survivors = 0;
        for (int i = 0; i < count; i += 2)
        {
            sources[i] = merge > 0 && order.Merges(i >> 1, exact, partners) ? -1 : survivors++;
            if (i + 1 < count)
                sources[i + 1] = survivors++;
        }
        for (int i = 0; i < count; i += 2)
        {
            if (sources[i] < 0)
                sources[i] = sources[(2 * partners[i >> 1]) + 1];
        }
    }

    /// <summary>Finds the partner of each even token and its similarity in single precision; false if that is not reliable.</summary>
    bool FindPartners(float* tokens)
    {
        fixed (float* a = packedEvens, b = packedOdds, ab = products, aa = evenNorms, bb = oddNorms, offset = bias)
        {
            PairProducts.Pack(tokens, evens, width, PairProducts.RowTile, a);
            PairProducts.Pack(tokens + width, odds, width, panel, b);
            PairProducts.Norms(a, rowPanels, width, PairProducts.RowTile, aa);
            PairProducts.Norms(b, columnPanels, width, panel, bb);
            if (!(Roots(tokens, aa, evens, inverse: false, out _) & Roots(tokens + width, bb, odds, inverse: true, out int zero)))
                return false;
            PairProducts.Multiply(a, rowPanels, b, columnPanels, panel, width, ab);
            int stride = columnPanels * panel;
            for (int i = 0; i < evens; i++)
            {
                if (aa[i] != 0)
                {
                    order.Set(i, FindPartner(i, ab + ((long)i * stride), bb, offset, aa[i]));
                    continue;
                }
                partners[i] = Math.Max(zero, 0);
                order.SetExactly(i, zero >= 0 ? 1 : 0);
            }
            return true;
        }
    }

    /// <summary>
    /// Computes norms, or their reciprocals, from squared norms; 0 for a token of zeros. Outputs the index of the first token of zeros, or
    /// -1, and returns whether single precision is reliable for all.
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

    /// <summary>Finds the most similar odd token (of equals, the first). Returns its similarity.</summary>
    float FindPartner(int even, float* row, float* reciprocals, float* offset, float norm)
    {
        int stride = columnPanels * panel;
        var maximum = Vector256.Create(float.NegativeInfinity);
        for (int j = 0; j < stride; j += Vector256<float>.Count)
        {
            var product = Vector256.MultiplyAddEstimate(Vector256.Load(row + j), Vector256.Load(reciprocals + j),
                Vector256.Load(offset + j));
            Vector256.Store(product, row + j);
            maximum = Vector256.MaxNative(maximum, product);
        }
        var half = Vector128.MaxNative(maximum.GetLower(), maximum.GetUpper());
        half = Vector128.MaxNative(half, Vector128.Shuffle(half, Vector128.Create(2, 3, 0, 1)));
        half = Vector128.MaxNative(half, Vector128.Shuffle(half, Vector128.Create(1, 0, 3, 2)));
        // The error of two products and two norms of odd tokens.
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
        partners[even] = several ? Best(even, row, enough) : first;
        return half.ToScalar() / norm;
    }

    int Best(int even, float* row, Vector256<float> enough)
    {
        var best = new ExactTokens.Closest(exact, even);
        for (int j = 0; j < columnPanels * panel; j += Vector256<float>.Count)
        {
            for (uint candidates = Vector256.GreaterThanOrEqual(Vector256.Load(row + j),
                enough).ExtractMostSignificantBits(); candidates != 0; candidates &= candidates - 1)
                best.Consider(j + BitOperations.TrailingZeroCount(candidates));
        }
        return best.Index;
    }

    static int Panels(int count, int panel) => (count + panel - 1) / panel;

    static T[] Pinned<T>(long length) => GC.AllocateArray<T>(checked((int)length), pinned: true);
}
