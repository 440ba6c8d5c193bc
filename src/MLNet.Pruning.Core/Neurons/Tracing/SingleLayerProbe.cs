using System.Numerics;

namespace MLNet.Pruning.Neurons;

/// <summary>
/// Finds which neurons of one layer reach which features, if several may reach the same one. It marks this layer alone, in more ways than
/// when all layers are marked at once.
/// </summary>
sealed class SingleLayerProbe(Tracer tracer, Layer producer)
{
    // The number of parts into which a set of neurons is split, to check whether each reaches what the whole set appears to reach.
    const int Parts = 8;

    readonly List<Func<int, bool>> codes = [];
    readonly List<Observation> seen = [];

    /// <summary>
    /// For each feature that is reached, all neurons that reach it. The set may contain a few more, which are then removed together with
    /// them.
    /// </summary>
    public IReadOnlyList<(Layer Reader, int Call, int Feature, int[] Neurons)> Find()
    {
        Mark([_ => true, .. ProbeCodes.Binary(producer.Out), .. ProbeCodes.Remainders()]);
        var found = Candidates();
        if (found.Any(f => f.Neurons.Length > 1) && !AreWhole(found))
        {
            Mark(ProbeCodes.Neighbours(producer.Out));
            found = Candidates();
        }
        return found;
    }

    void Mark(List<Func<int, bool>> some)
    {
        codes.AddRange(some);
        seen.AddRange(some.Select(code => Run(Enumerable.Range(0, producer.Out).Where(code))));
    }

    Observation Run(IEnumerable<int> neurons) => tracer.Run(new Dictionary<Layer, int[]> { [producer] = [.. neurons] });

    List<(Layer Reader, int Call, int Feature, int[] Neurons)> Candidates()
    {
        var found = new List<(Layer, int, int, int[])>();
        foreach (var (point, reached) in seen[0].Reached)
        {
            var rows = seen.Select(s => s.Reached.GetValueOrDefault(point)).ToArray();
            for (var f = 0; f < reached.Length; f++)
                if (reached[f])
                    found.Add((point.Layer, point.Call, f, ProbeCodes.Candidates(producer.Out, codes, row => rows[row]?[f] == true)));
        }
        return found;
    }

    // A few passes that often save many: a query is mixed with all others of its head, and then no code can tell them apart.
    bool AreWhole(List<(Layer Reader, int Call, int Feature, int[] Neurons)> found)
    {
        var sets = new List<int[]>();
        foreach (var (_, _, _, neurons) in found)
            if (!sets.Any(s => s.AsSpan().SequenceEqual(neurons)))
                sets.Add(neurons);
        // If sets overlap, marks of one could be mistaken for those of another.
        if (sets.Sum(s => s.Length) != sets.SelectMany(s => s).Distinct().Count())
            return false;
        for (var part = 0; part < Parts; part++)
        {
            var reached = Run(sets.SelectMany(s => Part(s, part)).Distinct().Order()).Reached;
            if (found.Any(f => Part(f.Neurons, part).Length > 0 && reached.GetValueOrDefault((f.Reader, f.Call))?[f.Feature] != true))
                return false;
        }
        return true;
    }

    static int[] Part(int[] set, int part) => set[(set.Length * part / Parts)..(set.Length * (part + 1) / Parts)];
}

/// <summary>
/// Codes that mark neurons in several passes, such that the passes in which a feature was reached tell which neurons reach it.
/// </summary>
static class ProbeCodes
{
    // Their product, 15015, exceeds the width of any layer that binary digits alone leave in doubt.
    static readonly int[] moduli = [3, 5, 7, 11, 13];

    public static int Bits(int neurons) => neurons <= 1 ? 0 : BitOperations.Log2((uint)neurons - 1) + 1;

    /// <summary>Passes 2 b and 2 b + 1 mark the neurons whose bit b is 0 and 1.</summary>
    public static List<Func<int, bool>> Binary(int neurons) =>
        [.. Enumerable.Range(0, 2 * Bits(neurons)).Select(row => (Func<int, bool>)(neuron => (neuron >> row / 2 & 1) == row % 2))];

    /// <summary>One pass for each remainder of a few primes.</summary>
    public static List<Func<int, bool>> Remainders() =>
        [.. moduli.SelectMany(m => Enumerable.Range(0, m).Select(rest => (Func<int, bool>)(neuron => neuron % m == rest)))];

    /// <summary>
    /// One pass per run of neighbours, as a head of attention has them: each neuron alone in small layers, at most 255 passes in large
    /// ones.
    /// </summary>
    public static List<Func<int, bool>> Neighbours(int neurons)
    {
        var shift = Math.Max(0, BitOperations.Log2((uint)neurons) - 7);
        return [.. Enumerable.Range(0, (neurons - 1 >> shift) + 1).Select(run => (Func<int, bool>)(neuron => neuron >> shift == run))];
    }

    /// <summary>The one neuron that explains in which binary passes a feature was reached; -1 if several reach it.</summary>
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

    /// <summary>All neurons that may reach a feature: the feature was reached in every pass that marks them.</summary>
    public static int[] Candidates(int neurons, IReadOnlyList<Func<int, bool>> codes, Func<int, bool> reached)
    {
        var rows = Enumerable.Range(0, codes.Count).Where(row => !reached(row)).ToArray();
        return [.. Enumerable.Range(0, neurons).Where(neuron => rows.All(row => !codes[row](neuron)))];
    }
}
