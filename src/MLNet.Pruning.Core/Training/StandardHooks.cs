namespace MLNet.Pruning.Training;

/// <summary>Puts the user's hooks between those that every run has, and calls them in turn.</summary>
sealed class StandardHooks : ITrainingHook, IDisposable
{
    readonly ITrainingHook[] hooks;
    readonly EvaluationSet? validation;

    StandardHooks(ITrainingHook[] hooks, EvaluationSet? validation) => (this.hooks, this.validation) = (hooks, validation);

    public EvaluationSet? Validation => validation;

    public static StandardHooks Around(TrainingOptions options, TrainingTask task, CancellationToken cancellation)
    {
        if (task.Validation is { } set && !set.Shape.SequenceEqual(task.Examples.Shape))
            throw new ArgumentException($"The validation examples have shape [{string.Join(", ", set.Shape)}], those to learn from [{string.Join(", ", task.Examples.Shape)}]; they must be the same.");
        var validation = task.Validation is null ? null : new EvaluationSet(task.Validation, options, task.Objective, cancellation);
        List<ITrainingHook?> all =
        [
            new LossGuard(), // first: no other hook sees the gradients of a loss that is not a number
            options.Schedule is { } schedule ? new ScheduleHook(schedule) : null,
            .. options.Hooks,
            options.GradientClipNorm is { } norm ? new GradientClipping(norm) : null, // last to touch the gradients
            validation is null ? null : new ValidationHook(validation),
            new HistoryRecorder(options.HistoryInterval),
            options.Progress is { } progress ? new ProgressReporter(progress) : null,
        ];
        if (options.Checkpoint is { } checkpoint)
            all.Add(new CheckpointHook(checkpoint, [.. all.OfType<IStateful>()])); // last of all: it saves what the others have done
        return new StandardHooks([.. all.OfType<ITrainingHook>()], validation);
    }

    public void Started(TrainingRun run) => Each(run, static (hook, run) => hook.Started(run));

    public void ReplicasBuilt(TrainingRun run) => Each(run, static (hook, run) => hook.ReplicasBuilt(run));

    public void BeforeEpoch(TrainingRun run) => Each(run, static (hook, run) => hook.BeforeEpoch(run));

    public void BeforeForward(TrainingRun run) => Each(run, static (hook, run) => hook.BeforeForward(run));

    public void AfterBackward(TrainingRun run) => Each(run, static (hook, run) => hook.AfterBackward(run));

    public void AfterStep(TrainingRun run) => Each(run, static (hook, run) => hook.AfterStep(run));

    public void AfterEpoch(TrainingRun run) => Each(run, static (hook, run) => hook.AfterEpoch(run));

    public void BetweenEpochs(TrainingRun run) => Each(run, static (hook, run) => hook.BetweenEpochs(run));

    public void Ended(TrainingRun run) => End(hooks, run);

    /// <summary>Tells every hook that the run is over, whatever another one throws: each gives back what it holds.</summary>
    public static void End(ReadOnlySpan<ITrainingHook> hooks, TrainingRun run)
    {
        if (hooks.IsEmpty)
            return;
        try
        {
            hooks[0].Ended(run);
        }
        finally
        {
            End(hooks[1..], run);
        }
    }

    void Each(TrainingRun run, Action<ITrainingHook, TrainingRun> call)
    {
        foreach (var hook in hooks)
            call(hook, run);
    }

    public void Dispose() => validation?.Dispose();
}
