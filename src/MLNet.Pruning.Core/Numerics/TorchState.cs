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

/// <summary>Which modules train.</summary>
static class TrainingModes
{
    /// <summary>
    /// Puts a model that is in evaluation mode as a whole in training mode; in one that is not, what was frozen stays so. Copies get the
    /// model's modes.
    /// </summary>
    /// <param name="replicas">The model, then its copies.</param>
    public static void Begin(IReadOnlyList<nn.Module> replicas)
    {
        var model = replicas[0];
        var modules = model.named_modules().ToArray();
        // Containers are not asked: some of TorchSharp's take no mode of their own.
        if (!modules.Select(m => m.module).Prepend(model).Any(m => m.training && !m.children().Any()))
            model.train();
        var modes = modules.ToDictionary(m => m.name, m => m.module.training);
        foreach (var copy in replicas.Skip(1))
        {
            copy.train();
            // A parent comes before its children, whose modes it sets as well.
            foreach (var (name, module) in copy.named_modules())
                if (modes.TryGetValue(name, out var training))
                    module.train(training);
        }
    }
}

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
