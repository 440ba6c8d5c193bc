using MLNet.Pruning.Training;

namespace MLNet.Pruning.Neurons;

/// <summary>
/// The proof that groups can go: neurons of each are removed and put back, first the last one, then about half of them. It catches what marks cannot show, such as a reshape that has
/// a layer's size written in it, or features that are halved wherever their middle comes to lie.
/// </summary>
static class Trial
{
    /// <summary>Takes the groups that cannot go out of the list, and gives them with the reason.</summary>
    public static List<SkippedNeurons> Run(List<NeuronGroup> groups, Func<IReadOnlyCollection<NeuronSelection>, string?> attempt)
    {
        var failed = new List<SkippedNeurons>();
        var all = groups.Select((group, place) => new[] { Last(group), Half(group, place), Half(group, place + 1) }).ToArray();
        if (Refusal(all) is null)
            return failed;
        var good = new List<NeuronSelection[]>();
        foreach (var ways in all)
        {
            // Beside those that can go already, so that groups which fail together only are found as well.
            if (Refusal([.. good, ways]) is { } reason)
            {
                var group = ways[0].Group;
                failed.AddRange(SkippedNeurons.Together(group.Name, group.Producers.Skip(1).Select(p => p.Path), reason));
                groups.Remove(group);
            }
            else
                good.Add(ways);
        }
        return failed;

        string? Refusal(IReadOnlyCollection<NeuronSelection[]> some) => Enumerable.Range(0, 3)
            .Select(way => attempt([.. some.Select(ways => ways[way])]) is { } reason ? $"removing {(way == 0 ? "one" : "some")} of its neurons fails: {reason}" : null)
            .FirstOrDefault(reason => reason is not null);
    }

    static NeuronSelection Last(NeuronGroup group) => new(group, [group.Size - 1]);

    // Of neighbouring groups not the same number, since some models do what is right only as long as their layers shrink alike; the same neurons every time.
    static NeuronSelection Half(NeuronGroup group, int place)
    {
        var neurons = Enumerable.Range(0, group.Size).ToArray();
        new ShuffleRandom(group.Size, place).Shuffle(neurons);
        return new(group, neurons[..Math.Clamp(group.Size / 2 + place % 2, 1, group.Size - 1)]);
    }
}
