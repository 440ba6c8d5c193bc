using MLNet.Pruning.Masks;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning.Training;

/// <summary>Steps the parameters of a run.</summary>
/// <remarks>
/// The kinds that the options name treat each number by itself. They are given the parameters as one vector, cut into a slice for each replica's
/// thread: a slice takes one pass however many parameters lie in it, and slices are stepped side by side, with the same result to the last bit.
/// An optimizer of the task's own is given the parameters as they are.
/// </remarks>
public sealed class RunOptimizer : IDisposable
{
    // Fewer numbers than this are stepped by one thread before a second one has begun.
    const long FewestToSlice = 1 << 16;

    // Numbers that are moved and masked before the next ones are: what is kept of them stays in a core's cache meanwhile.
    const long Piece = 1 << 13;

    readonly TrainedModel model;
    readonly optim.Optimizer[] parts;
    readonly FlatStep?[] steps; // of the parts that need not step themselves
    readonly Parameter[] slices;
    readonly long[] starts; // of the slices, and the end of the last
    readonly double[]? ownRates; // of the groups of a task's own optimizer, as it has them where the options' rate is the usual one
    readonly double usualRate;
    readonly Action<int> step;
    MaskedWeights? masked;
    Action<long, long>? watch;

    internal RunOptimizer(TrainedModel model, TrainingTask task, TrainingOptions options, int threads)
    {
        this.model = model;
        if (task.Optimizer is { } make)
        {
            slices = [];
            starts = [0, model.Values.Length];
            parts = [make(model.Parameters)];
            (ownRates, usualRate) = ([.. parts[0].ParamGroups.Select(group => group.LearningRate)], options.LearningRate);
            steps = [null];
        }
        else
        {
            var count = model.Values.Length < FewestToSlice ? 1 : threads;
            starts = FlatStorage.Cuts(model.Values.Length, count);
            slices = [.. Enumerable.Range(0, count).Select(Slice)];
            parts = [.. slices.Select(slice => Optimizers.Create(options, [slice]))];
            steps = [.. parts.Zip(slices, starts).Select(p => FlatStep.For(p.First, model, p.Second, p.Third))];
        }
        step = StepPart;
    }

    void StepPart(int part)
    {
        var (from, end) = (starts[part], starts[part + 1]);
        watch?.Invoke(from, end);
        var own = steps[part];
        own?.Begin();
        // Masks are seen to while numbers are at hand, by the thread that steps them.
        for (var to = from; from < end; from = to)
        {
            to = own is null ? end : Math.Min(from + Piece, end);
            masked?.BeforeStep(from, to);
            if (own is null)
                parts[part].step()?.Dispose();
            else
                own.Move(from, to);
            masked?.AfterStep(from, to);
        }
    }

    /// <summary>The optimizers that step side by side, each its share.</summary>
    public IReadOnlyList<optim.Optimizer> Parts => parts;

    /// <summary>What is remembered of a parameter of the model.</summary>
    /// <exception cref="NotSupportedException">The task's own optimizer does not say.</exception>
    public OptimizerMemory Recall(Parameter parameter)
    {
        ArgumentNullException.ThrowIfNull(parameter);
        using var scope = NewDisposeScope();
        var memory = slices.Length == 0 ? Memory(OwnState(parameter)) : Memory([.. Overlaps(parameter)], parameter.shape);
        return memory with { Tensors = memory.Tensors.ToDictionary(t => t.Key, t => t.Value.clone().MoveToOuterDisposeScope()) };
    }

    /// <summary>Makes it remember of a parameter what was recalled of this one, or of the one before that it came from.</summary>
    public void Remember(Parameter parameter, OptimizerMemory memory)
    {
        ArgumentNullException.ThrowIfNull(parameter);
        ArgumentNullException.ThrowIfNull(memory);
        foreach (var (name, tensor) in memory.Tensors)
            if (!tensor.shape.SequenceEqual(parameter.shape))
                throw new ArgumentException($"'{name}' has shape [{string.Join(", ", tensor.shape)}], the parameter [{string.Join(", ", parameter.shape)}].");
        using var off = no_grad();
        using var scope = NewDisposeScope();
        if (slices.Length == 0)
        {
            var state = OwnState(parameter);
            OptimizerStates.SetSteps(state, memory.Steps);
            foreach (var (name, tensor) in memory.Tensors)
                OptimizerStates.Tensor(state, name, parameter).copy_(tensor);
            return;
        }
        foreach (var (state, slice, inSlice, inParameter, length) in Overlaps(parameter))
        {
            OptimizerStates.SetSteps(state, memory.Steps);
            foreach (var (name, tensor) in memory.Tensors)
                OptimizerStates.Tensor(state, name, slice).narrow(0, inSlice, length).copy_(tensor.reshape(-1).narrow(0, inParameter, length));
        }
    }

