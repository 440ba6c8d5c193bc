using System.Numerics;

namespace MLNet.Pruning.Trainers;

/// <summary>Tells whether a row can be learnt from.</summary>
static class FiniteValues
{
    /// <summary>Zero times a number is zero unless the number is NaN or infinite.</summary>
    public static bool AreAll(ReadOnlySpan<float> values)
    {
        var sum = Vector<float>.Zero;
        int i = 0;
        for (; i + Vector<float>.Count <= values.Length; i += Vector<float>.Count)
            sum += new Vector<float>(values[i..]) * Vector<float>.Zero;
        float total = Vector.Sum(sum);
        for (; i < values.Length; i++)
            total += values[i] * 0f;
        return total == 0;
    }
}
