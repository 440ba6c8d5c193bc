namespace MLNet.Pruning;

/// <summary>Scores neurons by chance: what any criterion has to beat. The same seed, group and size give the same scores; a group that has shrunk draws anew.</summary>
/// <param name="Seed">Any number.</param>
public sealed record RandomImportance(long Seed = 0) : IImportance
{
    /// <inheritdoc/>
    public bool NeedsData => false;

    /// <inheritdoc/>
    public IImportanceObserver Watch(NeuronMap map, int threads = 1) => Criterion.OfGroups(Draw, nameof(RandomImportance)).Watch(map, threads);

    double[] Draw(NeuronGroup group)
    {
        var stream = (long)group.Size;
        foreach (var letter in group.Name)
            stream = stream * 31 + letter;
        var random = new ShuffleRandom(Seed, stream);
        return [.. Enumerable.Range(0, group.Size).Select(_ => (random.Next() >> 11) * Math.ScaleB(1, -53))];
    }
}
