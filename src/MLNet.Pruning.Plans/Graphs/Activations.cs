using MLNet.Pruning.Plans.Kernels;

namespace MLNet.Pruning.Plans.Graphs;

static unsafe class Activations
{
    const double UsualSlope = 0.01;

    public static bool Is(GraphOperation operation) => operation is >= GraphOperation.Relu and <= GraphOperation.HardSwish;

    /// <summary>Applies an activation in place; null for none.</summary>
    public static void Apply(KernelSet kernels, GraphNode? activation, float* values, nint count)
    {
        if (activation is null)
            return;
        Activation? known = activation.Operation switch
        {
            GraphOperation.Relu => Activation.Relu,
            GraphOperation.Gelu => Activation.Gelu,
            GraphOperation.Silu => Activation.Silu,
            GraphOperation.Tanh => Activation.Tanh,
            GraphOperation.Sigmoid => Activation.Sigmoid,
            GraphOperation.LeakyRelu when activation.Coefficient == UsualSlope => Activation.LeakyRelu,
            _ => null,
        };
        if (known is { } one)
            kernels.Activate(one, values, count);
        else
            GraphKernels.Of(kernels).Apply(activation.Operation, (float)activation.Coefficient, values, count);
    }
}
