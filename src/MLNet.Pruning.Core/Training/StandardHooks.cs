using System.Diagnostics;
using System.Globalization;
using static TorchSharp.torch;

namespace MLNet.Pruning.Training;

/// <summary>The hooks that every run has.</summary>
static class StandardHooks
{
    /// <summary>These and the user's, in the order in which they are called.</summary>
    public static CombinedHook Around(TrainingOptions options, EvaluationSet? validation)
    {
        List<ITrainingHook?> all =
        [
            new LossGuard(), // first, so that no other hook sees the gradients of a loss that is not a number
            // Before pruning's hooks: these end with the run that is told to stop, and let go of what the best network needs after it.
            options.EarlyStopping is { } stopping ? new EarlyStoppingHook(stopping) : null,
            options.RestoreBest is { } metric ? new RestoreBestHook(metric) : null,
            options.Schedule is { } schedule ? new ScheduleHook(schedule) : null,
            .. options.Hooks,
            options.GradientClipNorm is { } norm ? new GradientClipping(norm) : null, // last to change the gradients
            validation is null ? null : new ValidationHook(validation),
            new HistoryRecorder(options.HistoryInterval),
            options.Progress is { } progress ? new ProgressReporter(progress) : null,
        ];
        if (options.Checkpoint is { } checkpoint)
            all.Add(new CheckpointHook(checkpoint, [.. all.OfType<IStateful>()])); // last of all: it saves what the others have done
        return new CombinedHook([.. all.OfType<ITrainingHook>()]);
    }
}

/// <summary>
/// Stops a run before its parameters are updated with a loss that is not finite, or before parameters that are not finite are used
/// further.
/// </summary>
sealed class LossGuard : ITrainingHook
{
    double? lastFinite;

    public void AfterBatch(TrainingRun run)
    {
        if (!double.IsFinite(run.Loss))
            throw new TrainingDivergedException(run.Epoch + 1, run.Step + 1, run.Loss, lastFinite, run.LearningRate);
        lastFinite = run.Loss;
    }

    public void AfterEpoch(TrainingRun run) => RequireFiniteParameters(run);

    /// <summary>
    /// A finite loss may have a gradient that is not finite. The step then ruins the parameters, and only the next loss would show it.
    /// </summary>
    public static void RequireFiniteParameters(TrainingRun run)
    {
        using var scope = TorchSharp.torch.NewDisposeScope();
        foreach (var (name, parameter) in run.Model.named_parameters())
        {
            if (!parameter.detach().isfinite().all().item<bool>())
                throw new TrainingDivergedException(run.Epoch + 1, run.Step, name, run.Loss, run.LearningRate);
        }
    }
}

/// <summary>Sets the learning rate before each step.</summary>
sealed class ScheduleHook(LearningRateSchedule schedule) : ITrainingHook
{
    public void BeforeForward(TrainingRun run)
    {
        var rate = run.Options.LearningRate * schedule.Factor(
            new TrainingTime(run.Step, (long)run.StepsPerEpoch * run.Options.Epochs, run.StepsPerEpoch));
        if (rate != run.LearningRate)
            run.LearningRate = rate;
    }
}

/// <summary>Scales all gradients down together when their joint norm is above a bound.</summary>
sealed class GradientClipping(double norm) : ITrainingHook
{
    public void AfterBackward(TrainingRun run) => nn.utils.clip_grad_norm_(run.Flat.Parameters, norm);
}

/// <summary>Evaluates the model on the validation set after each epoch.</summary>
sealed class ValidationHook(EvaluationSet examples) : ITrainingHook
{
    public void AfterEpoch(TrainingRun run) => run.Totals.Validation = run.Evaluate(examples);
}

/// <summary>Writes steps and epochs to the run's history.</summary>
sealed class HistoryRecorder(int interval) : ITrainingHook
{
    public void Started(TrainingRun run)
    {
        run.History.Model = ModelTitle.Of(run.Model);
        run.History.ParametersAtStart = run.ParameterCount;
        run.History.Seed = run.Options.Seed;
        run.History.Data = new(run.Feed.RowCount, [.. run.Feed.Examples.Shape], $"{run.Feed.Examples.Fingerprint:x16}");
        run.History.Environment ??= TrainingEnvironment.Here();
        // A trainer has written its options before, by its own names.
        OptionText.Add(run.History, run.Options, isFirst: run.History.Options.Count == 0);
    }

    public void ReplicasBuilt(TrainingRun run) => run.History.Replicas = run.Replicas.Count;

    public void AfterStep(TrainingRun run)
    {
        // The hooks of pruning come before this one: the loss of the step of an event is still that of before, the next step's is not.
        if ((run.Step - 1) % interval == 0 || (run.History.Events is [.., { Step: var changed }] && changed >= run.Step - 1))
            run.History.Steps.Add(new StepRecord(run.Step, run.Epoch + 1, run.Loss, run.LearningRate));
    }

