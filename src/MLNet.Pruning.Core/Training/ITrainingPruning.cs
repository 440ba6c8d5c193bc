namespace MLNet.Pruning;

/// <summary>A way to prune a model while it trains: immutable settings for any number of runs.</summary>
public interface ITrainingPruning
{
    /// <summary>Throws an <see cref="ArgumentException"/> that names the first wrong setting, its value and what it must be.</summary>
    /// <param name="options">The options of the run.</param>
    void Validate(TrainingOptions options);

    /// <summary>
    /// Makes a hook for one run; every run needs one of its own. The hook warns with <see cref="TrainingRun.Warn"/> before the first step
    /// if the settings will probably not do what was intended.
    /// </summary>
    ITrainingHook Begin();
}

/// <summary>Combines several ways to prune one model, such as neurons and weights: masks shrink with the neurons.</summary>
/// <param name="Parts">The parts, in the order in which they act at the same time.</param>
public sealed record CombinedPruning(IReadOnlyList<ITrainingPruning> Parts) : ITrainingPruning
{
    /// <summary>Combines several ways to prune one model, in the order in which they act at the same time.</summary>
    public CombinedPruning(params ITrainingPruning[] parts)
        : this((IReadOnlyList<ITrainingPruning>)parts)
    {
    }

    /// <inheritdoc/>
    public void Validate(TrainingOptions options)
    {
        TrainingOptions.Require(Parts is not null && Parts.Count > 0 && !Parts.Contains(null!), $"Pruning.{nameof(Parts)}",
            Parts is null ? null : $"{Parts.Count} ways", "at least one way to prune, without null among them");
        foreach (var part in Parts!)
            part.Validate(options);
    }

    /// <inheritdoc/>
    public ITrainingHook Begin() => new CombinedHook([.. Parts.Select(part => part.Begin())]);
}
