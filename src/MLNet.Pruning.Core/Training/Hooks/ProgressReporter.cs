using System.Diagnostics;

namespace MLNet.Pruning.Training;

/// <summary>Tells a listener how the run goes, at most ten times a second and after each epoch.</summary>
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
            totals.Seconds > 0 ? totals.Rows / totals.Seconds : 0, run.LearningRate, finished);
    }
}
