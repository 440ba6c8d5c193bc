namespace MLNet.Pruning.Training;

/// <summary>Sets the learning rate before each step.</summary>
sealed class ScheduleHook(LearningRateSchedule schedule) : ITrainingHook
{
    public void BeforeForward(TrainingRun run)
    {
        var rate = run.Options.LearningRate * schedule.Factor(run.Epoch + (double)run.StepInEpoch / run.StepsPerEpoch, run.Options.Epochs);
        if (rate != run.LearningRate)
            run.LearningRate = rate;
    }
}
