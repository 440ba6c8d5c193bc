using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning.Training;

/// <summary>Reads and writes the state that TorchSharp's optimizers keep of a parameter.</summary>
static class OptimizerStates
{
    public static IReadOnlyList<OptimizerState> Of(optim.Optimizer optimizer) => optimizer is OptimizerHelper helper
        ? helper.state_dict().State
        : throw Unknown(optimizer);

    public static long Steps(OptimizerState state) => state switch
    {
        Adam.State adam => adam.step,
        AdamW.State adam => adam.step,
        RMSProp.State rms => rms.step,
        SGD.State => 0,
        _ => throw Unknown(state),
    };

    public static void SetSteps(OptimizerState state, long steps)
    {
        switch (state)
        {
            case Adam.State adam:
                adam.step = steps;
                break;
            case AdamW.State adam:
                adam.step = steps;
                break;
            case RMSProp.State rms:
                rms.step = steps;
                break;
        }
    }

    /// <summary>The tensors that are there, by name; they stay the optimizer's.</summary>
    public static IEnumerable<(string Name, Tensor Tensor)> Tensors(OptimizerState state)
    {
        (string, Tensor?)[] all = state switch
        {
            Adam.State adam => [("exp_avg", adam.exp_avg), ("exp_avg_sq", adam.exp_avg_sq), ("max_exp_avg_sq", adam.max_exp_avg_sq)],
            AdamW.State adam => [("exp_avg", adam.exp_avg), ("exp_avg_sq", adam.exp_avg_sq), ("max_exp_avg_sq", adam.max_exp_avg_sq)],
            RMSProp.State rms => [("square_avg", rms.square_avg), ("momentum_buffer", rms.momentum_buffer), ("grad_avg", rms.grad_avg)],
            SGD.State sgd => [("momentum_buffer", sgd.momentum_buffer)],
            _ => throw Unknown(state),
        };
        foreach (var (name, tensor) in all)
            if (tensor is not null)
                yield return (name, tensor);
    }

    /// <summary>The tensor of that name; one that comes with the first step only is made now, of zeros.</summary>
    public static Tensor Tensor(OptimizerState state, string name, Tensor like)
    {
        foreach (var (found, tensor) in Tensors(state))
            if (found == name)
                return tensor;
        if (state is SGD.State sgd && name == "momentum_buffer")
            return sgd.momentum_buffer = zeros_like(like).detach().DetachFromDisposeScope();
        throw new ArgumentException($"{state.GetType().DeclaringType?.Name} remembers no '{name}'.");
    }

    static NotSupportedException Unknown(object optimizer) => new($"{(optimizer as OptimizerState)?.GetType().DeclaringType?.Name ?? optimizer.GetType().Name} does not say what it remembers of a parameter.");
}
