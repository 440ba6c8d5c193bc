using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>The loss of a training. Called from several threads at once, each with its own model and batch.</summary>
public interface IObjective
{
    /// <summary>The number of classes, to reject labels out of range while reading; null if labels are not used.</summary>
    int? ClassCount { get; }

    /// <summary>Runs the model on the batch and computes the loss.</summary>
    /// <returns>
    /// The mean loss over the batch's rows (a scalar with gradients), and the number of correct answers, or null if the objective has
    /// none.
    /// </returns>
    (Tensor Loss, long? Correct) Compute(nn.Module model, Batch batch);

    /// <summary>The loss of a validation set, where it is another one than in training; by default the same.</summary>
    IObjective Validation => this;
}

/// <summary>
/// Classification: the model gives a logit for each class, and the loss is the cross entropy of their softmax with the label.
/// </summary>
public sealed class CrossEntropy : IObjective
{
    readonly double labelSmoothing;

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
        this.labelSmoothing = labelSmoothing;
    }

    /// <inheritdoc/>
    public int? ClassCount { get; }

    /// <inheritdoc/>
    public (Tensor Loss, long? Correct) Compute(nn.Module model, Batch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        return Compute(Forward.Through(model, batch.Inputs), batch);
    }

    /// <summary>The loss of a model's logits for a batch.</summary>
    internal (Tensor Loss, long? Correct) Compute(Tensor logits, Batch batch)
    {
        if (logits.Dimensions != 2 || logits.shape[0] != batch.Rows || logits.shape[1] < ClassCount)
            throw new InvalidOperationException($"The model gives [{string.Join(", ", logits.shape)}] for {batch.Rows} rows; for "
                + $"{ClassCount} classes it must give [{batch.Rows}, {ClassCount}].");
        var loss = nn.functional.cross_entropy(logits, batch.Labels, label_smoothing: labelSmoothing);
        return (loss, CountCorrect(logits, batch.Labels));
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

/// <summary>Autoencoding: the model reconstructs its input, and the loss is the mean squared difference.</summary>
public sealed class Reconstruction : IObjective
{
    /// <inheritdoc/>
    public int? ClassCount => null;

    /// <inheritdoc/>
    public (Tensor Loss, long? Correct) Compute(nn.Module model, Batch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        var output = Forward.Through(model, batch.Inputs);
        return (nn.functional.mse_loss(output, batch.Inputs.view(output.shape)), null);
    }
}

/// <summary>Any loss, as a function of the model and a batch.</summary>
/// <param name="loss">
/// Computes the mean loss over the batch's rows. Called from several threads at once, each with its own model and batch.
/// </param>
/// <param name="classCount">The number of classes, to reject wrong labels while reading; null if labels are not used.</param>
public sealed class CustomObjective(Func<nn.Module, Batch, Tensor> loss, int? classCount = null) : IObjective
{
    /// <inheritdoc/>
    public int? ClassCount => classCount;

    /// <inheritdoc/>
    public (Tensor Loss, long? Correct) Compute(nn.Module model, Batch batch) => (loss(model, batch), null);
}

static class Forward
{
    /// <summary>Calls a module that takes and gives one tensor.</summary>
    public static Tensor Through(nn.Module model, Tensor input) => model is nn.Module<Tensor, Tensor> network
        ? network.call(input)
        : throw new ArgumentException(
            $"{model.GetType().Name} does not take one tensor and give one; an objective of its own must call it.");
}
