using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace MLNet.Pruning.Tokens;

/// <summary>
/// Decides which even tokens are among the r that merge: those most similar to their partners; of equals, the first. Similarities in
/// single precision decide if no other is close; otherwise exact keys decide.
/// </summary>
sealed class MergeOrder
{
    const long IndexBits = (1L << ExactCosine.FreeBits) - 1;

    // No similarity has this key.
    const long Unknown = long.MinValue;

    readonly int evens, merge;
    readonly float error;
    readonly float[] similarities;
    readonly long[] keys;

    /// <param name="merge">Tokens that merge away, r.</param>
    /// <param name="error">The error of a product of two tokens in single precision, relative to their norms.</param>
    public MergeOrder(int evens, int merge, float error)
    {
        (this.evens, this.merge, this.error) = (evens, merge, error);
        int whole = (evens + Vector256<float>.Count - 1) / Vector256<float>.Count * Vector256<float>.Count;
        similarities = new float[whole];
        similarities.AsSpan(evens).Fill(float.NegativeInfinity);
        keys = new long[evens];
    }

    public void SetExactly(int even, double similarity) => (similarities[even], keys[even]) = ((float)similarity, Key(similarity, even));

    /// <summary>Sets a similarity. Its key is computed when it is needed.</summary>
    public void Set(int even, float similarity) => (similarities[even], keys[even]) = (similarity, Unknown);

    /// <summary>
    /// Whether fewer than r even tokens come before this one. It counts in single precision, and compares keys if that is too close.
    /// </summary>
    public bool Merges(int even, ExactTokens exact, int[] partners)
    {
        float similarity = similarities[even];
        // The error of two products and four norms.
        float above = similarity + (5 * error), below = similarity - (5 * error);
        var (before, perhaps) = (Vector256<int>.Zero, Vector256<int>.Zero);
        var (maximum, minimum) = (Vector256.Create(above), Vector256.Create(below));
        foreach (var others in MemoryMarshal.Cast<float, Vector256<float>>(similarities))
        {
            before -= Vector256.GreaterThan(others, maximum).AsInt32();
            perhaps -= Vector256.GreaterThanOrEqual(others, minimum).AsInt32();
        }
        int rank = Vector256.Sum(before);
        if (rank >= merge)
            return false;
        // The token itself is among those counted.
        if (Vector256.Sum(perhaps) - 1 < merge)
            return true;
        long key = KeyOf(even, exact, partners);
        for (int i = 0; i < evens; i++)
        {
            if (similarities[i] >= below && similarities[i] <= above && KeyOf(i, exact, partners) > key)
                rank++;
        }
        return rank < merge;
    }

    long KeyOf(int even, ExactTokens exact, int[] partners)
    {
        if (keys[even] == Unknown)
            keys[even] = Key(exact.Similarity(even, exact.Norm(even), partners[even]), even);
        return keys[even];
    }

    /// <summary>A key that is larger for a larger similarity; of equals, for a lower index.</summary>
    static long Key(double similarity, int index)
    {
        // Removes the sign of zero, and flips the bits of negative numbers so that integers have the order of the numbers.
        long bits = BitConverter.DoubleToInt64Bits(similarity + 0.0);
        return ((bits ^ ((bits >> 63) & long.MaxValue)) & ~IndexBits) | (IndexBits - index);
    }
}
