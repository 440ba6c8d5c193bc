
namespace MLNet.Pruning;

/// <summary>Several ways to prune one model, such as a <see cref="NeuronPruning"/> and a <see cref="WeightPruning"/>: masks shrink index for index when neurons go.</summary>
/// <param name="Parts">The ways, in the order in which they act at the same time.</param>
public sealed record CombinedPruning(IReadOnlyList<ITrainingPruning> Parts) : ITrainingPruning
{
    /// <summary>Several ways to prune one model, in the order in which they act at the same time.</summary>
    public CombinedPruning(params ITrainingPruning[] parts)
        : this((IReadOnlyList<ITrainingPruning>)parts)
    {
    }

    /// <inheritdoc/>
    public void Validate(TrainingOptions options)
    {
        TrainingOptions.Require(Parts is not null && Parts.Count > 0 && !Parts.Contains(null!), $"Pruning.{nameof(Parts)}", Parts is null ? null : $"{Parts.Count} ways", "at least one way to prune, without null among them");
        foreach (var part in Parts!)
            part.Validate(options);
    }

    /// <inheritdoc/>
    public ITrainingHook Begin() => new CombinedHook([.. Parts.Select(part => part.Begin())]);
}
