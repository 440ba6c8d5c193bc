using System.Collections.Immutable;

namespace MLNet.Pruning;

/// <summary>What each neuron of a group contributed to the weighted sums of the layers that read it.</summary>
/// <param name="Average">C_avg: per neuron, the mean share over samples and consumers.</param>
/// <param name="Maximum">C_max: per neuron, the largest share over samples and consumers.</param>
public sealed record ContributionScores(ImmutableArray<double> Average, ImmutableArray<double> Maximum);
