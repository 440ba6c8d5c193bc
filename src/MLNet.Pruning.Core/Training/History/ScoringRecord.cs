using System.Text.Json.Serialization;

namespace MLNet.Pruning.Training;

/// <summary>How a layer of which many weights are off is computed when the model scores.</summary>
public sealed record ScoringRecord
{
    /// <summary>The layer's name in the model.</summary>
    public required string Layer { get; init; }

    /// <summary>Numbers that each of its outputs is a sum of; of a convolution, a filter's taps.</summary>
    public required int Inputs { get; init; }

    /// <summary>Numbers that it computes of a row; of a convolution, channels.</summary>
    public required int Outputs { get; init; }

    /// <summary>The fraction of its weights that are on.</summary>
    public required double Density { get; init; }

    /// <summary>Bytes that its sparse form takes beside its weights; 0 where it is never used.</summary>
    public required long Bytes { get; init; }

    /// <summary>The choices, by how many rows the layer is given.</summary>
    public required IReadOnlyList<ScoringTime> Times { get; init; }

    /// <summary>Whether it is ever computed by the weights that are on alone.</summary>
    [JsonIgnore]
    public bool IsEverSparse => Times.Any(time => time.Sparse);
}

/// <summary>What a layer takes for so many rows, and what was chosen for it.</summary>
/// <param name="Rows">Rows that the layer is given at once; of a layer that computes tokens, these, of a convolution, images.</param>
/// <param name="DenseMicroseconds">What LibTorch's dense layer takes; null where nothing was measured.</param>
/// <param name="SparseMicroseconds">What the weights that are on alone take; null where nothing was measured.</param>
/// <param name="Sparse">Whether it is computed by these.</param>
public sealed record ScoringTime(long Rows, double? DenseMicroseconds, double? SparseMicroseconds, bool Sparse);
