namespace MLNet.Pruning.Neurons;

/// <summary>
/// The proof that groups can go: one neuron of each is removed and put back. It catches what marks cannot show, such as a reshape that
/// has a layer's size written in it.
/// </summary>
static class Trial
{
    /// <summary>Takes the groups that cannot go out of the list, and gives them with the reason.</summary>
    public static List<SkippedNeurons> Run(List<NeuronGroup> groups, Func<IReadOnlyCollection<NeuronSelection>, string?> attempt)
    {
        var failed = new List<SkippedNeurons>();
        if (attempt([.. groups.Select(Last)]) is null)
            return failed;
        var good = new List<NeuronSelection>();
        foreach (var group in groups.ToArray())
        {
            // Beside those that can go already, so that groups which fail together only are found as well.
            if (attempt([.. good, Last(group)]) is { } reason)
            {
                failed.Add(new(group.Name, $"removing one of its neurons fails: {reason}"));
                groups.Remove(group);
            }
            else
                good.Add(Last(group));
        }
        return failed;
    }

    static NeuronSelection Last(NeuronGroup group) => new(group, [group.Size - 1]);
}
