namespace MLNet.Pruning;

/// <summary>What computes the gradients of a training.</summary>
public enum TrainingCompute
{
    /// <summary>A plan where there is one for the network, the objective and what is watched; otherwise LibTorch.</summary>
    Automatic,

    /// <summary>LibTorch's autograd, through the module.</summary>
    LibTorch,

    /// <summary>A plan; a run for which there is none fails before it begins.</summary>
    Plan,
}
