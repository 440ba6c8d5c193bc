using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>Sets a model to evaluation mode until disposed of; every module then returns to its earlier mode.</summary>
sealed class EvaluationMode : IDisposable
{
    readonly (nn.Module Module, bool Training)[] modes;

    public EvaluationMode(nn.Module model)
    {
        // A parent comes before its children, as setting its mode sets theirs.
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

/// <summary>Captures the state of LibTorch's random generator, and restores it when disposed of.</summary>
/// <remarks>
/// The process has one generator. Networks are built one at a time (<see cref="Draw"/>), so that initial weights follow from the seed
/// whatever other threads train; dropout draws while they do.
/// </remarks>
sealed class RandomState : IDisposable
{
    static readonly Lock gate = new();

    readonly Tensor state = get_rng_state().DetachFromDisposeScope();

    public bool HasMoved
    {
        get
        {
            using var now = get_rng_state();
            return !now.bytes.SequenceEqual(state.bytes);
        }
    }

    public void Rewind()
    {
        lock (gate)
            set_rng_state(state);
    }

    /// <summary>Sets the generator to a seed.</summary>
    public static void Seed(long seed)
    {
        lock (gate)
            random.manual_seed(seed);
    }

    /// <summary>
    /// Draws from the generator, after setting it to a seed if one is given, while no other thread sets it or draws here.
    /// </summary>
    public static T Draw<T>(Func<T> draw, long? seed = null)
    {
        lock (gate)
        {
            if (seed is { } start)
                random.manual_seed(start);
            return draw();
        }
    }

    public void Dispose()
    {
        Rewind();
        state.Dispose();
    }
}

static class TrainingModes
{
    /// <summary>
    /// Sets a model to training mode if all of it is in evaluation mode; otherwise frozen parts stay so. Replicas get the model's modes.
    /// </summary>
    /// <param name="replicas">The model, then its copies.</param>
    public static void Begin(IReadOnlyList<nn.Module> replicas)
    {
        var model = replicas[0];
        var modules = model.named_modules().ToArray();
        // Containers are skipped, as some of TorchSharp's have no mode of their own.
        if (!modules.Select(m => m.module).Prepend(model).Any(m => m.training && !m.children().Any()))
            model.train();
        var modes = modules.ToDictionary(m => m.name, m => m.module.training);
        foreach (var copy in replicas.Skip(1))
        {
            copy.train();
            // A parent comes before its children, as setting its mode sets theirs.
            foreach (var (name, module) in copy.named_modules())
                if (modes.TryGetValue(name, out var training))
                    module.train(training);
        }
    }
}

static class ModuleScope
{
    /// <summary>Detaches a module's tensors from the dispose scope in which it was built, so that the module outlives the step.</summary>
    public static void Detach(nn.Module module)
    {
        foreach (var (_, parameter) in module.named_parameters())
            parameter.DetachFromDisposeScope();
        foreach (var (_, buffer) in module.named_buffers())
            buffer.DetachFromDisposeScope();
    }
}
