using static System.Globalization.CultureInfo;

namespace MLNet.Pruning;

/// <summary>
/// The loss became NaN or infinite, and the parameters are those before that step; or a parameter became so through a gradient that was
/// not finite.
/// </summary>
public sealed class TrainingDivergedException : ArithmeticException
{
    internal TrainingDivergedException(int epoch, long step, double loss, double? lastFinite, double learningRate)
        : this(epoch, step, lastFinite, string.Create(InvariantCulture,
            $"The loss became {(double.IsNaN(loss) ? "NaN" : "infinite")} at step {step} (epoch {epoch}); the last finite loss was "
            + $"{(lastFinite is { } last ? last.ToString("G6", InvariantCulture) : "never there")}. The parameters are left as they were "
            + $"before that step. Usual causes: a learning rate ({learningRate:G4}) that is too high, inputs that are NaN or not scaled, "
            + $"or a loss that takes the logarithm of zero."))
    {
    }

    internal TrainingDivergedException(int epoch, long step, string parameter, double loss, double learningRate)
        : this(epoch, step, loss, string.Create(InvariantCulture,
            $"Parameter '{parameter}' has become NaN or infinite by step {step} (epoch {epoch}), whose loss was still {loss:G6}: "
            + $"a gradient was no finite number. Nothing was saved after that. Usual causes: a learning rate ({learningRate:G4}) that is "
            + $"too high, or a root, quotient or logarithm of zero in the model or the loss; GradientClipNorm may help."))
    {
    }

    TrainingDivergedException(int epoch, long step, double? lastFinite, string message)
        : base(message)
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
