namespace MLNet.Pruning.Training;

/// <summary>Evaluates the model on the validation set after each epoch.</summary>
sealed class ValidationHook(EvaluationSet examples) : ITrainingHook
{
    public void AfterEpoch(TrainingRun run) => run.Totals.Validation = run.Evaluate(examples);
}
