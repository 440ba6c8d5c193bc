using MLNet.Pruning.Neurons;
using MLNet.Pruning.Persistence;
using static TorchSharp.torch;

namespace MLNet.Pruning.Models;

/// <summary>Cuts a new module to the sizes of a pruned one of the same kind, so that its weights can be loaded.</summary>
static class SizeFit
{
    /// <summary>The shapes of a module's tensors by name.</summary>
    public static IReadOnlyDictionary<string, long[]> Of(nn.Module module) =>
        ModuleState.Tensors(module).DistinctBy(t => t.Name).ToDictionary(t => t.Name, t => t.Tensor.shape);

    public static bool AreSame(IReadOnlyDictionary<string, long[]>? left, IReadOnlyDictionary<string, long[]>? right) => left is null
        || right is null
        ? left is null && right is null
        : left.Count == right.Count && left.All(l => right.TryGetValue(l.Key, out var shape) && shape.SequenceEqual(l.Value));

    /// <summary>
    /// Removes neurons until all tensors have the wanted shapes. It does not matter which neurons, as the weights are loaded later.
    /// </summary>
    /// <exception cref="InvalidOperationException">It is another module, or it cannot be cut to these shapes.</exception>
    public static void Cut(nn.Module<Tensor, Tensor> module, IReadOnlyList<long> inputShape, IReadOnlyDictionary<string, long[]> wanted,
        string name)
    {
        var built = Of(module);
        if (AreSame(built, wanted))
            return;
        if (built.Keys.FirstOrDefault(key => !wanted.ContainsKey(key)) is { } extra)
            throw new InvalidOperationException($"The builder of module '{name}' gives a tensor '{extra}' that the saved model does not "
                + "have; it must build what was trained.");
        if (wanted.Keys.FirstOrDefault(key => !built.ContainsKey(key)) is { } missing)
            throw new InvalidOperationException($"The saved model has a tensor '{missing}' that the builder of module '{name}' does not "
                + "give; it must build what was trained.");
        foreach (var (key, shape) in wanted)
            if (shape.Length != built[key].Length || shape.Zip(built[key]).Any(d => d.First > d.Second))
                throw Differs(key);

        using (var scope = NewDisposeScope())
        {
            var map = NeuronMap.Discover(module, zeros([1, .. inputShape]));
            var sizes = Solve(map, wanted);
            map.Remove([.. map.Groups.Where(g => sizes[g] < g.Size).Select(g =>
                new NeuronSelection(g, [.. Enumerable.Range(sizes[g], g.Size - sizes[g])]))]);
        }
        var cut = Of(module);
        if (wanted.Keys.FirstOrDefault(key => !cut[key].SequenceEqual(wanted[key])) is { } unlike)
            throw Differs(unlike);

        InvalidOperationException Differs(string key) => new(
            $"The builder of module '{name}' gives '{key}' as [{string.Join(", ", built[key])}], which cannot be cut to "
                + $"[{string.Join(", ", wanted[key])}] as the saved model has it; it must build what was trained.");
    }

    /// <summary>
    /// The final number of neurons of each group. For every side of a layer, the features of its groups' neurons and of no group add up to
    /// the side's size; so a side with one unknown group gives that group's size, and so on.
    /// </summary>
    static Dictionary<NeuronGroup, int> Solve(NeuronMap map, IReadOnlyDictionary<string, long[]> wanted)
    {
        var sides = map.Groups.SelectMany(g => g.Members.Select(m => (Group: g, Member: m))).GroupBy(x => (x.Member.Path, x.Member.Side))
            .Select(side => (Lost: Lost(side.First().Member, wanted), Groups: side
                .Select(x => (x.Group, Each: x.Member.Indices[0].Count)).ToArray()))
            .Where(side => side.Lost is not null).ToArray();
        var removed = new Dictionary<NeuronGroup, int>();
        for (var moved = true; moved;)
        {
            moved = false;
            foreach (var (lost, groups) in sides)
            {
                var open = groups.Where(g => !removed.ContainsKey(g.Group)).ToArray();
                if (open.Length != 1)
                    continue;
                var rest = lost!.Value - groups.Where(g => removed.ContainsKey(g.Group)).Sum(g => (long)removed[g.Group] * g.Each);
                // If the numbers do not divide evenly or leave nothing, the comparison of shapes fails later.
                removed[open[0].Group] = (int)Math.Clamp(rest / open[0].Each, 0, open[0].Group.Size - 1);
                moved = true;
            }
        }
        return map.Groups.ToDictionary(g => g, g => g.Size - removed.GetValueOrDefault(g));
    }

    /// <summary>How many features this side of a layer must lose; null if no tensor tells.</summary>
    static long? Lost(NeuronGroupMember member, IReadOnlyDictionary<string, long[]> wanted)
    {
        if (Layer.Of(member.Path, member.Module) is not { } layer)
            return null;
        foreach (var tensor in layer.Tensors)
        {
            var axis = Array.IndexOf(tensor.Sides, member.Side);
            var name = member.Path.Length > 0 ? $"{member.Path}.{tensor.Name}" : tensor.Name;
            // In a grouped convolution, the second dimension counts the inputs within a group.
            if (axis >= 0 && wanted.TryGetValue(name, out var shape) && !(layer.Kind is LayerKind.Convolution or LayerKind.Transposed
                && axis == 1 && IsGrouped(member)))
                return tensor.Tensor.shape[axis] - shape[axis];
        }
        return null;
    }

    static bool IsGrouped(NeuronGroupMember member)
    {
        var side = member.Indices.Max(n => n.Max()) + 1;
        var weight = member.Module.named_parameters(false).First(p => p.name == "weight").parameter;
        return side > weight.shape[1];
    }
}
