using System.Numerics;
using System.Runtime.InteropServices;

namespace MLNet.Pruning;

/// <summary>Looks for numbers that are not finite.</summary>
static class Finite
{
    /// <summary>Whether none of the numbers is a NaN or an infinity.</summary>
    /// <remarks>
    /// Zero times a finite number is 0, and times any other it is NaN, which stays in a sum: one look at the sum is enough.
    /// </remarks>
    public static bool All(ReadOnlySpan<float> numbers)
    {
        var sum = Vector<float>.Zero;
        var vectors = MemoryMarshal.Cast<float, Vector<float>>(numbers);
        foreach (var vector in vectors)
            sum += vector * Vector<float>.Zero;
        var total = Vector.Sum(sum);
        foreach (var number in numbers[(vectors.Length * Vector<float>.Count)..])
            total += number * 0;
        return total == 0;
    }
}
