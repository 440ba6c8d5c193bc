namespace MLNet.Pruning.Plans;

/// <summary>What the plan of a classifier gives for each class.</summary>
public enum ScoringOutput
{
    /// <summary>Probabilities: the softmax of the logits.</summary>
    Probabilities,

    /// <summary>The logits as the network computes them.</summary>
    Logits,
}
