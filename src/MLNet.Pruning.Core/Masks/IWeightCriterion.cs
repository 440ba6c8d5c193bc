namespace MLNet.Pruning;

/// <summary>What makes a weight worth keeping. One instance serves any number of runs, from any thread.</summary>
public interface IWeightCriterion
{
    /// <summary>Whether it looks at gradients; those of the last batch are then given.</summary>
    bool NeedsGradient { get; }

    /// <summary>Scores weights; larger stays on.</summary>
    /// <param name="weights">The persistent weights, whether on or off.</param>
    /// <param name="gradients">For each weight the gradient of the loss with respect to what the network saw in its place; empty unless asked for.</param>
    /// <param name="scores">Receives a score for each weight, comparable between layers.</param>
    void Score(ReadOnlySpan<float> weights, ReadOnlySpan<float> gradients, Span<float> scores);
}
