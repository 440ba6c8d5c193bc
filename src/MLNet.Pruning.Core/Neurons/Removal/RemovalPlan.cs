namespace MLNet.Pruning.Neurons;

/// <summary>The indices that each layer loses on each side when some neurons are removed.</summary>
sealed class RemovalPlan
{
    readonly Dictionary<Layer, Dictionary<NeuronSide, HashSet<int>>> lost = [];

    public RemovalPlan(IEnumerable<NeuronSelection> selections, Func<NeuronGroupMember, Layer> layerOf)
    {
        foreach (var selection in selections)
            foreach (var member in selection.Group.Members)
            {
                var sides = lost.TryGetValue(layerOf(member), out var known) ? known : lost[layerOf(member)] = [];
                var indices = sides.TryGetValue(member.Side, out var some) ? some : sides[member.Side] = [];
                foreach (var neuron in selection.Neurons)
                    indices.UnionWith(member.Indices[neuron]);
            }
        foreach (var (layer, sides) in lost)
            foreach (var (side, indices) in sides)
                if (indices.Count == layer.Count(side))
                    throw new ArgumentException($"Removing these neurons would leave nothing of {layer.Label}.", nameof(selections));
    }

    public IEnumerable<Layer> Layers => lost.Keys;

    public IReadOnlyCollection<int> Of(Layer layer, NeuronSide side) => lost.GetValueOrDefault(layer)?.GetValueOrDefault(side) ?? [];

    /// <summary>The indices that stay; null if all do.</summary>
    public long[]? Kept(Layer layer, NeuronSide side)
    {
        var gone = lost.GetValueOrDefault(layer)?.GetValueOrDefault(side);
        return gone is null || gone.Count == 0 ? null
            : [.. Enumerable.Range(0, layer.Count(side)).Where(i => !gone.Contains(i)).Select(i => (long)i)];
    }

    /// <summary>A group's member, renumbered after the removal.</summary>
    /// <param name="member">The member.</param>
    /// <param name="before">The size of that side of its layer before.</param>
    /// <param name="layer">Its layer.</param>
    /// <param name="neurons">The removed neurons of the group.</param>
    public NeuronGroupMember Renumber(NeuronGroupMember member, int before, Layer layer, IReadOnlySet<int> neurons)
    {
        var gone = Of(layer, member.Side);
        if (gone.Count == 0 && neurons.Count == 0)
            return member;
        // An index moves down by the number of removed indices below it.
        var places = new Dictionary<int, int>();
        for (int i = 0, place = 0; i < before; i++)
            if (!gone.Contains(i))
                places[i] = place++;
        var left = member.Indices.Where((_, n) => !neurons.Contains(n));
        return member with { Indices = [.. left.Select(n => (IReadOnlyList<int>)[.. n.Select(i => places[i])])] };
    }
}