    public void AfterEpoch(TrainingRun run) => Record(run);

    public void BetweenEpochs(TrainingRun run) => Describe(run);

    /// <summary>A cancelled run's last epoch has the rows that it came to.</summary>
    public void Ended(TrainingRun run)
    {
        if (run.History.IsCanceled && run.Totals.Rows > 0 && run.History.Epochs.LastOrDefault()?.Epoch != run.Epoch + 1)
            Record(run);
        if (run.IsComplete)
            Describe(run);
    }

    static void Describe(TrainingRun run)
    {
        using var scope = NewDisposeScope();
        using var withoutGradients = no_grad();
        run.History.ModelAfter = ModelTitle.Of(run.Model);
        run.History.NonZeroParameters = run.Model.parameters().Where(p => p.requires_grad).Sum(p => p.count_nonzero().item<long>());
    }

    static void Record(TrainingRun run)
    {
        var totals = run.Totals;
        // A resumed run may be longer than it was.
        run.History.Options[nameof(TrainingOptions.Epochs)] = run.Options.Epochs.ToString(CultureInfo.InvariantCulture);
        run.History.Epochs.Add(new EpochRecord
        {
            Epoch = run.Epoch + 1,
            Steps = run.Step,
            Rows = totals.Rows,
            Loss = totals.Loss,
            Accuracy = totals.Accuracy,
            ValidationLoss = totals.Validation?.Loss,
            ValidationAccuracy = totals.Validation?.Accuracy,
            LearningRate = run.LearningRate,
            Seconds = totals.Seconds,
            RowsPerSecond = totals.Seconds > 0 ? totals.Rows / totals.Seconds : 0,
            Parameters = run.ParameterCount,
        });
    }
}

/// <summary>Reports progress to a listener, at most ten times a second and after each epoch.</summary>
sealed class ProgressReporter(IProgress<TrainingProgress> progress) : ITrainingHook
{
    static readonly long Interval = Stopwatch.Frequency / 10;
    long next;

    public void AfterStep(TrainingRun run)
    {
        var now = Stopwatch.GetTimestamp();
        if (now < next)
            return;
        next = now + Interval;
        progress.Report(Of(run, null));
    }

    public void AfterEpoch(TrainingRun run) => progress.Report(Of(run, run.History.Epochs[^1]));

    static TrainingProgress Of(TrainingRun run, EpochRecord? finished)
    {
        var totals = run.Totals;
        return new TrainingProgress(run.Epoch + 1, run.Options.Epochs, run.StepInEpoch, run.StepsPerEpoch, totals.Loss, totals.Accuracy,
            totals.Seconds > 0 ? totals.Rows / totals.Seconds : 0, run.LearningRate, finished)
        {
            Parameters = run.ParameterCount,
            ParametersAtStart = run.History.ParametersAtStart,
            LastEvent = run.History.Events.Count > 0 ? run.History.Events[^1] : null,
        };
    }
}

/// <summary>Saves the run between epochs, every so many steps and when it is cancelled, and resumes it.</summary>
sealed class CheckpointHook(CheckpointOptions options, IReadOnlyList<IStateful> stateful) : ITrainingHook
{
    CheckpointFiles? files;
    long saved = -1;

    public void Started(TrainingRun run)
    {
        // Report before training what cannot be saved.
        if (stateful.GroupBy(hook => hook.StateName).FirstOrDefault(hooks => hooks.Count() > 1) is { Key: var twice })
            throw new ArgumentException(
                $"Two hooks of this run call their state '{twice}', so that a checkpoint could not tell them apart.");
        run.Optimizer.RequireStates();
        files = new CheckpointFiles(options.For(run.Feed.Examples.Fingerprint).Path, options.Keep);
        if (options.Resume && files.Resume(run.Warn) is { } found)
        {
            Checkpoint.Load(found.Archive, found.Path, run, stateful);
            saved = run.Step;
        }
    }

    public void AfterStep(TrainingRun run)
    {
        if (options.EverySteps > 0 && run.Step % options.EverySteps == 0 && stateful.All(hook => hook.CanSave(run)))
            Save(run, run.Epoch, run.StepInEpoch);
    }

    public void Canceled(TrainingRun run)
    {
        if (run.Step != saved && stateful.All(hook => hook.CanSave(run)))
            Save(run, run.Epoch, run.StepInEpoch);
    }

    public void BetweenEpochs(TrainingRun run)
    {
        var done = run.Epoch + 1;
        if (done % options.EveryEpochs == 0 || done == run.Options.Epochs || run.StopReason is not null)
            Save(run, done, 0);
    }

    void Save(TrainingRun run, int epoch, int stepInEpoch)
    {
        LossGuard.RequireFiniteParameters(run); // do not overwrite a good file with parameters that are not finite
        files!.Write(stream => Checkpoint.Of(run, epoch, stepInEpoch, stateful).Write(stream));
        saved = run.Step;
    }
}
