using MLNet.Pruning.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>What hooks see of a run, and what they can do to it.</summary>
public sealed class TrainingRun
{
    readonly TrainingTask task;
    readonly IFeed feed;
    readonly ReplicaThreads threads;
    readonly Device device;
    readonly List<object> shared = [];
    FlatModel model;
    ReplicaSet? replicas;
    Func<nn.Module>? copy;
    bool probe;
    int resumedSteps;

    internal TrainingRun(TrainingTask task, TrainingOptions options, IFeed feed, ReplicaThreads threads, CancellationToken cancellation)
    {
        (this.task, Options, this.feed, this.threads, Cancellation) = (task, options, feed, threads, cancellation);
        StepsPerEpoch = feed.StepsPerEpoch;
        device = torch.device(options.Device);
        copy = threads.Count > 1 ? task.Copy : null;
        model = new FlatModel(task.Model.to(device), device);
        Optimizer = new RunOptimizer(model, task, options, ReplicaCount);
        LearningRate = options.LearningRate;
    }

    /// <summary>The options of the run.</summary>
    public TrainingOptions Options { get; }

    /// <summary>The model as it is now.</summary>
    public nn.Module Model => model.Module;

    /// <summary>What steps the model's parameters.</summary>
    public RunOptimizer Optimizer { get; private set; }

    /// <summary>The copies that compute; the first is <see cref="Model"/>, the others share its parameters.</summary>
    public IReadOnlyList<nn.Module> Replicas => replicas is null ? [Model] : replicas.Modules;

    /// <summary>The rows of the batch just computed, by replica; of a batch of few rows, the last replicas may have none.</summary>
    public IReadOnlyList<Batch> Batches => replicas?.Batches ?? [];

    /// <summary>What is minimised.</summary>
    public IObjective Objective => task.Objective;

    /// <summary>The epoch that runs, from 0.</summary>
    public int Epoch { get; internal set; }

    /// <summary>Steps that the optimizer has taken in the run.</summary>
    public long Step { get; internal set; }

    /// <summary>Steps that the optimizer has taken in this epoch.</summary>
    public int StepInEpoch { get; internal set; }

    /// <summary>Steps in an epoch.</summary>
    public int StepsPerEpoch { get; }

    /// <summary>The mean loss over the batch just computed.</summary>
    public double Loss { get; private set; }

    /// <summary>Sums over this epoch so far.</summary>
    public EpochTotals Totals { get; } = new();

    /// <summary>The record of the run.</summary>
    public TrainingHistory History { get; internal set; } = new();

    /// <summary>Asks the run to end at the next batch with an <see cref="OperationCanceledException"/>.</summary>
    public CancellationToken Cancellation { get; }

    /// <summary>Why a hook asked the run to stop; null when none did.</summary>
    public string? StopReason { get; private set; }

    /// <summary>The learning rate of all parameter groups.</summary>
    public double LearningRate
    {
        get => learningRate;
        set
        {
            learningRate = value;
            Optimizer.SetLearningRate(value);
        }
    }

    double learningRate;

    /// <summary>All trainable parameters one behind the other, each from a multiple of 16 on; they are views of this vector.</summary>
    public Tensor Values => model.Values.Vector;

    /// <summary>Their gradients, which lie in the same places.</summary>
    public Tensor Gradients => model.Gradients.Vector;

    /// <summary>Whether the run came to its end: it neither failed nor was cancelled.</summary>
    public bool IsComplete { get; internal set; }

    /// <summary>Lets other hooks find something; the optimizer's step calls it where it is an <see cref="IStepObserver"/>.</summary>
    /// <remarks>What is still shared when the run has ended is found in its <see cref="TrainingResult"/>.</remarks>
    public void Share(object part)
    {
        ArgumentNullException.ThrowIfNull(part);
        shared.Add(part);
        Observers = [.. shared.OfType<IStepObserver>().Reverse()];
    }

    /// <summary>Takes back what was shared.</summary>
    public void Unshare(object part)
    {
        shared.Remove(part);
        Observers = [.. shared.OfType<IStepObserver>().Reverse()];
    }

    /// <summary>What a hook has shared, by its type; null where there is none.</summary>
    public T? Find<T>()
        where T : class => shared.OfType<T>().FirstOrDefault();

