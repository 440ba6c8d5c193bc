namespace MLNet.Pruning.Training;

/// <summary>Stops a run whose loss is no longer a number, before the parameters move by it.</summary>
sealed class LossGuard : ITrainingHook
{
    double? lastFinite;

    public void AfterBackward(TrainingRun run)
    {
        if (!double.IsFinite(run.Loss))
            throw new TrainingDivergedException(run.Epoch + 1, run.Step + 1, run.Loss, lastFinite, run.LearningRate);
        lastFinite = run.Loss;
    }
}
