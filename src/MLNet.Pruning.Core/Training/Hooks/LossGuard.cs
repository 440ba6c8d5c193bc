namespace MLNet.Pruning.Training;

/// <summary>
/// Stops a run whose loss is no longer a number, before the parameters move by it, or whose parameters are none, before anything is made
/// of them.
/// </summary>
sealed class LossGuard : ITrainingHook
{
    double? lastFinite;

    public void AfterBackward(TrainingRun run)
    {
        if (!double.IsFinite(run.Loss))
            throw new TrainingDivergedException(run.Epoch + 1, run.Step + 1, run.Loss, lastFinite, run.LearningRate);
        lastFinite = run.Loss;
    }

    public void AfterEpoch(TrainingRun run) => RequireFiniteParameters(run);

    /// <summary>A loss can be finite and its gradient not: then the step ruins the parameters, and only the next loss tells.</summary>
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
