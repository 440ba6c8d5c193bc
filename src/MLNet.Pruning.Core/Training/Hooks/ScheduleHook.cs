namespace MLNet.Pruning.Training;

/// <summary>Sets the learning rate before each step.</summary>
sealed class ScheduleHook(LearningRateSchedule schedule) : ITrainingHook
{
    public void BeforeForward(TrainingRun run)
    {
        // Where the length of an epoch is not known, its steps share the rate of its beginning.
        var within = run.StepsPerEpoch is { } steps and > 0 ? Math.Min(1.0, (double)run.StepInEpoch / steps) : 0;
        var rate = run.Options.LearningRate * schedule.Factor(run.Epoch + within, run.Options.Epochs);
        if (rate != run.LearningRate)
            run.LearningRate = rate;
    }
}
