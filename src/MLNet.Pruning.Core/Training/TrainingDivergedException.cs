namespace MLNet.Pruning.Training;

/// <summary>The loss became NaN or infinite. The parameters are those from before the step that it happened in.</summary>
public sealed class TrainingDivergedException : ArithmeticException
{
    internal TrainingDivergedException(int epoch, long step, double loss, double? lastFinite, double learningRate)
        : base($"The loss became {(double.IsNaN(loss) ? "NaN" : "infinite")} at step {step} (epoch {epoch}); the last finite loss was {lastFinite?.ToString("G6") ?? "never there"}. " +
               $"The parameters are left as they were before that step. Usual causes: a learning rate ({learningRate:G4}) that is too high, inputs that are NaN or not scaled, or a loss that takes the logarithm of zero.")
    {
        Epoch = epoch;
        Step = step;
        LastFiniteLoss = lastFinite;
    }

    /// <summary>The epoch, from 1.</summary>
    public int Epoch { get; }

    /// <summary>The step of the run, from 1.</summary>
    public long Step { get; }

    /// <summary>The loss of the last step that had a finite one; null when none had.</summary>
    public double? LastFiniteLoss { get; }
}
