namespace MLNet.Pruning.Training;

/// <summary>Writes steps and epochs into the run's history.</summary>
sealed class HistoryRecorder(int interval) : ITrainingHook
{
    public void Started(TrainingRun run)
    {
        run.History.Model = ModelTitle.Of(run.Model);
        run.History.ParametersAtStart = Parameters(run);
    }

    public void ReplicasBuilt(TrainingRun run) => run.History.Replicas = run.Replicas.Count;

    public void AfterStep(TrainingRun run)
    {
        if ((run.Step - 1) % interval == 0)
            run.History.Steps.Add(new StepRecord(run.Step, run.Epoch + 1, run.Loss, run.LearningRate));
    }

    public void AfterEpoch(TrainingRun run)
    {
        var totals = run.Totals;
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
            Parameters = Parameters(run),
        });
    }

    static long Parameters(TrainingRun run) => run.Flat.Parameters.Where(p => p.requires_grad).Sum(p => p.NumberOfElements);
}
