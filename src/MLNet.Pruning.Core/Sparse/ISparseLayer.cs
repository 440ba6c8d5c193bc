using MLNet.Pruning.Sparse.Kernels;
using static TorchSharp.torch;

namespace MLNet.Pruning.Sparse;

/// <summary>What a layer computes, by the weights that are on alone. Any number of threads may use it.</summary>
interface ISparseLayer
{
    /// <summary>A row for each neuron, with an entry for each weight that is on.</summary>
    SparseRows Weights { get; }

    /// <summary>Bytes held beside the layer's own.</summary>
    long Bytes { get; }

    /// <summary>The layer's output; null where only the dense layer gives the right one: for an input of another kind or size, or with a NaN or an infinity in it, which a weight of zero
    /// turns into NaN.</summary>
    Tensor? Compute(Tensor input, VectorWidth width);
}