    /// <summary>Ends the run after this step's or epoch's hooks.</summary>
    public void Stop(string reason) => StopReason ??= reason;

    /// <summary>Tells whoever trains that settings will not do what one may have meant; before the first step.</summary>
    /// <param name="message">A sentence.</param>
    public void Warn(string message) => Options.Warn?.Invoke(message);

    /// <summary>Puts another model in place; the next step is computed by it.</summary>
    /// <param name="newModel">The new model. Disposing of the one before is the caller's.</param>
    /// <param name="copyModel">Builds the same module again, for replicas; without it there is one replica from here on.</param>
    /// <remarks>
    /// The new model has a new optimizer. The old one's state is read before with <see cref="RunOptimizer.GetState"/>, cut to the new
    /// shapes, and given to the new one with <see cref="RunOptimizer.SetState"/>.
    /// </remarks>
    public void Replace(nn.Module newModel, Func<nn.Module>? copyModel = null)
    {
        ArgumentNullException.ThrowIfNull(newModel);
        if (InBackward)
            throw new InvalidOperationException($"The model cannot be replaced in {nameof(ITrainingHook.AfterBackward)}, between its "
                + "gradients and its step.");
        foreach (var observer in Observers)
            observer.Replacing(this);
        var moved = newModel.to(device);
        ModuleScope.Detach(moved);
        var trained = new FlatModel(moved, device);
        Release();
        model = trained;
        copy = threads.Count > 1 ? copyModel : null;
        Optimizer = new RunOptimizer(model, task, Options, ReplicaCount);
        LearningRate = learningRate;
    }

    /// <summary>
    /// Changes the shape of the model's own parameters, and builds anew what hangs on it: the optimizer, which goes on remembering what
    /// the change leaves of each parameter, and the replicas.
    /// </summary>
    /// <param name="change">
    /// Points the parameters to tensors of another shape, keeping their number and order, and says what becomes of what is remembered of
    /// each; null to forget it all. If it fails, the run is as it was.
    /// </param>
    /// <param name="copyModel">
    /// Builds the same module again in its new shape, for replicas; without it there is one replica from here on.
    /// </param>
    public void Reshape(Func<Reshaped?> change, Func<nn.Module>? copyModel = null)
    {
        ArgumentNullException.ThrowIfNull(change);
        if (InBackward)
            throw new InvalidOperationException($"The model cannot be reshaped in {nameof(ITrainingHook.AfterBackward)}, between its "
                + "gradients and its step.");
        using var off = no_grad();
        using var scope = NewDisposeScope();
        var before = (Optimizer, Model: model);
        var states = before.Optimizer.States();
        var reshaped = change();
        foreach (var observer in reshaped is null ? Observers : [])
            observer.Replacing(this);
        DropReplicas();
        model = new FlatModel(before.Model.Module, device);
        if (model.Parameters.Length != states.Count)
            throw new InvalidOperationException($"The model had {states.Count} trainable parameters and has {model.Parameters.Length} "
                + "since it was reshaped; only their shapes may change.");
        copy = threads.Count > 1 ? copyModel : null;
        Optimizer = new RunOptimizer(model, task, Options, ReplicaCount);
        for (var i = 0; reshaped is not null && i < states.Count; i++)
        {
            using var one = NewDisposeScope();
            var state = states[i]();
            var parameter = model.Parameters[i];
            var tensors = state.Tensors.ToDictionary(t => t.Key, t => reshaped(parameter, t.Value));
            Optimizer.SetState(parameter, state with { Tensors = tensors });
        }
        foreach (var observer in reshaped is null ? [] : Observers)
            observer.Reshaped(this, reshaped!);
        before.Optimizer.Dispose();
        before.Model.Dispose();
        LearningRate = learningRate;
    }

    /// <summary>The examples to validate on; null where there are none.</summary>
    public EvaluationSet? Validation { get; internal init; }