    /// <summary>What is remembered of each parameter, in their order, to be read when their shapes may have changed. What they give lasts as long as this optimizer.</summary>
    internal IReadOnlyList<Func<OptimizerMemory>> Memories()
    {
        if (slices.Length == 0)
            return [.. model.Parameters.Select(OwnState).Select(state => (Func<OptimizerMemory>)(() => Memory(state)))];
        return [.. model.Parameters.Select(p => (Places: Overlaps(p).ToArray(), Shape: p.shape)).Select(at => (Func<OptimizerMemory>)(() => Memory(at.Places, at.Shape)))];
    }

    /// <summary>Throws where it does not tell what it remembers.</summary>
    internal void RequireMemories()
    {
        using var scope = NewDisposeScope();
        Memories()[0]();
    }

    internal void SetLearningRate(double rate)
    {
        // A task's own optimizer has its own rates, which a schedule moves in proportion.
        foreach (var (group, i) in parts.SelectMany(part => part.ParamGroups).Select((group, i) => (group, i)))
            group.LearningRate = ownRates is null ? rate : ownRates[i] * (rate / usualRate);
    }

    /// <summary>Where the slices that are stepped side by side begin, and the end of the last.</summary>
    internal long[] Starts => starts;

    internal void Step(ReplicaThreads threads, MaskedWeights? weights, Action<long, long>? before)
    {
        (masked, watch) = (weights, before);
        threads.Run(parts.Length, step);
    }

    internal void OverSlices(ReplicaThreads threads, Action<long, long> action) => threads.Run(parts.Length, part => action(starts[part], starts[part + 1]));

    Parameter Slice(int number)
    {
        using var scope = NewDisposeScope();
        long start = starts[number], length = starts[number + 1] - start;
        // Empty until it has a gradient, so that none of its size is made to be thrown away.
        var slice = new Parameter(zeros(0, device: model.Values.Vector.device));
        using (no_grad())
        {
            Gradient.Give(slice);
            slice.set_(model.Values.Vector.narrow(0, start, length));
            Gradient.Of(slice)!.set_(model.Gradients.Vector.narrow(0, start, length));
        }
        slice.DetachFromDisposeScope();
        return slice;
    }

    static OptimizerMemory Memory(OptimizerState state) => new(OptimizerStates.Steps(state), OptimizerStates.Tensors(state).ToDictionary(t => t.Name, t => t.Tensor.alias()));

    // Views where a parameter lies in one slice, copies where it lies in several.
    static OptimizerMemory Memory(Overlap[] places, long[] shape)
    {
        var pieces = new Dictionary<string, List<Tensor>>();
        foreach (var (state, _, inSlice, _, length) in places)
            foreach (var (name, tensor) in OptimizerStates.Tensors(state))
            {
                if (!pieces.TryGetValue(name, out var list))
                    pieces[name] = list = [];
                list.Add(tensor.narrow(0, inSlice, length));
            }
        return new(places.Length > 0 ? OptimizerStates.Steps(places[0].State) : 0, pieces.ToDictionary(p => p.Key, p => (p.Value.Count == 1 ? p.Value[0] : cat(p.Value)).view(shape)));
    }

    readonly record struct Overlap(OptimizerState State, Parameter Slice, long InSlice, long InParameter, long Length);

    /// <summary>Where a parameter lies in the slices.</summary>
    IEnumerable<Overlap> Overlaps(Parameter parameter)
    {
        long from = model.OffsetOf(parameter), to = from + parameter.NumberOfElements;
        for (var i = 0; i < slices.Length; i++)
        {
            long begin = Math.Max(from, starts[i]), end = Math.Min(to, starts[i + 1]);
            if (begin < end)
                yield return new(OptimizerStates.Of(parts[i])[0], slices[i], begin - starts[i], begin - from, end - begin);
        }
    }

    OptimizerState OwnState(Parameter parameter)
    {
        var own = model.Parameters[model.IndexOf(parameter)];
        var index = parts[0].parameters().ToList().FindIndex(p => ReferenceEquals(p, own) || p.Handle == own.Handle);
        return index >= 0 ? OptimizerStates.Of(parts[0])[index] : throw new ArgumentException("The optimizer does not step this parameter.");
    }

    /// <summary>Gives its memory back.</summary>
    public void Dispose()
    {
        foreach (var part in parts)
            part.Dispose();
        foreach (var slice in slices)
            slice.Dispose();
    }
}
