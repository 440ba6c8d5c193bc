using MLNet.Pruning.Training;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>Updates the parameters of a run, and reads and writes the optimizer state for each.</summary>
/// <remarks>
/// The optimizers that the options name treat each number independently. The vector of all parameters is divided into a slice per thread,
/// and slices are updated in parallel, with the same result bit for bit. A task's own optimizer gets the parameters as they are.
/// </remarks>
public sealed class RunOptimizer : IDisposable
{
    // Below this size, one thread is done before a second one has started.
    const long MinimumToSlice = 1 << 16;

    // Numbers that are updated and shown to observers at a time: their state stays in a core's cache meanwhile.
    const long PieceLength = 1 << 13;

    readonly FlatModel model;
    readonly int[] slices; // the first piece of each, and the number of pieces
    readonly FusedStep? fused;
    readonly optim.Optimizer? own; // the task's own optimizer, if it has one
    readonly double[] ownRates; // the initial learning rates of its groups
    readonly double usualRate;
    readonly Action<int> step;
    double rate;
    IStepObserver[] observers = [];

    internal RunOptimizer(FlatModel model, TrainingTask task, TrainingOptions options, int threads)
    {
        this.model = model;
        own = task.Optimizer?.Invoke(model.Parameters);
        fused = own is null ? FusedStep.Of(options, model) : null;
        (ownRates, usualRate) = ([.. own?.ParamGroups.Select(group => group.LearningRate) ?? []], options.LearningRate);
        var starts = FlatStorage.Cuts(model.Values.Length, own is not null || model.Values.Length < MinimumToSlice ? 1 : threads);
        var length = fused is { OnCpu: true } ? PieceLength : long.MaxValue;
        List<long> pieces = [];
        slices = new int[starts.Length];
        for (var slice = 0; slice < starts.Length - 1; slice++)
        {
            slices[slice] = pieces.Count;
            for (var from = starts[slice]; from < starts[slice + 1]; from += Math.Min(length, starts[slice + 1] - from))
                pieces.Add(from);
        }
        slices[^1] = pieces.Count;
        Pieces = [.. pieces, model.Values.Length];
        step = StepSlice;
    }

    void StepSlice(int slice)
    {
        for (var piece = slices[slice]; piece < slices[slice + 1]; piece++)
        {
            var (from, to) = (Pieces[piece], Pieces[piece + 1]);
            foreach (var observer in observers)
                observer.BeforeStep(from, to);
            if (fused is null)
                own!.step()?.Dispose();
            else
                fused.Move(from, to);
            for (var i = observers.Length - 1; i >= 0; i--)
                observers[i].AfterStep(from, to);
        }
    }

    /// <summary>The optimizer state for a parameter of the model. The tensors are copies.</summary>
    /// <exception cref="NotSupportedException">The state of the task's own optimizer cannot be read.</exception>
    public ParameterState GetState(Parameter parameter)
    {
        ArgumentNullException.ThrowIfNull(parameter);
        using var scope = NewDisposeScope();
        var state = StateOf(parameter)();
        return state with { Tensors = state.Tensors.ToDictionary(t => t.Key, t => t.Value.clone().MoveToOuterDisposeScope()) };
    }

    /// <summary>Continues with a state from this parameter, or from the one that it replaces.</summary>
    public void SetState(Parameter parameter, ParameterState state)
    {
        ArgumentNullException.ThrowIfNull(parameter);
        ArgumentNullException.ThrowIfNull(state);
        foreach (var (name, tensor) in state.Tensors)
            if (!tensor.shape.SequenceEqual(parameter.shape))
                throw new ArgumentException(
                    $"'{name}' has shape [{string.Join(", ", tensor.shape)}], the parameter [{string.Join(", ", parameter.shape)}].");
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        if (fused is null)
        {
            TorchOptimizerStates.Write(OwnState(parameter), parameter, state);
            return;
        }
        var mine = StateOf(parameter)().Tensors;
        fused.Steps = state.Steps;
        foreach (var (name, tensor) in state.Tensors)
            if (mine.TryGetValue(name, out var vector))
                vector.copy_(tensor);
            else if (tensor.count_nonzero().item<long>() > 0) // Checkpoints of TorchSharp's RMSprop have zeros that it does not use.
                throw new ArgumentException($"The optimizer has no state '{name}'.");
    }

    /// <summary>
    /// The state for each parameter, in their order, to be read after shapes may have changed: views of this optimizer's tensors.
    /// </summary>
    internal IReadOnlyList<Func<ParameterState>> States() => [.. model.Parameters.Select(StateOf)];

    /// <summary>Throws if the state cannot be read.</summary>
    internal void RequireStates()
    {
        using var scope = NewDisposeScope();
        StateOf(model.Parameters[0])();
    }

    internal void SetLearningRate(double value)
    {
        rate = value;
        // A task's own optimizer has its own rates; a schedule scales them.
        foreach (var (group, usual) in own?.ParamGroups.Zip(ownRates) ?? [])
            group.LearningRate = usual * (rate / usualRate);
    }

    /// <summary>The starts of the pieces in which the flat vectors are updated, and the end of the last piece.</summary>
    internal long[] Pieces { get; }

    /// <summary>The number of threads that update parameters.</summary>
    internal int SliceCount => slices.Length - 1;

    internal void Step(ReplicaThreads threads, IStepObserver[] by)
    {
        observers = by;
        fused?.Begin(rate);
        threads.Run(SliceCount, step);
    }

    internal void OverPieces(ReplicaThreads threads, Action<long, long> action) => threads.Run(SliceCount, slice =>
    {
        for (var piece = slices[slice]; piece < slices[slice + 1]; piece++)
            action(Pieces[piece], Pieces[piece + 1]);
    });

    Func<ParameterState> StateOf(Parameter parameter)
    {
        if (fused is null)
        {
            var state = OwnState(parameter);
            return () => TorchOptimizerStates.Read(state);
        }
        var (offset, count, shape) = (model.OffsetOf(parameter), parameter.NumberOfElements, parameter.shape);
        return () => new(fused.Steps, fused.State.ToDictionary(s => s.Name, s => s.Vector.narrow(0, offset, count).view(shape)));
    }

    OptimizerState OwnState(Parameter parameter)
    {
        parameter = model.Parameters[model.IndexOf(parameter)];
        return TorchOptimizerStates.Of(own!).FirstOrDefault(s => s.Parameter.Handle == parameter.Handle).State
            ?? throw new ArgumentException("The optimizer does not step this parameter.");
    }

    /// <summary>Frees the state.</summary>
    public void Dispose()
    {
        fused?.Dispose();
        own?.Dispose();
    }
}
