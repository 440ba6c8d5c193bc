using MLNet.Pruning.Neurons;
using MLNet.Pruning.Training;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning.Importance;

/// <summary>Neurons of one group among the features that a layer reads.</summary>
/// <param name="Group">The group's place in the map.</param>
/// <param name="Indices">Per neuron, which features are its own; none for a neuron that the layer does not read.</param>
sealed record ReaderPart(int Group, IReadOnlyList<IReadOnlyList<int>> Indices)
{
    public FeatureSlice[] Slices { get; } = FeatureSlice.Of(Indices);
}

/// <summary>A layer that weighs the neurons of one or several groups against each other, and is therefore watched once.</summary>
sealed class Reader(Layer layer)
{
    public Layer Layer => layer;

    public List<ReaderPart> Parts { get; } = [];

    /// <summary>The readers of all groups, each once.</summary>
    public static Reader[] Of(NeuronMap map)
    {
        var readers = new Dictionary<Layer, Reader>();
        for (var g = 0; g < map.Groups.Count; g++)
            foreach (var member in Members(map.Groups[g]))
            {
                var known = map.LayerOf(member);
                if (!readers.TryGetValue(known, out var reader))
                    readers.Add(known, reader = new Reader(known));
                reader.Parts.Add(new(g, member.Indices));
            }
        return [.. readers.Values];
    }

    /// <summary>Refuses groups that are read only by layers that pass them on.</summary>
    public static void Check(IEnumerable<NeuronGroup> groups, string criterion)
    {
        ArgumentNullException.ThrowIfNull(groups);
        foreach (var group in groups)
            if (!Members(group).Any())
                throw new NotSupportedException($"{criterion} cannot score group '{group.Name}': it is read by convolutions in groups "
                    + "alone, which weigh none of its neurons against another.");
    }

    // A convolution in groups reads each of its groups of channels as one neuron, which it also computes: it carries them on to those that
    // weigh them.
    static IEnumerable<NeuronGroupMember> Members(NeuronGroup group) => group.Consumers.Where(c => !Carries(c, group));

    static bool Carries(NeuronGroupMember consumer, NeuronGroup group)
    {
        // The second dimension counts the channels of one group that are read, or computed by a transposed convolution; a plain layer's is
        // its whole side.
        var side = consumer.Module is ConvTranspose1d or ConvTranspose2d
            ? group.Producers.FirstOrDefault(p => p.Path == consumer.Path)
            : consumer;
        return side?.Indices.Sum(i => i.Count) > consumer.Module.get_parameter("weight")?.shape[1];
    }

    /// <summary>[samples, features, values]: what the layer reads, with everything that is neither sample nor feature as values.</summary>
    public Tensor Normal(Tensor input)
    {
        var axis = layer.FeatureAxis(input);
        if (axis == 0)
            (input, axis) = (input.unsqueeze(0), 1);
        if (input.Dimensions == 2)
            return input.unsqueeze(-1);
        return (axis == 1 ? input : input.transpose(axis, 1)).flatten(2);
    }
}

/// <summary>Neurons that own equally many features, and how to read these from a tensor as one dimension of neurons.</summary>
sealed class FeatureSlice
{
    readonly long[]? features;
    readonly int first, block;

    FeatureSlice(int[] neurons, IReadOnlyList<IReadOnlyList<int>> indices)
    {
        (Neurons, Places, block) = (neurons, [.. neurons.Select(n => (long)n)], indices[neurons[0]].Count);
        var all = neurons.SelectMany(n => indices[n]).ToArray();
        first = all[0];
        if (!all.Select((index, i) => index - i).All(d => d == first))
            features = [.. all.Select(i => (long)i)];
    }

    /// <summary>The neurons' numbers in their group.</summary>
    public int[] Neurons { get; }

    /// <summary>The same as LibTorch's indices.</summary>
    public long[] Places { get; }

    /// <summary>One slice for each count of features that neurons own; most often there is one in all.</summary>
    public static FeatureSlice[] Of(IReadOnlyList<IReadOnlyList<int>> indices) =>
        [.. Enumerable.Range(0, indices.Count).Where(n => indices[n].Count > 0).GroupBy(n => indices[n].Count)
            .Select(g => new FeatureSlice([.. g], indices))];

    /// <summary>
    /// [samples, features, values] -> [samples, neurons, their features' values]; a view of features that lie side by side.
    /// </summary>
    public Tensor Take(Tensor input)
    {
        var chosen = features is null
            ? input.narrow(1, first, (long)Neurons.Length * block)
            : input.index_select(1, tensor(features, device: input.device));
        return chosen.reshape(input.shape[0], Neurons.Length, block * input.shape[2]);
    }
}

/// <summary>Shows what layers read in forward passes that gradients are recorded for, until disposed of.</summary>
sealed class ForwardWatch : IDisposable
{
    readonly List<Action> removers = [];

    public ForwardWatch(IEnumerable<Reader> readers, Action<Reader, Tensor> seen)
    {
        foreach (var reader in readers)
        {
            removers.Add(LayerWatches.Add(reader.Layer.Module, input =>
            {
                if (!is_grad_enabled() || input.shape[0] == 0)
                    return;
                using var off = no_grad();
                using var scope = NewDisposeScope();
                seen(reader, input);
            }));
        }
    }

    public void Dispose()
    {
        foreach (var remove in removers)
            remove();
        removers.Clear();
    }
}
