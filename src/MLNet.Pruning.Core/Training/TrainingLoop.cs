using System.Diagnostics;
using MLNet.Pruning.Training;
using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>The training loop. Everything else in a run is a hook.</summary>
public sealed class TrainingLoop
{
    readonly TrainingOptions options;

    /// <summary>Checks the options.</summary>
    public TrainingLoop(TrainingOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        this.options = options;
    }

    /// <summary>Trains the task's model. It is in evaluation mode afterwards, however the run ends.</summary>
    /// <remarks>
    /// The run seeds LibTorch's generator with <see cref="TrainingOptions.Seed"/>, and restores it afterwards. On the CPU, LibTorch
    /// computes on the calling thread alone, and on one thread per replica. Two runs at a time in one process train as each
    /// would alone, except for what dropout and an autoencoder's samples draw: these come from the one generator in any order.
    /// </remarks>
    /// <exception cref="TrainingCanceledException">
    /// The run was cancelled. The exception has the result, with the model as it is after the last whole step.
    /// </exception>
    /// <exception cref="OperationCanceledException">The run was cancelled before its first step.</exception>
    /// <exception cref="TrainingDivergedException">The loss became NaN or infinite.</exception>
    public TrainingResult Run(TrainingTask task, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(task);
        ArgumentNullException.ThrowIfNull(task.Model);
        ArgumentNullException.ThrowIfNull(task.Examples);
        ArgumentNullException.ThrowIfNull(task.Objective);
        options.Augmentation?.Check(task.Examples.Shape);
        options.RequireMeasured(task.Validation is not null, task.Objective.HasAccuracy);
        cancellation.ThrowIfCancellationRequested();
        options.Checkpoint?.Probe();
        using var memory = options.IsCpu ? KeptMemory.Begin() : null;
        if (task.Validation is { } set && !set.Shape.SequenceEqual(task.Examples.Shape))
            throw new ArgumentException($"The validation examples have shape [{string.Join(", ", set.Shape)}], those to learn from "
                + $"[{string.Join(", ", task.Examples.Shape)}]; they must be the same.");
        if (task.Validation is { HasWeights: true } && !task.Examples.HasWeights)
            throw new ArgumentException("The validation examples have weights, and those to learn from have none; give both or neither.");
        using var validation = task.Validation is { } rows ? new EvaluationSet(rows, options, task.Objective, cancellation) : null;
        var hooks = StandardHooks.Around(options, validation);
        using var feed = Feed.Open(task.Examples, options, task.Objective.ClassCount, cancellation);
        using var oneThread = options.IsCpu ? new SingleThreaded() : null;
        using var threads = new ReplicaThreads(ReplicaSet.CountFor(options, task.Copy is not null), _ => SingleThreaded.UntilThreadEnds());
        using var generator = new RandomState(); // restores the generator after the run
        RandomState.Seed(options.Seed);
        var run = new TrainingRun(task, options, feed, threads, cancellation)
        {
            ReplicasBuilt = hooks.ReplicasBuilt,
            BatchComputed = hooks.AfterBatch,
            Validation = validation,
        };
        OperationCanceledException? canceled = null;
        try
        {
            hooks.Started(run);
            while (run.Epoch < options.Epochs && run.StopReason is null)
            {
                Train(run, hooks, cancellation);
                hooks.AfterEpoch(run);
                hooks.BetweenEpochs(run);
                run.Epoch++;
            }
            run.History.Stopped = run.StopReason;
            run.IsComplete = true;
        }
        catch (OperationCanceledException e) when (cancellation.IsCancellationRequested && run.Step > 0)
        {
            canceled = e;
            run.History.Stopped = TrainingHistory.Canceled;
            run.IsComplete = true;
        }
        finally
        {
            try
            {
                hooks.Ended(run);
            }
            finally
            {
                run.Close();
            }
        }
        var result = new TrainingResult(run.Model, run.History, run.Shared);
        return canceled is null ? result : throw new TrainingCanceledException(result, canceled);
    }

    /// <summary>One epoch.</summary>
    static void Train(TrainingRun run, CombinedHook hooks, CancellationToken cancellation)
    {
        run.EnterEpoch();
        Check(run, hooks, cancellation);
        if (run.BeginEpoch())
            hooks.BeforeEpoch(run);
        while (run.StopReason is null)
        {
            Check(run, hooks, cancellation);
            var began = Stopwatch.GetTimestamp();
            var batch = Next(run, hooks, cancellation);
            if (batch.Length == 0)
                break;
            using (NewDisposeScope())
            {
                hooks.BeforeForward(run);
                run.InBackward = true;
                run.Compute(batch);
                hooks.AfterBackward(run);
                run.InBackward = false;

                run.StepOptimizer();
                run.CountStep();
                run.Totals.Seconds += Stopwatch.GetElapsedTime(began).TotalSeconds;
                hooks.AfterStep(run);
            }
        }
        if (run.Totals is { Rows: > 0, Weight: 0 })
            throw new InvalidDataException($"All {run.Totals.Rows} examples of the epoch have weight 0; at least one must count.");
    }

    /// <summary>The next batch. A source that streams may take a while, and is cancelled within its work.</summary>
    static ReadOnlySpan<int> Next(TrainingRun run, CombinedHook hooks, CancellationToken cancellation)
    {
        try
        {
            return run.Feed.Next(cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            Check(run, hooks, cancellation);
            throw;
        }
    }

    /// <summary>Ends a cancelled run between two steps.</summary>
    static void Check(TrainingRun run, CombinedHook hooks, CancellationToken cancellation)
    {
        if (!cancellation.IsCancellationRequested)
            return;
        if (run.Step > 0)
            hooks.Canceled(run);
        cancellation.ThrowIfCancellationRequested();
    }
}
