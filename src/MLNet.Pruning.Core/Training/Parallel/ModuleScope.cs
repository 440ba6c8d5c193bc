using static TorchSharp.torch;

namespace MLNet.Pruning.Training;

static class ModuleScope
{
    /// <summary>Takes a module's tensors out of the dispose scope that it was built in, so that the module outlives the step.</summary>
    public static void Detach(nn.Module module)
    {
        foreach (var (_, parameter) in module.named_parameters())
            parameter.DetachFromDisposeScope();
        foreach (var (_, buffer) in module.named_buffers())
            buffer.DetachFromDisposeScope();
    }
}
