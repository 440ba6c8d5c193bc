using System.Numerics;

namespace MLNet.Pruning.Neurons;

/// <summary>Which neurons are marked together, so that from the passes a feature was reached in, it follows which neurons reach it.</summary>
static class MarkCodes
{
    // Their product, 15015, exceeds any layer's width that binary digits alone leave in doubt.
    static readonly int[] moduli = [3, 5, 7, 11, 13];

    public static int Bits(int neurons) => neurons <= 1 ? 0 : BitOperations.Log2((uint)neurons - 1) + 1;

    /// <summary>Passes 2 b and 2 b + 1 mark the neurons whose bit b is 0 and 1.</summary>
    public static List<Func<int, bool>> Binary(int neurons) =>
        [.. Enumerable.Range(0, 2 * Bits(neurons)).Select(row => (Func<int, bool>)(neuron => (neuron >> row / 2 & 1) == row % 2))];

    /// <summary>One pass for each remainder of a few primes.</summary>
    public static List<Func<int, bool>> Remainders() =>
        [.. moduli.SelectMany(m => Enumerable.Range(0, m).Select(rest => (Func<int, bool>)(neuron => neuron % m == rest)))];

    /// <summary>One pass for each run of neighbours, such as lie in one head of attention: each neuron alone in small layers, at most 255 passes in large ones.</summary>
    public static List<Func<int, bool>> Neighbours(int neurons)
    {
        var shift = Math.Max(0, BitOperations.Log2((uint)neurons) - 7);
        return [.. Enumerable.Range(0, (neurons - 1 >> shift) + 1).Select(run => (Func<int, bool>)(neuron => neuron >> shift == run))];
    }

    /// <summary>The neuron that alone explains in which binary passes a feature was reached; -1 if several reach it.</summary>
    public static int Single(int bits, Func<int, bool> reached)
    {
        var neuron = 0;
        for (var b = 0; b < bits; b++)
        {
            var (zero, one) = (reached(2 * b), reached(2 * b + 1));
            if (zero == one)
                return -1;
            neuron |= (one ? 1 : 0) << b;
        }
        return neuron;
    }

    /// <summary>All neurons that may reach a feature: those that it was reached by in every pass that marks them.</summary>
    public static int[] Candidates(int neurons, IReadOnlyList<Func<int, bool>> codes, Func<int, bool> reached)
    {
        var rows = Enumerable.Range(0, codes.Count).Where(row => !reached(row)).ToArray();
        return [.. Enumerable.Range(0, neurons).Where(neuron => rows.All(row => !codes[row](neuron)))];
    }
}
