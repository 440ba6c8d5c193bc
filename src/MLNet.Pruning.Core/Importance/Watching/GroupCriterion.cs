namespace MLNet.Pruning.Importance;

/// <summary>A criterion that needs nothing but a group as it stands.</summary>
sealed record GroupCriterion(Func<NeuronMap, NeuronGroup, double[]> Score, string Name) : IImportance
{
    public bool NeedsData => false;

    public IImportanceObserver Watch(NeuronMap map, int threads = 1)
    {
        ArgumentNullException.ThrowIfNull(map);
        return new GroupObserver(map, Score, Name);
    }

    public override string ToString() => Name;
}

/// <summary>Scores groups when it is asked to.</summary>
sealed class GroupObserver(NeuronMap map, Func<NeuronMap, NeuronGroup, double[]> score, string name) : IImportanceObserver
{
    // Replicas have the same weights: what one says, all say.
    public void Add(IImportanceObserver other)
    {
        if (other is not GroupObserver)
            throw Criterion.NotAlike(this, other);
    }

    public IReadOnlyList<double[]> Scores() => [.. map.Groups.Select(group => score(map, group) is { } scores && scores.Length == group.Size ? scores
        : throw new InvalidOperationException($"The function of {name} must give {group.Size} scores for '{group.Name}', one a neuron."))];

    public void Dispose()
    {
    }
}
