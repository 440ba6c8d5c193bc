using System.Globalization;

namespace MLNet.Pruning;

/// <summary>The progress of a run.</summary>
/// <param name="Epoch">The current epoch, from 1.</param>
/// <param name="Epochs">The total number of epochs.</param>
/// <param name="Step">Completed steps of this epoch.</param>
/// <param name="Steps">Steps in an epoch.</param>
/// <param name="Loss">The mean loss of this epoch so far.</param>
/// <param name="Accuracy">The fraction of correct answers in this epoch so far; null if the objective has none.</param>
/// <param name="RowsPerSecond">Examples per second in this epoch so far.</param>
/// <param name="LearningRate">The learning rate.</param>
/// <param name="Finished">The epoch's record if it has just ended; otherwise null.</param>
public sealed record TrainingProgress(int Epoch, int Epochs, int Step, int Steps, double Loss, double? Accuracy, double RowsPerSecond,
    double LearningRate, EpochRecord? Finished)
{
    /// <summary>Trainable parameters now.</summary>
    public long Parameters { get; init; }

    /// <summary>Trainable parameters when the run began.</summary>
    public long ParametersAtStart { get; init; }

    /// <summary>The latest pruning event; null before the first.</summary>
    public PruningRecord? LastEvent { get; init; }

    /// <summary>Writes one line of text per epoch: loss, accuracy, parameters and seconds.</summary>
    /// <param name="writer">Where the lines go, such as <see cref="Console.Out"/>.</param>
    public static IProgress<TrainingProgress> Lines(TextWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        return new LineWriter(writer);
    }

    sealed class LineWriter(TextWriter writer) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            if (value.Finished is not { } epoch)
                return;
            var accuracy = (epoch.ValidationAccuracy ?? epoch.Accuracy) is { } fraction
                ? string.Create(CultureInfo.InvariantCulture, $", accuracy {100 * fraction:F1} %") : "";
            writer.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"epoch {epoch.Epoch} of {value.Epochs}: loss {epoch.ValidationLoss ?? epoch.Loss:F4}{accuracy}, {epoch.Parameters:N0} "
                    + $"parameters, {epoch.Seconds:F1} s"));
        }
    }
}
