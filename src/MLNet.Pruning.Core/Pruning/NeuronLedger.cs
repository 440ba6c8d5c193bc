using MLNet.Pruning.Persistence;

namespace MLNet.Pruning;

/// <summary>Tracks which of a run's initial neurons are left.</summary>
sealed class NeuronLedger
{
    readonly Dictionary<string, (int Original, int[] Left)> groups;

    public NeuronLedger(NeuronMap map) => groups = map.Groups.ToDictionary(g => g.Name, g =>
        (g.Size, Enumerable.Range(0, g.Size).ToArray()));

    public int Original(NeuronGroup group) => groups[group.Name].Original;

    /// <summary>The original numbers of neurons, from the start of the run.</summary>
    public int[] Originally(NeuronGroup group, IEnumerable<int> neurons) => [.. neurons.Select(n => groups[group.Name].Left[n])];

    public void Remove(string group, IReadOnlyCollection<int> neurons)
    {
        var (original, left) = groups[group];
        groups[group] = (original, [.. left.Where((_, n) => !neurons.Contains(n))]);
    }

    /// <summary>All removed neurons, as a selection of neurons of a model that has lost none yet.</summary>
    public IReadOnlyList<NeuronSelection> Gone(NeuronMap whole) =>
        [.. whole.Groups.Select(g => new NeuronSelection(g, [.. Enumerable.Range(0, groups[g.Name].Original).Except(groups[g.Name].Left)]))
            .Where(s => s.Neurons.Count > 0)];

    /// <summary>The neurons that are removed here but not in an earlier state, by their numbers in that state.</summary>
    public IReadOnlyList<NeuronSelection> GoneSince(IReadOnlyDictionary<string, int[]> then, NeuronMap map) =>
    [
        .. map.Groups.Select(g => (Group: g, Then: then[g.Name], Left: groups[g.Name].Left.ToHashSet()))
            .Select(g => new NeuronSelection(g.Group, [.. Enumerable.Range(0, g.Then.Length).Where(n => !g.Left.Contains(g.Then[n]))]))
            .Where(s => s.Neurons.Count > 0),
    ];

    /// <summary>Per group, the original numbers of the remaining neurons.</summary>
    public IReadOnlyDictionary<string, int[]> Left => groups.ToDictionary(g => g.Key, g => g.Value.Left);

    public void Write(BinaryWriter writer)
    {
        writer.Write(groups.Count);
        foreach (var (name, (original, left)) in groups)
        {
            writer.Write(name);
            writer.Write(original);
            writer.Write(left.Length);
            foreach (var neuron in left)
                writer.Write(neuron);
        }
    }

    /// <exception cref="InvalidDataException">The ledger belongs to a model with other groups.</exception>
    public void Read(BinaryReader reader)
    {
        if (reader.ReadInt32() is var count && count != groups.Count)
            throw new InvalidDataException($"The checkpoint is of a model with {count} groups of neurons; this one has {groups.Count}.");
        for (; count > 0; count--)
        {
            var (name, original) = (reader.ReadString(), reader.ReadInt32());
            if (!groups.TryGetValue(name, out var mine) || mine.Original != original)
                throw new InvalidDataException($"The checkpoint is of a model whose group '{name}' began with {original} neurons; "
                    + $"{(mine.Left is null ? "this one has no such group" : $"this one's began with {mine.Original}")}.");
            var left = new int[reader.ReadCount(sizeof(int))];
            for (var i = 0; i < left.Length; i++)
                left[i] = reader.ReadInt32();
            groups[name] = (original, left);
        }
    }
}
