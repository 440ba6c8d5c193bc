using static TorchSharp.torch;

namespace MLNet.Pruning.Sparse;

/// <summary>What a layer computes, by the weights that are on alone. Any number of threads may use it.</summary>
interface ISparseLayer
{
    /// <summary>A row for each neuron, with an entry for each weight that is on.</summary>
    SparseRows Weights { get; }

    /// <summary>Bytes held beside the layer's own.</summary>
    long Bytes { get; }

    /// <summary>Whether the layer's weights, which were copied, are still these.</summary>
    bool Holds(Tensor weight, Tensor? shift);

    /// <summary>The layer's output; null for an input of another kind or size than it computes. Of a row, what it gives does not depend on
    /// the rows beside it. A row with a NaN or an infinity in it is the dense layer's: only there does a weight of zero turn it into
    /// NaN.</summary>
    Tensor? Compute(Tensor input, VectorWidth width);
}
