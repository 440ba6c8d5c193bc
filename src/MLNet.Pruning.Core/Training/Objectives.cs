using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>The loss of a training. Called from several threads at once, each with its own model and batch.</summary>
public interface IObjective
{
    /// <summary>The number of classes, to reject labels out of range while reading; null if labels are not used.</summary>
    int? ClassCount { get; }

    /// <summary>Whether <see cref="Compute"/> counts correct answers; by default if there are classes.</summary>
    bool HasAccuracy => ClassCount is not null;

    /// <summary>Runs the model on the batch and computes the loss.</summary>
    /// <returns>
    /// The mean loss over the batch's rows (a scalar with gradients), and the number of correct answers, or null if the objective has
    /// none. If the rows have weights, both are weighted, as by <see cref="Batch.Mean"/> and <see cref="Batch.Count"/>.
    /// </returns>
    (Tensor Loss, double? Correct) Compute(nn.Module model, Batch batch);

    /// <summary>The loss of a validation set, where it is another one than in training; by default the same.</summary>
    IObjective Validation => this;
}

/// <summary>
/// Classification: the model gives a logit for each class, and the loss is the cross entropy of their softmax with the label.
/// </summary>
public sealed class CrossEntropy : IObjective
{
    /// <summary>Makes the objective for labels from 0 to <paramref name="classCount"/> - 1.</summary>
    /// <param name="classCount">The number of classes; at least 2.</param>
    /// <param name="labelSmoothing">The share of each label that is spread over all classes; in [0, 1).</param>
    public CrossEntropy(int classCount, double labelSmoothing = 0)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(classCount, 2);
        if (labelSmoothing is not (>= 0 and < 1))
            throw new ArgumentOutOfRangeException(nameof(labelSmoothing), FormattableString.Invariant(
                $"Label smoothing is {labelSmoothing}; it must be at least 0 and below 1{Fractions.Hint(labelSmoothing)}."));
        ClassCount = classCount;
        LabelSmoothing = labelSmoothing;
    }

    /// <inheritdoc/>
    public int? ClassCount { get; }

    /// <inheritdoc/>
    public (Tensor Loss, double? Correct) Compute(nn.Module model, Batch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        return Compute(Forward.Through(model, batch.Inputs), batch);
    }

    internal double LabelSmoothing { get; }

    /// <summary>The loss of a model's logits for a batch.</summary>
    internal (Tensor Loss, double? Correct) Compute(Tensor logits, Batch batch)
    {
        if (logits.Dimensions != 2 || logits.shape[0] != batch.Rows || logits.shape[1] < ClassCount)
            throw new InvalidOperationException($"The model gives [{string.Join(", ", logits.shape)}] for {batch.Rows} rows; for "
                + $"{ClassCount} classes it must give [{batch.Rows}, {ClassCount}], or more numbers a row.");
        if (batch.Weights is null)
            return (nn.functional.cross_entropy(logits, batch.Labels, label_smoothing: LabelSmoothing), CountCorrect(logits, batch.Labels));
        var losses = nn.functional.cross_entropy(logits, batch.Labels, reduction: nn.Reduction.None, label_smoothing: LabelSmoothing);
        return (batch.Mean(losses), batch.Count(logits.argmax(1).eq(batch.Labels)));
    }

    static long CountCorrect(Tensor logits, Tensor labels)
    {
        if (logits.device_type != DeviceType.CPU || logits.dtype != ScalarType.Float32 || !logits.is_contiguous())
            return logits.argmax(1).eq(labels).sum().item<long>();
        // Three small operators would take longer than the comparisons.
        var scores = MemoryMarshal.Cast<byte, float>(logits.bytes);
        var answers = MemoryMarshal.Cast<byte, long>(labels.bytes);
        var classes = scores.Length / answers.Length;
        long correct = 0;
        for (var row = 0; row < answers.Length; row++)
        {
            var best = 0;
            var of = scores.Slice(row * classes, classes);
            for (var i = 1; i < of.Length; i++)
                if (of[i] > of[best])
                    best = i;
            if (best == answers[row])
                correct++;
        }
        return correct;
    }
}

/// <summary>
/// Binary classification: the model gives one logit, and the loss is the cross entropy of its sigmoid with the label, which is 0 or 1.
/// </summary>
public sealed class BinaryCrossEntropy : IObjective
{
    /// <inheritdoc/>
    public int? ClassCount => 2;

    /// <inheritdoc/>
    public (Tensor Loss, double? Correct) Compute(nn.Module model, Batch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        var logits = Forward.ToOneNumber(model, batch, "a logit");
        var losses = nn.functional.binary_cross_entropy_with_logits(
            logits, batch.Labels.to_type(ScalarType.Float32), reduction: nn.Reduction.None);
        return (batch.Mean(losses), batch.Count(logits.gt(Scalars.Zero).eq(batch.Labels.to_type(ScalarType.Bool))));
    }
}

