using MLNet.Pruning.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>A training run as hooks see it, and what they can do with it.</summary>
public sealed class TrainingRun
{
    readonly TrainingTask task;
    readonly IFeed feed;
    readonly ReplicaThreads threads;
    readonly Device device;
    readonly List<object> shared = [];
    readonly ImageChanger? changer;
    readonly PlannedLoss? loss, validationLoss;
    FlatModel model;
    ReplicaSet? replicas;
    Func<nn.Module>? copy;
    bool probe;
    int resumedSteps;
    string? told; // to the history
    string? unplanned; // why no plan computes the present model; empty if one does

    internal TrainingRun(TrainingTask task, TrainingOptions options, IFeed feed, ReplicaThreads threads, CancellationToken cancellation)
    {
        (this.task, Options, this.feed, this.threads, Cancellation) = (task, options, feed, threads, cancellation);
        StepsPerEpoch = feed.StepsPerEpoch;
        device = torch.device(options.Device);
        copy = threads.Count > 1 ? task.Copy : null;
        model = new FlatModel(task.Model.to(device), device);
        Optimizer = new RunOptimizer(model, task, options, ReplicaCount);
        LearningRate = options.LearningRate;
        (loss, validationLoss) = (PlannedLoss.Of(task.Objective), PlannedLoss.Of(task.Objective.Validation));
        changer = options.Augmentation is { } augmentation ? new(augmentation, task.Examples.Shape, options.Seed) : null;
    }

    /// <summary>The options of the run.</summary>
    public TrainingOptions Options { get; }

    /// <summary>The model as it is now.</summary>
    public nn.Module Model => model.Module;

    /// <summary>Updates the model's parameters.</summary>
    public RunOptimizer Optimizer { get; private set; }

    /// <summary>The model and its copies that compute; the first is <see cref="Model"/>, the others share its parameters.</summary>
    public IReadOnlyList<nn.Module> Replicas => replicas is null ? [Model] : replicas.Modules;

    /// <summary>The rows of the latest batch, by replica; with few rows, the last replicas may have none.</summary>
    public IReadOnlyList<Batch> Batches => replicas?.Batches ?? [];

    /// <summary>The loss.</summary>
    public IObjective Objective => task.Objective;

    /// <summary>The current epoch, from 0.</summary>
    public int Epoch { get; internal set; }

    /// <summary>Steps of the optimizer in the run.</summary>
    public long Step { get; internal set; }

    /// <summary>Steps of the optimizer in this epoch.</summary>
    public int StepInEpoch { get; internal set; }

    /// <summary>Steps in an epoch.</summary>
    public int StepsPerEpoch { get; }

    /// <summary>The mean loss over the step's rows, as far as they are computed.</summary>
    public double Loss { get; private set; }

    /// <summary>Sums over this epoch so far.</summary>
    public EpochTotals Totals { get; } = new();

    /// <summary>The record of the run.</summary>
    public TrainingHistory History { get; internal set; } = new();

    /// <summary>Cancellation of the run at the next batch, with a <see cref="TrainingCanceledException"/>.</summary>
    public CancellationToken Cancellation { get; }

    /// <summary>Why a hook asked the run to stop; null if none did.</summary>
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

    /// <summary>All trainable parameters in one vector, each starting at a multiple of 16. The parameters are views of it.</summary>
    public Tensor Values => model.Values.Vector;

    /// <summary>The gradients of <see cref="Values"/>, in the same places.</summary>
    public Tensor Gradients => model.Gradients.Vector;

    /// <summary>Whether no hook is going to prune the model any more; between epochs.</summary>
    public bool IsSettled => Options.Hooks.All(hook => hook.IsSettled(this));

    /// <summary>Whether the run ended without failure; a cancelled run too leaves a whole model.</summary>
    public bool IsComplete { get; internal set; }

    /// <summary>
    /// Makes an object available to other hooks. If it is an <see cref="IStepObserver"/>, the optimizer's step calls it.
    /// </summary>
    /// <remarks>Objects that are still shared at the end of the run are in its <see cref="TrainingResult"/>.</remarks>
    public void Share(object part)
    {
        ArgumentNullException.ThrowIfNull(part);
        shared.Add(part);
        Observers = [.. shared.OfType<IStepObserver>().Reverse()];
    }

    /// <summary>Reverses <see cref="Share"/>.</summary>
    public void Unshare(object part)
    {
        shared.Remove(part);
        Observers = [.. shared.OfType<IStepObserver>().Reverse()];
    }

