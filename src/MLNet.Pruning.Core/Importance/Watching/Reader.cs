using MLNet.Pruning.Neurons;
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

    /// <summary>The groups that have a reader, by their places in the map.</summary>
    public static HashSet<int> Groups(IEnumerable<Reader> readers) => [.. readers.SelectMany(r => r.Parts).Select(p => p.Group)];

    /// <summary>Refuses groups that no layer reads but by carrying them on.</summary>
    public static void Check(IEnumerable<NeuronGroup> groups, string criterion)
    {
        ArgumentNullException.ThrowIfNull(groups);
        foreach (var group in groups)
            if (!Members(group).Any())
                throw new NotSupportedException($"{criterion} cannot score group '{group.Name}': it is read by convolutions in groups alone, which weigh none of its neurons against another.");
    }

    // A convolution in groups reads each of its groups of channels as one neuron, which it also computes: it carries them on to those that weigh them.
    static IEnumerable<NeuronGroupMember> Members(NeuronGroup group) => group.Consumers.Where(c => !Carries(c, group));

    static bool Carries(NeuronGroupMember consumer, NeuronGroup group)
    {
        // The second dimension counts the channels of one group that are read, or computed by a transposed convolution; a plain layer's is its whole side.
        var side = consumer.Module is ConvTranspose1d or ConvTranspose2d ? group.Producers.FirstOrDefault(p => p.Path == consumer.Path) : consumer;
        return side is not null && consumer.Module.get_parameter("weight") is { } weight && side.Indices.Sum(i => i.Count) > weight.shape[1];
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
