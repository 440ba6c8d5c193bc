using System.Numerics;
using System.Runtime.CompilerServices;

namespace MLNet.Pruning.Sparse.Kernels;

static class Finite
{
    /// <summary>Whether there is neither an infinity nor a NaN among the values.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static bool All(ReadOnlySpan<float> values)
    {
        // Times zero, finite numbers are zero, and others are not.
        var sums = Vector<float>.Zero;
        var i = 0;
        for (; i <= values.Length - Vector<float>.Count; i += Vector<float>.Count)
            sums += new Vector<float>(values[i..]) * 0;
        var rest = Vector.Sum(sums);
        for (; i < values.Length; i++)
            rest += values[i] * 0;
        return rest == 0;
    }
}
