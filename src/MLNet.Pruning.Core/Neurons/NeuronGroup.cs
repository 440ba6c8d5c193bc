using System.Globalization;
using System.Text;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>
/// Neurons that can be removed one by one, and the layers that shrink with each. After a removal, the group contains the remaining
/// neurons.
/// </summary>
[TypeFormatterSource(TypeFormatterSourceAttribute.Reporting)]
public sealed class NeuronGroup
{
    internal NeuronGroup(string name, IReadOnlyList<NeuronGroupMember> members) => (Name, Members) = (name, members);

    /// <summary>The path of the first layer that computes the neurons. A second group of the same layer has "#2" appended.</summary>
    public string Name { get; }

    /// <summary>The number of neurons.</summary>
    public int Size => Members[0].Indices.Count;

    /// <summary>The layers that must shrink together; those that compute the neurons come first.</summary>
    public IReadOnlyList<NeuronGroupMember> Members { get; internal set; }

    /// <summary>The layers that compute the neurons.</summary>
    public IEnumerable<NeuronGroupMember> Producers => Members.Where(m => m.Side == NeuronSide.Out);

    /// <summary>The layers that read the neurons.</summary>
    public IEnumerable<NeuronGroupMember> Consumers => Members.Where(m => m.Side == NeuronSide.In);

    /// <summary>A description such as "conv1: 64 neurons: conv1 [out], bn1, fc [in, 16 each]".</summary>
    public override string ToString()
    {
        var text = new StringBuilder().Append(CultureInfo.InvariantCulture, $"{Name}: {Size} neurons: ");
        for (var i = 0; i < Members.Count; i++)
        {
            var member = Members[i];
            var each = member.Indices[0].Count;
            var notes = new List<string>();
            if (member.Side != NeuronSide.Through)
                notes.Add(member.Side == NeuronSide.In ? "in" : "out");
            if (each > 1)
                notes.Add($"{each} each");
            if (each > 1 && member.Module is Convolution { groups: > 1 })
                notes.Add("by the group");
            text.Append(i > 0 ? ", " : "").Append(member.Path);
            if (notes.Count > 0)
                text.Append(" [").AppendJoin(", ", notes).Append(']');
        }
        return text.ToString();
    }
}

/// <summary>One layer of a group.</summary>
/// <param name="Path">Where the layer is in the model, such as "layer1.0.conv1"; empty for the model itself.</param>
/// <param name="Module">The layer.</param>
/// <param name="Side">Whether the neurons are the layer's inputs, its outputs, or both.</param>
/// <param name="Indices">For each neuron, its features (channels) on that side, in ascending order; equally many for each.</param>
public sealed record NeuronGroupMember(string Path, nn.Module<Tensor, Tensor> Module, NeuronSide Side,
    IReadOnlyList<IReadOnlyList<int>> Indices);

/// <summary>Neurons that cannot be pruned, and why.</summary>
/// <param name="Name">The layer that computes them, or the group.</param>
/// <param name="Reason">The obstacle, with the layer that causes it.</param>
public sealed record SkippedNeurons(string Name, string Reason)
{
    /// <summary>Whether it is a layer of a kind that cannot be pruned at all.</summary>
    internal bool IsUnknown { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Name}: {Reason}";

    /// <summary>If one layer's neurons must stay, so must those of all layers that compute them together.</summary>
    internal static IEnumerable<SkippedNeurons> Together(string name, IEnumerable<string> others, string reason) =>
        others.Select(other => new SkippedNeurons(other, $"it loses neurons together with {name}, which is left alone"))
            .Prepend(new(name, reason));
}

/// <summary>The side of a layer on which neurons are.</summary>
public enum NeuronSide
{
    /// <summary>The layer reads them.</summary>
    In,

    /// <summary>The layer computes them.</summary>
    Out,

    /// <summary>They pass through index for index, as through batch norm.</summary>
    Through,
}

/// <summary>A selection of neurons of a group.</summary>
/// <param name="Group">A group of the map to which the selection is passed.</param>
/// <param name="Neurons">The neurons, each from 0 to the group's size - 1. At least one neuron must be left.</param>
public sealed record NeuronSelection(NeuronGroup Group, IReadOnlyCollection<int> Neurons);

/// <summary>The result of a removal.</summary>
/// <param name="Groups">The groups that have lost neurons.</param>
/// <param name="ParametersBefore">The number of parameter values before; shared parameters count once.</param>
/// <param name="ParametersAfter">The same after.</param>
/// <param name="Difference">
/// If it was verified: the largest difference between the outputs of the smaller and the masked network, relative to the largest output.
/// </param>
public sealed record NeuronRemoval(IReadOnlyList<GroupRemoval> Groups, long ParametersBefore, long ParametersAfter, double? Difference);

/// <summary>The neurons that one group has lost.</summary>
/// <param name="Name">The group's name.</param>
/// <param name="Before">Its size before.</param>
/// <param name="After">Its size after.</param>
/// <param name="Neurons">The removed neurons, by their numbers before, in ascending order.</param>
public sealed record GroupRemoval(string Name, int Before, int After, IReadOnlyList<int> Neurons);
