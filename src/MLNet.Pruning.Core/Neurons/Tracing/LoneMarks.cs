namespace MLNet.Pruning.Neurons;

/// <summary>Which neurons of one layer reach which features, where several may reach the same: its marks alone, in more ways than when all layers are marked at once.</summary>
sealed class LoneMarks(Tracer tracer, Layer producer)
{
    // Into how many parts a set of neurons is cut, to see whether each reaches what the whole is thought to reach.
    const int Parts = 8;

    readonly List<Func<int, bool>> codes = [];
    readonly List<Observation> seen = [];

    /// <summary>All neurons that reach a feature, for each feature that is reached, and perhaps some more that then go with them.</summary>
    public IReadOnlyList<(Layer Reader, int Call, int Feature, int[] Neurons)> Find()
    {
        Mark([_ => true, .. MarkCodes.Binary(producer.Out), .. MarkCodes.Remainders()]);
        var found = Candidates();
        if (found.Any(f => f.Neurons.Length > 1) && !AreWhole(found))
        {
            Mark(MarkCodes.Neighbours(producer.Out));
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
                    found.Add((point.Layer, point.Call, f, MarkCodes.Candidates(producer.Out, codes, row => rows[row]?[f] == true)));
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
        // Where sets overlap, marks of one could be taken for those of another.
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
