using System.Reflection;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning.Neurons;

/// <summary>Shrinks what an optimizer remembers of each parameter (momentum, averages of gradients and their squares) as the parameter shrinks.</summary>
static class OptimizerStates
{
    const BindingFlags Own = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    /// <exception cref="NotSupportedException">The optimizer's state cannot be reached.</exception>
    public static void Check(optim.Optimizer optimizer)
    {
        if (optimizer is not OptimizerHelper || optimizer.GetType().Name == "LBFGS")
            throw new NotSupportedException($"The state of {optimizer.GetType().Name} is not kept by parameter, so neurons cannot be removed under it. Make a new optimizer after the removal instead.");
    }

    public static void Cut(optim.Optimizer optimizer, IReadOnlyList<TensorCut> cuts)
    {
        using var off = no_grad();
        using var scope = NewDisposeScope();
        // Known by where they lie, now that they have shrunk: some layers make another object for the same parameter each time they are asked.
        var parameters = optimizer.parameters().ToArray();
        var owners = SharedTensors.Owners([.. parameters, .. cuts.Select(c => c.Tensor)]);
        var states = ((OptimizerHelper)optimizer).state_dict().State;
        foreach (var (owner, state) in owners.Zip(states))
        {
            if (owner < parameters.Length)
                continue;
            var cut = cuts[owner - parameters.Length];
            foreach (var tensor in Tensors(state))
                if (tensor.shape.SequenceEqual(cut.Shape))
                    tensor.set_(cut.Of(tensor)); // State of other shapes, such as a count of steps, is the whole parameter's.
        }
    }

    static IEnumerable<Tensor> Tensors(OptimizerState state)
    {
        for (var type = state.GetType(); type is not null && type != typeof(object); type = type.BaseType)
            foreach (var field in type.GetFields(Own))
                if (field.GetValue(state) is Tensor { IsInvalid: false } tensor)
                    yield return tensor;
    }
}
