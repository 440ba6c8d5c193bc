using MLNet.Pruning.Training;
using static TorchSharp.torch;

namespace MLNet.Pruning.Neurons;

/// <summary>Shrinks the state that an optimizer of TorchSharp keeps of each parameter as the parameter shrinks.</summary>
static class OptimizerStates
{
    public static void Cut(optim.Optimizer optimizer, IReadOnlyList<TensorCut> cuts)
    {
        using var off = no_grad();
        using var scope = NewDisposeScope();
        var states = TorchOptimizerStates.Of(optimizer);
        // Known by where they lie, now that they have shrunk: an embedding makes another object for its weight each time it is asked.
        var owners = SharedTensors.Owners([.. states.Select(s => s.Parameter), .. cuts.Select(c => c.Tensor)]);
        foreach (var (owner, (_, state)) in owners.Zip(states))
        {
            if (owner < states.Count)
                continue;
            var cut = cuts[owner - states.Count];
            foreach (var (_, tensor) in TorchOptimizerStates.Tensors(state))
                if (tensor.shape.SequenceEqual(cut.Shape))
                    tensor.set_(cut.Of(tensor)); // State of other shapes is the whole parameter's.
        }
    }
}