    /// <summary>The object of this type that a hook has shared; null if there is none.</summary>
    public T? Find<T>()
        where T : class => shared.OfType<T>().FirstOrDefault();

    /// <summary>Ends the run after the hooks of this step or epoch.</summary>
    public void Stop(string reason) => StopReason ??= reason;

    /// <summary>Warns before the first step that settings will probably not do what was intended.</summary>
    /// <param name="message">One sentence.</param>
    public void Warn(string message) => Options.Warn?.Invoke(message);

    /// <summary>Replaces the model; the next step computes the new one.</summary>
    /// <param name="newModel">The new model. The caller disposes of the old one.</param>
    /// <param name="copyModel">Builds the same module again, for replicas; without it the run continues with one replica.</param>
    /// <remarks>
    /// The new model has a new optimizer. To keep optimizer state, read the old one's with <see cref="RunOptimizer.GetState"/> first, cut
    /// it to the new shapes, and set it with <see cref="RunOptimizer.SetState"/>.
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
    /// Changes the shape of the model's own parameters, and rebuilds the optimizer and the replicas. The optimizer keeps the state that
    /// the change leaves for each parameter.
    /// </summary>
    /// <param name="change">
    /// Replaces the tensors of the parameters, whose number and order stay, and returns how kept state is cut; null to drop that state. If
    /// it fails, the run is unchanged.
    /// </param>
    /// <param name="copyModel">
    /// Builds the same module again in its new shape, for replicas; without it the run continues with one replica.
    /// </param>
    public void Reshape(Func<Reshaped?> change, Func<nn.Module>? copyModel = null)
    {
        ArgumentNullException.ThrowIfNull(change);
        if (InBackward)
            throw new InvalidOperationException($"The model cannot be reshaped in {nameof(ITrainingHook.AfterBackward)}, between its "
                + "gradients and its step.");
        using var noGrad = no_grad();
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

    /// <summary>The validation examples; null if there are none.</summary>
    public EvaluationSet? Validation { get; internal init; }

    /// <summary>The first training examples in memory, for evaluation.</summary>
    /// <param name="maximum">The maximum number of examples; at least 1.</param>
    public EvaluationSet FirstExamples(int maximum)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maximum, 1);
        return new EvaluationSet(new MemoryFeed(feed.Examples, Options with { Shuffle = false, DropLastBatch = false }, maximum));
    }

    /// <summary>One training example as the model gets it, [1, ...]; the caller disposes of it.</summary>
    public Tensor Example() => feed.Examples.Tensor(0).to(device);

    /// <summary>The first training examples. The tensors belong to the caller's dispose scope.</summary>
    internal Batch FirstBatch(int maximum) => feed.Examples.Batch(Math.Min(maximum, feed.Examples.Count), device);

    /// <summary>The mean loss and the fraction of correct answers on a set of examples, with the model in evaluation mode.</summary>
    public Evaluation Evaluate(EvaluationSet examples)
    {
        ArgumentNullException.ThrowIfNull(examples);
        var planned = Options.Compute != TrainingCompute.LibTorch && Options.IsCpu && !EnsureReplicas().AreWatched
            && GradientPlan.WhyNot(Model, validationLoss) is null ? validationLoss : null;
        return examples.Evaluate(EnsureReplicas(), Objective.Validation, planned, LargestBatch, Cancellation);
    }

    int LargestBatch => Math.Min(Options.BatchSize, feed.Examples.Count);

    internal bool InBackward { get; set; }

    internal FlatModel Flat => model;

    /// <summary>The number of trainable values.</summary>
    internal long ParameterCount => model.Parameters.Where(p => p.requires_grad).Sum(p => p.NumberOfElements);

    /// <summary>The latest shared observer comes first.</summary>
    internal IStepObserver[] Observers { get; private set; } = [];

    internal IReadOnlyList<object> Shared => shared;

    /// <summary>The user's hooks; combined ones as their parts.</summary>
    internal IEnumerable<ITrainingHook> Hooks => Options.Hooks.SelectMany(CombinedHook.Parts);

    /// <summary>Calls an action for pieces of the flat vectors, in parallel if they are large.</summary>
    internal void OverPieces(Action<long, long> action) => Optimizer.OverPieces(threads, action);

    internal IFeed Feed => feed;

    internal TrainingTask Task => task;

    internal Action<TrainingRun>? ReplicasBuilt { get; init; }

    internal Action<TrainingRun>? BatchComputed { get; init; }

    internal ReplicaSet EnsureReplicas()
    {
        if (replicas is null)
            BuildReplicas();
        replicas!.Active = Find<IActiveWeights>();
        return replicas;
    }

    void BuildReplicas()
    {
        replicas = new ReplicaSet(model, copy, feed.Examples, threads, LargestBatch, device);
        probe = true;
        ReplicasBuilt?.Invoke(this);
    }

    /// <summary>The loss, if a plan computes this step's gradients; null if LibTorch does.</summary>
    PlannedLoss? Planned()
    {
        if (unplanned is null)
        {
            unplanned = Options.Compute == TrainingCompute.LibTorch ? "as asked for"
                : Options.IsCpu ? GradientPlan.WhyNot(Model, loss) ?? "" : "on a device";
            if (unplanned.Length > 0 && Options.Compute == TrainingCompute.Plan)
                throw new NotSupportedException($"Compute is {Options.Compute}, and there is no plan: {unplanned}.");
        }
        if (unplanned.Length > 0)
        {
            Tell(unplanned);
            return null;
        }
        if (EnsureReplicas().AreWatched)
        {
            if (Options.Compute == TrainingCompute.Plan)
                throw new NotSupportedException($"Compute is {Options.Compute}, and modules have forward hooks, which no plan calls.");
            Tell("in steps that forward hooks watch");
            return null;
        }
        Tell("");
        return loss;

        void Tell(string why)
        {
            if (why == told)
                return;
            told = why;
            string used = why.Length == 0 ? "a plan" : $"LibTorch, {why}";
            if (History.Compute is null)
                History.Compute = used;
            else if (!History.Compute.Contains(used, StringComparison.Ordinal))
                History.Compute += $"; {used}";
        }
    }

    /// <summary>Forgets the steps of the last epoch, unless a checkpoint contains steps of this one.</summary>
    internal void EnterEpoch()
    {
        if (resumedSteps > 0)
            return;
        StepInEpoch = 0;
        Totals.Clear();
    }

    /// <summary>Begins the epoch; false if it resumes after steps that a checkpoint contains.</summary>
    internal bool BeginEpoch()
    {
        feed.BeginEpoch(Epoch, Cancellation);
        probe = true;
        var done = resumedSteps;
        resumedSteps = 0;
        for (var i = 0; i < done; i++)
            feed.Next(Cancellation);
        return done == 0;
    }

    internal void ResumeAt(int epoch, long step, int stepInEpoch)
    {
        (Epoch, Step, StepInEpoch) = (epoch, step, stepInEpoch);
        resumedSteps = stepInEpoch;
    }

    internal void Compute(ReadOnlySpan<int> slots)
    {
        // A device's generator does not expose its state. Seeding it for each step makes a resumed run draw the same numbers.
        if (!Options.IsCpu)
            cuda.manual_seed_all(DeviceSeed(Options.Seed, Step));
        StepRows = slots.Length;
        var (size, sum, weight) = (Options.BatchSize, 0.0, 0.0);
        var stepWeight = feed.Examples.Weight(slots);
        var planned = Planned();
        for (var from = 0; from < slots.Length; from += size)
        {
            var to = Math.Min(from + size, slots.Length);
            var upcoming = to < slots.Length ? slots[to..] : feed.Upcoming;
            var part = EnsureReplicas().Compute(slots[from..to], feed.Examples, Objective, planned,
                new StepPart(from, slots.Length, stepWeight, new(changer, Step), new(Options.Seed, Step, from)),
                upcoming[..Math.Min(size, upcoming.Length)],
                new(changer, to < slots.Length ? Step : Step + 1), probe);
            probe = false;
            Totals.Add(to - from, part);
            sum += part.Loss * part.Weight;
            weight += part.Weight;
            // The loss of a single batch as it is, without a rounding.
            Loss = weight == part.Weight ? part.Loss : sum / weight;
            BatchComputed?.Invoke(this);
        }
    }

    /// <summary>The rows of the step, over all its batches.</summary>
    internal int StepRows { get; private set; }

    internal static long DeviceSeed(int seed, long step) => ((long)seed << 32) ^ step;

    internal void CountStep()
    {
        Step++;
        StepInEpoch++;
    }

    internal void StepOptimizer() => Optimizer.Step(threads, Observers);

    /// <summary>Rebuilds the replicas for the next batch from the present model, as they have their own statistics.</summary>
    internal void DropReplicas()
    {
        replicas?.Dispose();
        (replicas, unplanned) = (null, null);
    }

    /// <summary>Sets the model to evaluation mode and removes its gradients.</summary>
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
