using System.Runtime.InteropServices;

namespace MLNet.Pruning.Tokens;

/// <summary>
/// Similarities in double precision (<see cref="ExactCosine"/>) between the even and the odd tokens of the present image.
/// </summary>
sealed unsafe class ExactTokens(int odds, int width)
{
    readonly double[] oddNorms = new double[odds];
    float* tokens;

    /// <param name="tokens">[N x D]; must not move or change while they are matched.</param>
    public void Begin(float* tokens)
    {
        this.tokens = tokens;
        Array.Fill(oddNorms, -1);
    }

    public double Norm(int even) => ExactCosine.Product(Even(even), Even(even), width);

    public double Similarity(int even, double norm, int odd) =>
        ExactCosine.Of(ExactCosine.Product(Even(even), Odd(odd), width), norm, OddNorm(odd));

    double OddNorm(int odd)
    {
        if (oddNorms[odd] < 0)
            oddNorms[odd] = ExactCosine.Product(Odd(odd), Odd(odd), width);
        return oddNorms[odd];
    }

    float* Even(int even) => tokens + (2L * even * width);

    float* Odd(int odd) => tokens + (((2L * odd) + 1) * width);

    bool Equal(int one, int other) => MemoryMarshal.AsBytes(new ReadOnlySpan<float>(Odd(one), width))
        .SequenceEqual(MemoryMarshal.AsBytes(new ReadOnlySpan<float>(Odd(other), width)));

    /// <summary>Finds the odd token that is most similar to an even one; of equals, the first. NaN is never more similar.</summary>
    public ref struct Closest(ExactTokens exact, int even)
    {
        readonly double norm = exact.Norm(even);

        public double Similarity { get; private set; } = PlainMatching.Nothing;

        public int Index { get; private set; }

        public void Consider(int odd)
        {
            // Plain areas have many equal tokens; those need no second product.
            if (Similarity > PlainMatching.Nothing && exact.OddNorm(odd) == exact.OddNorm(Index) && exact.Equal(odd, Index))
                return;
            double similarity = exact.Similarity(even, norm, odd);
            if (similarity > Similarity)
                (Similarity, Index) = (similarity, odd);
        }
    }
}
