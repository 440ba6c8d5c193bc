using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning.Training;

/// <summary>What hooks see of a run, and what they can do to it.</summary>
public sealed class TrainingRun
{
    readonly TrainingTask task;
    readonly IFeed feed;
    readonly ReplicaThreads threads;
    readonly Device device;
    ReplicaSet? replicas;
    Func<nn.Module>? copy;
    bool probe;
    int resumedSteps;

    internal TrainingRun(TrainingTask task, TrainingOptions options, IFeed feed, ReplicaThreads threads, CancellationToken cancellation)
    {
        (this.task, Options, this.feed, this.threads, Cancellation) = (task, options, feed, threads, cancellation);
        device = torch.device(options.Device);
        copy = threads.Count > 1 ? task.Copy : null;
        Model = task.Model.to(device);
        Optimizer = CreateOptimizer(Model.parameters());
        LearningRate = options.LearningRate;
    }

    /// <summary>The options of the run.</summary>
    public TrainingOptions Options { get; }

    /// <summary>The model as it is now.</summary>
    public nn.Module Model { get; private set; }

    /// <summary>The optimizer of the model's parameters. It is the run's to dispose of.</summary>
    public optim.Optimizer Optimizer { get; private set; }

    /// <summary>The copies that compute; the first is <see cref="Model"/>, the others share its parameters.</summary>
    public IReadOnlyList<nn.Module> Replicas => replicas is null ? [Model] : replicas.Modules;

    /// <summary>What is minimised.</summary>
    public IObjective Objective => task.Objective;

    /// <summary>The epoch that runs, from 0.</summary>
    public int Epoch { get; internal set; }

    /// <summary>Steps that the optimizer has taken in the run.</summary>
    public long Step { get; internal set; }

    /// <summary>Steps that the optimizer has taken in this epoch.</summary>
    public int StepInEpoch { get; internal set; }

    /// <summary>Steps in an epoch, where known.</summary>
    public int? StepsPerEpoch => feed.StepsPerEpoch;

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
            foreach (var group in Optimizer.ParamGroups)
                group.LearningRate = value;
        }
    }

    double learningRate;

    /// <summary>Ends the run after this step's or epoch's hooks.</summary>
    public void Stop(string reason) => StopReason ??= reason;

    /// <summary>Another optimizer of the run's kind.</summary>
    public optim.Optimizer CreateOptimizer(IEnumerable<Parameter> parameters)
    {
        Parameter[] trained = [.. parameters.Where(p => p.requires_grad)];
        if (trained.Length == 0)
            throw new ArgumentException("The model has no trainable parameters.");
        return task.Optimizer?.Invoke(trained) ?? Optimizers.Create(Options, trained);
    }

    /// <summary>Puts another model in place; the next step is computed by it.</summary>
    /// <param name="model">The new model. Disposing of the one before is the caller's.</param>
    /// <param name="copyModel">Builds the same module again, for replicas; without it there is one replica from here on.</param>
    /// <param name="optimizer">Its optimizer, with whatever state was carried over; null for a new one. The one before is disposed of.</param>
    public void Replace(nn.Module model, Func<nn.Module>? copyModel = null, optim.Optimizer? optimizer = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (InBackward)
            throw new InvalidOperationException($"The model cannot be replaced in {nameof(ITrainingHook.AfterBackward)}, between its gradients and its step.");
        replicas?.Dispose();
        replicas = null;
        copy = threads.Count > 1 ? copyModel : null;
        Model = model.to(device);
        ModuleScope.Detach(Model);
        var before = Optimizer;
        Optimizer = optimizer ?? CreateOptimizer(model.parameters());
        if (before != Optimizer)
            before.Dispose();
        LearningRate = learningRate;
    }

    /// <summary>The mean loss over a set of examples and the fraction answered correctly, with the model in evaluation mode.</summary>
    public Evaluation Evaluate(EvaluationSet examples)
    {
        ArgumentNullException.ThrowIfNull(examples);
        var set = EnsureReplicas();
        double loss = 0;
        long? correct = 0;
        long rows = 0;
        foreach (var module in set.Modules)
            module.eval();
        try
        {
            examples.Feed.BeginEpoch(0);
            for (var slots = examples.Feed.Next(Cancellation); slots.Length > 0; slots = examples.Feed.Next(Cancellation))
            {
                Cancellation.ThrowIfCancellationRequested();
                var part = set.Evaluate(slots, examples.Feed.Examples, Objective);
                loss += part.Loss * slots.Length;
                correct += part.Correct;
                rows += slots.Length;
            }
        }
        finally
        {
            foreach (var module in set.Modules)
                module.train();
        }
        return new Evaluation(rows, loss / rows, (double?)correct / rows);
    }

    internal bool InBackward { get; set; }

    internal IFeed Feed => feed;

    internal TrainingTask Task => task;

    /// <summary>Called when replicas were built.</summary>
    internal Action<TrainingRun>? ReplicasBuilt { get; init; }

    internal ReplicaSet EnsureReplicas()
    {
        if (replicas is not null)
            return replicas;
        replicas = new ReplicaSet(Model, copy, feed.Examples, threads, Options.BatchSize, device);
        probe = true;
        ReplicasBuilt?.Invoke(this);
        return replicas;
    }

    /// <summary>Begins the epoch, or takes it up after the steps that a checkpoint says are done; false for the latter.</summary>
    internal bool BeginEpoch()
    {
        feed.BeginEpoch(Epoch);
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
        (Loss, var correct) = EnsureReplicas().Compute(slots, feed.Examples, Objective, probe);
        probe = false;
        Totals.Add(slots.Length, Loss, correct);
    }

    internal void CountStep()
    {
        Step++;
        StepInEpoch++;
    }

    internal void Close()
    {
        replicas?.Dispose();
        Optimizer.Dispose();
    }
}