    /// <summary>The first of the examples to learn from that are in memory, to evaluate on.</summary>
    /// <param name="most">At most so many; at least 1.</param>
    public EvaluationSet FirstExamples(int most)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(most, 1);
        return new EvaluationSet(new MemoryFeed(feed.Examples, Options with { Shuffle = false, DropLastBatch = false }, most));
    }

    /// <summary>One example to learn from as the model is given it, [1, ...]; the caller's to dispose of.</summary>
    public Tensor Example() => feed.Examples.Tensor(0).to(device);

    /// <summary>The first examples to learn from; the tensors are the caller's dispose scope's.</summary>
    internal Batch FirstBatch(int most)
    {
        var examples = feed.Examples;
        var slots = Enumerable.Range(0, Math.Min(most, examples.Count)).ToArray();
        return new Batch(cat([.. slots.Select(examples.Tensor)], 0).to(device), examples.HasLabels
            ? tensor(slots.Select(slot => examples.Label(slot)).ToArray(), device: device) : null);
    }

    /// <summary>The mean loss over a set of examples and the fraction answered correctly, with the model in evaluation mode.</summary>
    public Evaluation Evaluate(EvaluationSet examples)
    {
        ArgumentNullException.ThrowIfNull(examples);
        return examples.Evaluate(EnsureReplicas(), Objective, LargestBatch, Cancellation);
    }

    int LargestBatch => Math.Min(Options.BatchSize, feed.Examples.Count);

    internal bool InBackward { get; set; }

    internal FlatModel Flat => model;

    /// <summary>Numbers that learn.</summary>
    internal long ParameterCount => model.Parameters.Where(p => p.requires_grad).Sum(p => p.NumberOfElements);

    /// <summary>The last that was shared comes first.</summary>
    internal IStepObserver[] Observers { get; private set; } = [];

    internal IReadOnlyList<object> Shared => shared;

    /// <summary>The user's hooks, and those that they are made of.</summary>
    internal IEnumerable<ITrainingHook> Hooks => Options.Hooks.SelectMany(CombinedHook.Parts);

    /// <summary>Calls an action with pieces of the flat vectors, side by side where they are large.</summary>
    internal void OverPieces(Action<long, long> action) => Optimizer.OverPieces(threads, action);

    internal IFeed Feed => feed;

    internal TrainingTask Task => task;

    /// <summary>Called when replicas were built.</summary>
    internal Action<TrainingRun>? ReplicasBuilt { get; init; }

    internal ReplicaSet EnsureReplicas()
    {
        if (replicas is not null)
            return replicas;
        replicas = new ReplicaSet(model, copy, feed.Examples, threads, LargestBatch, device);
        probe = true;
        ReplicasBuilt?.Invoke(this);
        return replicas;
    }

    /// <summary>Begins the epoch, or takes it up after the steps that a checkpoint says are done; false for the latter.</summary>
    internal bool BeginEpoch()
    {
        feed.BeginEpoch(Epoch, Cancellation);
        probe = true;
        var done = resumedSteps;
        resumedSteps = 0;
        for (var i = 0; i < done; i++)
            feed.Next(Cancellation);
        if (done > 0)
            return false;
        StepInEpoch = 0;
        Totals.Clear();
        return true;
    }

    /// <summary>Continues at a point of an earlier run.</summary>
    internal void ResumeAt(int epoch, long step, int stepInEpoch)
    {
        (Epoch, Step, StepInEpoch) = (epoch, step, stepInEpoch);
        resumedSteps = stepInEpoch;
    }

    internal void Compute(ReadOnlySpan<int> slots)
    {
        // A device's generator keeps its state to itself. Seeded anew for each step, it draws the same numbers in a resumed run.
        if (!Options.IsCpu)
            cuda.manual_seed_all(DeviceSeed(Options.Seed, Step));
        (Loss, var correct) = EnsureReplicas().Compute(slots, feed.Examples, Objective, feed.Upcoming, probe);
        probe = false;
        Totals.Add(slots.Length, Loss, correct);
    }

    internal static long DeviceSeed(int seed, long step) => ((long)seed << 32) ^ step;

    internal void CountStep()
    {
        Step++;
        StepInEpoch++;
    }

    internal void StepOptimizer() => Optimizer.Step(threads, Observers);

    /// <summary>Has replicas built anew for the next batch, from the model as it is: they keep statistics of their own.</summary>
    internal void DropReplicas()
    {
        replicas?.Dispose();
        replicas = null;
    }

    /// <summary>Leaves the model in evaluation mode and without gradients.</summary>
    internal void Close()
    {
        Model.eval();
        Model.zero_grad();
        Release();
    }

    int ReplicaCount => copy is null ? 1 : threads.Count;

    void Release()
    {
        DropReplicas();
        Optimizer.Dispose();
        model.Dispose();
    }
}
