namespace MLNet.Pruning.Plans;

/// <summary>What a plan computes layers in.</summary>
public enum ScoringPrecision
{
    /// <summary>Single precision.</summary>
    Float,

    /// <summary>
    /// Integers of 8 bits in linear layers where the machine computes them faster: the weights of each output have a scale of their own,
    /// and so
    /// have the inputs of each row. Scores change a little: <see cref="QuantizationReport"/> measures how much. Convolutions, small
    /// layers,
    /// layers of which few weights are active, and machines without AVX-VNNI stay in single precision; <see cref="ScoringPlan.Steps"/>
    /// says so.
    /// </summary>
    Int8,
}
