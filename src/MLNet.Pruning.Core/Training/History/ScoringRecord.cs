namespace MLNet.Pruning.Training;

/// <summary>How a layer is computed when the model scores.</summary>
public sealed record ScoringRecord
{
    /// <summary>The layer's name in the model.</summary>
    public required string Layer { get; init; }

    /// <summary>What computes it, such as <c>dense rows</c> or <c>sparse lanes</c>; empty in histories of older versions.</summary>
    public string Kernel { get => field ?? ""; init; }

    /// <summary>Numbers that each of its outputs is a sum of; of a convolution, a filter's taps.</summary>
    public required int Inputs { get; init; }

    /// <summary>Numbers that it computes of a row; of a convolution, channels.</summary>
    public required int Outputs { get; init; }

    /// <summary>The fraction of its weights that are not zero.</summary>
    public required double Density { get; init; }
}
