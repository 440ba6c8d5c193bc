using static TorchSharp.torch;

namespace MLNet.Pruning.Neurons;

/// <summary>A model in evaluation mode for a while; every module goes back to the mode that it was in.</summary>
sealed class EvaluationMode : IDisposable
{
    readonly (nn.Module Module, bool Training)[] modes;

    public EvaluationMode(nn.Module model)
    {
        // A parent comes before its children, whose modes it sets as well.
        modes = [.. model.named_modules().Select(m => m.module).Prepend(model).Select(m => (m, m.training))];
        if (modes.Any(m => m.Training))
            model.eval();
    }

    public void Dispose()
    {
        if (modes.Any(m => m.Training))
            foreach (var (module, training) in modes)
                module.train(training);
    }
}
