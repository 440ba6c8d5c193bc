namespace MLNet.Pruning.Tokens;

/// <summary>
/// Single-pass token merging as defined, one pair of tokens at a time. <see cref="TokenMatcher"/> computes the same with SIMD vectors, and
/// tests compare it with this class; where single precision is not reliable, it uses this class.
/// </summary>
static unsafe class PlainMatching
{
    /// <summary>Lower than any similarity; that of a NaN.</summary>
    public const double Nothing = -2;

    /// <summary>Decides which tokens merge into which.</summary>
    /// <param name="tokens">[N x D]</param>
    /// <param name="count">N.</param>
    /// <param name="width">D.</param>
    /// <param name="merge">Even tokens that merge away, r; at most half of the tokens.</param>
    /// <param name="partners">[(N + 1) / 2]; written: the most similar odd token for each even one.</param>
    /// <param name="similarities">[(N + 1) / 2]; written: that similarity.</param>
    /// <param name="sources">[N]; written: the survivor of each token.</param>
    public static void Match(float* tokens, int count, int width, int merge, Span<int> partners, Span<double> similarities, int* sources)
    {
        // Find the most similar odd token for every even one; of equals, the first.
        int evens = (count + 1) / 2, odds = count / 2;
        for (int even = 0; even < evens; even++)
        {
            (similarities[even], partners[even]) = (Nothing, 0);
            for (int odd = 0; odd < odds; odd++)
            {
                double similarity = Similarity(tokens + (2L * even * width), tokens + (((2L * odd) + 1) * width), width);
                if (similarity > similarities[even])
                    (similarities[even], partners[even]) = (similarity, odd);
            }
        }
        // The r tokens that are most similar to their partners merge away (of equals, the first); the others keep their order.
        int survivors = 0;
        for (int token = 0; token < count; token++)
            sources[token] = token % 2 == 0 && Rank(similarities, token / 2) < merge ? -1 : survivors++;
        for (int even = 0; even < evens; even++)
        {
            if (sources[2 * even] < 0)
                sources[2 * even] = sources[(2 * partners[even]) + 1];
        }
    }

    /// <summary>The number of even tokens that come before this one.</summary>
    static int Rank(ReadOnlySpan<double> similarities, int even)
    {
        int rank = 0;
        for (int other = 0; other < similarities.Length; other++)
            rank += similarities[other] > similarities[even] || (similarities[other] == similarities[even] && other < even) ? 1 : 0;
        return rank;
    }

    /// <summary>
    /// The signed square of the cosine, which has the same order. Two tokens of zeros have 1, a token of zeros and any other one have 0.
    /// </summary>
    static double Similarity(float* a, float* b, int width)
    {
        double aa = ExactCosine.Product(a, a, width), bb = ExactCosine.Product(b, b, width);
        double similarity = aa == 0 && bb == 0 ? 1 : ExactCosine.Of(ExactCosine.Product(a, b, width), aa, bb);
        return double.IsNaN(similarity) ? Nothing : similarity;
    }
}
