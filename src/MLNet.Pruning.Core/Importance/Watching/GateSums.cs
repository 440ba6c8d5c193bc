using static TorchSharp.torch;

namespace MLNet.Pruning.Importance;

/// <summary>Gates before the readers of all groups, and the means over samples of the absolute value of what they give.</summary>
sealed class GateSums : IDisposable
{
    readonly NeuronSums sums;
    readonly HashSet<int> read;
    readonly GateWatch watch;
    readonly int[][] neurons;

    public GateSums(NeuronMap map, Func<bool> open)
    {
        var readers = Reader.Of(map);
        (sums, read, watch) = (new(map), Reader.Groups(readers), new(map, readers, open));
        neurons = [.. map.Groups.Select(g => Enumerable.Range(0, g.Size).ToArray())];
    }

    public IReadOnlyList<Tensor> Gates => watch.Gates;

    /// <summary>Adds what a batch gives.</summary>
    /// <param name="gradients">The gates' gradients; null for those that backward has left.</param>
    /// <param name="batch">The batch.</param>
    /// <param name="mean">Whether each neuron's values are averaged instead of added up.</param>
    /// <param name="factor">What scores are multiplied by.</param>
    public void Add(IReadOnlyList<Tensor>? gradients, Batch batch, bool mean, double factor = 1)
    {
        ArgumentNullException.ThrowIfNull(batch);
        using var off = no_grad();
        using var scope = NewDisposeScope();
        var totals = watch.Shut(gradients, batch.Rows, mean);
        for (var g = 0; g < totals.Length; g++)
            if (totals[g] is { } total)
                sums.Add(g, neurons[g], total.abs().Times(factor));
    }

    public void Add(GateSums other) => sums.Add(other.sums);

    public IReadOnlyList<double[]> Means() => sums.Means(read);

    public void Dispose() => watch.Dispose();
}
