using static TorchSharp.torch;

namespace MLNet.Pruning.Neurons;

/// <summary>
/// Proves by trial that groups can shrink: removes neurons of each group and restores them, first the last one, then about half of them.
/// This finds what tracing cannot see, such as a reshape with a hard-coded size, or features that are split in half.
/// </summary>
static class RemovalCheck
{
    /// <summary>Removes the groups that cannot shrink from the list, and returns them with reasons.</summary>
    public static List<SkippedNeurons> Run(List<NeuronGroup> groups, Func<IReadOnlyCollection<NeuronSelection>, string?> attempt)
    {
        var failed = new List<SkippedNeurons>();
        var all = groups.Select((group, place) => new[] { Last(group), Half(group, place), Half(group, place + 1) }).ToArray();
        if (Refusal(all) is null)
            return failed;
        var good = new List<NeuronSelection[]>();
        foreach (var ways in all)
        {
            // Together with the groups that passed already, to find groups that fail only together.
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
            .Select(way => attempt([.. some.Select(ways => ways[way])]) is { } reason
                ? $"removing {(way == 0 ? "one" : "some")} of its neurons fails: {reason}" : null)
            .FirstOrDefault(reason => reason is not null);
    }

    static NeuronSelection Last(NeuronGroup group) => new(group, [group.Size - 1]);

    // Neighbouring groups lose different numbers of neurons, since some models are correct only while their layers shrink alike. The
    // choice is the same every time.
    static NeuronSelection Half(NeuronGroup group, int place)
    {
        var neurons = Enumerable.Range(0, group.Size).ToArray();
        new ShuffleRandom(group.Size, place).Shuffle(neurons);
        return new(group, neurons[..Math.Clamp(group.Size / 2 + place % 2, 1, group.Size - 1)]);
    }
}

/// <summary>Compares a smaller network's outputs with the masked network's, up to rounding.</summary>
static class OutputComparison
{
    /// <summary>The largest difference relative to the largest output.</summary>
    /// <exception cref="InvalidOperationException">The outputs differ by more than rounding.</exception>
    public static double Check(IReadOnlyList<Tensor> masked, IReadOnlyList<Tensor> smaller, bool shapesOnly)
    {
        var largest = 0.0;
        for (var i = 0; i < masked.Count; i++)
        {
            var (a, b) = (masked[i], smaller[i]);
            if (!a.shape.SequenceEqual(b.shape))
                throw new InvalidOperationException($"without it, an output of the network has shape [{string.Join(", ", b.shape)}] "
                    + $"instead of [{string.Join(", ", a.shape)}]");
            if (shapesOnly || a.NumberOfElements == 0)
                continue;
            var (x, y) = (a.to(ScalarType.Float64), b.to(ScalarType.Float64));
            var scale = x.abs().max().item<double>();
            var difference = (x - y).abs().max().item<double>() / (scale > 0 ? scale : 1);
            // Allows for sums of a few thousand terms in another order, through some tens of layers.
            var tolerance = a.dtype switch { ScalarType.Float64 => 1e-9, ScalarType.Float32 => 1e-3, _ => 0.1 };
            if (!(difference <= tolerance))
                throw new InvalidOperationException($"without it, the network's output is off by {difference:G3} of its largest value "
                    + $"from what it is when nobody reads it");
            largest = Math.Max(largest, difference);
        }
        return largest;
    }
}
