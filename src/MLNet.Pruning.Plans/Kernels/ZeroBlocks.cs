using System.Numerics;

namespace MLNet.Pruning.Plans.Kernels;

/// <summary>
/// Weights with blocks of zeros (some outputs by one input), which the dense kernels skip: for each block of outputs, the inputs for which
/// any of them has a weight.
/// </summary>
/// <param name="Inputs">The inputs of all blocks, block after block.</param>
/// <param name="Starts">The start of each block's inputs, and the end of the last.</param>
sealed record ZeroBlocks(int Outputs, int[] Inputs, int[] Starts)
{
    public int Count => Starts.Length - 1;

    /// <param name="weights">[outputs x inputs]</param>
    public static ZeroBlocks Of(ReadOnlySpan<float> weights, int outputs, int size)
    {
        int inputs = weights.Length / outputs;
        var (list, starts) = (new List<int>(), new List<int> { 0 });
        for (int first = 0; first < outputs; first += size)
        {
            for (int input = 0; input < inputs; input++)
            {
                if (!IsZero(weights, inputs, first, Math.Min(outputs, first + size), input))
                    list.Add(input);
            }
            starts.Add(list.Count);
        }
        return new(size, [.. list], [.. starts]);
    }

    /// <summary>The number of zeros.</summary>
    public static int CountZeros(ReadOnlySpan<float> values)
    {
        var zeros = Vector<int>.Zero;
        int i = 0;
        for (; i <= values.Length - Vector<float>.Count; i += Vector<float>.Count)
            zeros -= Vector.Equals(new Vector<float>(values[i..]), Vector<float>.Zero);
        int count = Vector.Sum(zeros);
        for (; i < values.Length; i++)
            count += values[i] == 0 ? 1 : 0;
        return count;
    }

    /// <summary>The fraction of blocks that are not zero.</summary>
    public static double Density(ReadOnlySpan<float> weights, int outputs, int size)
    {
        int inputs = weights.Length / outputs, blocks = 0;
        for (int first = 0; first < outputs; first += size)
        {
            for (int input = 0; input < inputs; input++)
                blocks += IsZero(weights, inputs, first, Math.Min(outputs, first + size), input) ? 0 : 1;
        }
        return (double)blocks / ((outputs + size - 1) / size) / inputs;
    }

    static bool IsZero(ReadOnlySpan<float> weights, int inputs, int first, int end, int input)
    {
        for (int output = first; output < end; output++)
        {
            if (weights[(output * inputs) + input] != 0)
                return false;
        }
        return true;
    }
}
