using System.Runtime.CompilerServices;

namespace MLNet.Pruning.Plans.Kernels;

/// <summary>Binary cross entropy of logits, summed over an image.</summary>
static unsafe class ReconstructionLoss<TVectors, TVector>
    where TVectors : struct, IVectors<TVector>
{
    /// <summary>The sum of max(x, 0) - x t + log(1 + e^-|x|).</summary>
    /// <param name="logits">x; memory up to the count, rounded up to whole vectors, may be read.</param>
    /// <param name="targets">t, from 0 to 1; likewise.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Sum(float* logits, float* targets, int count)
    {
        var sum = TVectors.Zero;
        for (int i = 0; i < count; i += TVectors.Count)
        {
            var (x, t) = (TVectors.Load(logits + i), TVectors.Load(targets + i));
            var positive = TVectors.Max(TVectors.Zero, x);
            var term = TVectors.Add(TVectors.Subtract(positive, TVectors.Multiply(x, t)), Functions<TVectors, TVector>.Log1pExp(x));
            sum = TVectors.Add(sum, TVectors.First(term, count - i, TVectors.Zero));
        }
        return TVectors.Sum(sum);
    }
}
