using static TorchSharp.torch;

namespace MLNet.Pruning;

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

/// <summary>LibTorch's random numbers as they stand, to draw the same ones again and to leave the generator as it was.</summary>
sealed class RandomState : IDisposable
{
    readonly Tensor state = get_rng_state().DetachFromDisposeScope();

    public bool HasMoved
    {
        get
        {
            using var now = get_rng_state();
            return !now.bytes.SequenceEqual(state.bytes);
        }
    }

    public void Rewind() => set_rng_state(state);

    public void Dispose()
    {
        Rewind();
        state.Dispose();
    }
}
