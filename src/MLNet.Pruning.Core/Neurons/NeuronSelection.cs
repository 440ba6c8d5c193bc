namespace MLNet.Pruning;

/// <summary>Some neurons of a group.</summary>
/// <param name="Group">The group, of the map that is asked.</param>
/// <param name="Neurons">Which of its neurons, each from 0 to the group's size - 1; at least one neuron must be left.</param>
public sealed record NeuronSelection(NeuronGroup Group, IReadOnlyCollection<int> Neurons);

/// <summary>What a removal has changed.</summary>
/// <param name="Groups">The groups that have lost neurons.</param>
/// <param name="ParametersBefore">Numbers in the model's parameters before; those of shared parameters counted once.</param>
/// <param name="ParametersAfter">The same after.</param>
/// <param name="Difference">Where it was compared: the largest difference between what the smaller network computes and what the masked one computed, as a share of the largest output.</param>
public sealed record NeuronRemoval(IReadOnlyList<GroupRemoval> Groups, long ParametersBefore, long ParametersAfter, double? Difference);

/// <summary>What one group has lost.</summary>
/// <param name="Name">The group's name.</param>
/// <param name="Before">Its size before.</param>
/// <param name="After">Its size after.</param>
/// <param name="Neurons">Which neurons went, by the numbers they had before, in ascending order.</param>
public sealed record GroupRemoval(string Name, int Before, int After, IReadOnlyList<int> Neurons);