/// <summary>How far a prediction is from its target.</summary>
public enum RegressionLoss
{
    /// <summary>The square of the difference: predicts means.</summary>
    Squared,

    /// <summary>The absolute difference: predicts medians, and outliers count less.</summary>
    Absolute,

    /// <summary>
    /// Half the square of a difference up to 1, and its absolute value - 1/2 beyond. For ML.NET's trainers, 1 is a standard deviation of
    /// the labels if the network ends with a linear layer; for a <see cref="RegressionObjective"/>, its <c>deviation</c>.
    /// </summary>
    Huber,
}

/// <summary>
/// Regression: the model gives one number, and the loss compares it with the row's target in units of <c>deviation</c>: (target - mean) /
/// deviation.
/// </summary>
public sealed class RegressionObjective : IObjective
{
    /// <summary>Makes the objective.</summary>
    /// <param name="loss">How far a prediction is from its target.</param>
    /// <param name="mean">The target for which the model gives 0; finite.</param>
    /// <param name="deviation">The difference between targets for which the model gives 0 and 1; above 0.</param>
    public RegressionObjective(RegressionLoss loss = RegressionLoss.Squared, double mean = 0, double deviation = 1)
    {
        if (!Enum.IsDefined(loss))
            throw new ArgumentOutOfRangeException(nameof(loss), loss, "There is no such loss.");
        if (!double.IsFinite(mean))
            throw new ArgumentOutOfRangeException(nameof(mean), mean, "The mean must be finite.");
        if (deviation is not (> 0 and < double.PositiveInfinity))
            throw new ArgumentOutOfRangeException(nameof(deviation), deviation, "The deviation must be above 0 and finite.");
        (Loss, Mean, Deviation) = (loss, mean, deviation);
    }

    internal RegressionLoss Loss { get; }

    internal double Mean { get; }

    internal double Deviation { get; }

    /// <inheritdoc/>
    public int? ClassCount => null;

    /// <inheritdoc/>
    public (Tensor Loss, double? Correct) Compute(nn.Module model, Batch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        var predicted = Forward.ToOneNumber(model, batch, "a number");
        var targets = Mean == 0 && Deviation == 1 ? batch.Targets : batch.Targets.Plus(-Mean).Over(Deviation);
        var losses = Loss switch
        {
            RegressionLoss.Absolute => nn.functional.l1_loss(predicted, targets, nn.Reduction.None),
            RegressionLoss.Huber => nn.functional.huber_loss(predicted, targets, reduction: nn.Reduction.None),
            _ => nn.functional.mse_loss(predicted, targets, nn.Reduction.None),
        };
        return (batch.Mean(losses), null);
    }
}

/// <summary>Autoencoding: the model reconstructs its input, and the loss is the mean squared difference.</summary>
public sealed class Reconstruction : IObjective
{
    /// <inheritdoc/>
    public int? ClassCount => null;

    /// <inheritdoc/>
    public (Tensor Loss, double? Correct) Compute(nn.Module model, Batch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        var output = Forward.Through(model, batch.Inputs);
        var losses = nn.functional.mse_loss(output, batch.Inputs.view(output.shape), nn.Reduction.None);
        return (batch.Mean(losses.view(batch.Rows, -1).mean([1])), null);
    }
}

/// <summary>Any loss, as a function of the model and a batch.</summary>
/// <param name="loss">
/// Computes the mean loss over the batch's rows, with <see cref="Batch.Mean"/> if they have weights. Called from several threads at once,
/// each with its own model and batch.
/// </param>
/// <param name="classCount">The number of classes, to reject wrong labels while reading; null if labels are not used.</param>
public sealed class CustomObjective(Func<nn.Module, Batch, Tensor> loss, int? classCount = null) : IObjective
{
    /// <inheritdoc/>
    public int? ClassCount => classCount;

    /// <inheritdoc/>
    public bool HasAccuracy => false;

    /// <inheritdoc/>
    public (Tensor Loss, double? Correct) Compute(nn.Module model, Batch batch) => (loss(model, batch), null);
}

static class Forward
{
    /// <summary>Calls a module that takes and gives one tensor.</summary>
    public static Tensor Through(nn.Module model, Tensor input) => model is nn.Module<Tensor, Tensor> network
        ? network.call(input)
        : throw new ArgumentException(
            $"{model.GetType().Name} does not take one tensor and give one; an objective of its own must call it.");

    /// <summary>Calls a module that gives one number for each row: [rows].</summary>
    public static Tensor ToOneNumber(nn.Module model, Batch batch, string what)
    {
        var output = Through(model, batch.Inputs);
        return output.NumberOfElements == batch.Rows ? output.view(batch.Rows) : throw new InvalidOperationException(
            $"The model gives [{string.Join(", ", output.shape)}] for {batch.Rows} rows; wanted [{batch.Rows}, 1], {what} for each row.");
    }
}
