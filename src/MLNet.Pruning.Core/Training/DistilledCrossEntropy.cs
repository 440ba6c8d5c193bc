using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>
/// Knowledge distillation (Hinton et al., 2015): a classifier learns from its labels and from a teacher's answers to the same inputs. The
/// loss is (1 - w) CE(labels, student) + w T^2 KL(softmax(teacher / T) || softmax(student / T)), averaged over rows.
/// </summary>
/// <remarks>
/// The teacher is not trained: it runs without gradients, and is called from several threads at once. A validation set is measured by the
/// cross entropy with its labels alone, so that its loss compares with that of a training without a teacher.
/// </remarks>
public sealed class DistilledCrossEntropy : IObjective
{
    readonly CrossEntropy labels;
    readonly Func<Tensor, Tensor> teacher;
    readonly double temperature, weight;

    /// <summary>Makes the objective for a teacher that is a module. It is set to evaluation mode; the caller disposes of it.</summary>
    /// <param name="classCount">The number of classes; at least 2.</param>
    /// <param name="teacher">Gives a logit for each class, for inputs as the student gets them and on the same device.</param>
    /// <param name="temperature">Softens both distributions before they are compared; above 0.</param>
    /// <param name="weight">The weight of the teacher's answers beside that of the labels; above 0, at most 1.</param>
    /// <param name="labelSmoothing">The share of each label that is spread over all classes; in [0, 1).</param>
    public DistilledCrossEntropy(int classCount, nn.Module<Tensor, Tensor> teacher, double temperature = 4, double weight = 0.5,
        double labelSmoothing = 0)
        : this(classCount, Frozen(teacher), temperature, weight, labelSmoothing)
    {
    }

    /// <summary>Makes the objective for a teacher that is any function.</summary>
    /// <param name="classCount">The number of classes; at least 2.</param>
    /// <param name="teacher">From inputs, as the student gets them, to a logit for each class. Called from several threads.</param>
    /// <param name="temperature">Softens both distributions before they are compared; above 0.</param>
    /// <param name="weight">The weight of the teacher's answers beside that of the labels; above 0, at most 1.</param>
    /// <param name="labelSmoothing">The share of each label that is spread over all classes; in [0, 1).</param>
    public DistilledCrossEntropy(int classCount, Func<Tensor, Tensor> teacher, double temperature = 4, double weight = 0.5,
        double labelSmoothing = 0)
    {
        ArgumentNullException.ThrowIfNull(teacher);
        Check(temperature, weight);
        labels = new CrossEntropy(classCount, labelSmoothing);
        (this.teacher, this.temperature, this.weight) = (teacher, temperature, weight);
    }

    /// <inheritdoc/>
    public int? ClassCount => labels.ClassCount;

    /// <inheritdoc/>
    public IObjective Validation => labels;

    /// <inheritdoc/>
    public (Tensor Loss, double? Correct) Compute(nn.Module model, Batch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        var target = Answers(batch); // before the student: its tensors are freed first
        var logits = Forward.Through(model, batch.Inputs);
        var (hard, correct) = labels.Compute(logits, batch);
        if (!logits.shape.SequenceEqual(target.shape))
            throw WrongShape(target.shape, logits.shape);
        var soft = nn.functional.kl_div(logits.Over(temperature).log_softmax(1), target, log_target: true, nn.Reduction.None).sum([1]);
        return (hard.Times(1 - weight).Plus(batch.Mean(soft).Times(weight * temperature * temperature)), correct);
    }

    internal double LabelSmoothing => labels.LabelSmoothing;

    internal double Temperature => temperature;

    internal double Weight => weight;

    internal static InvalidOperationException WrongShape(IReadOnlyList<long> teacher, IReadOnlyList<long> student) =>
        new($"The teacher gives [{string.Join(", ", teacher)}] for {student[0]} rows, and the student [{string.Join(", ", student)}]; they "
            + "must give a logit for each of the same classes.");

    /// <summary>The logarithms of the teacher's softened probabilities.</summary>
    internal Tensor Answers(Batch batch)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        return teacher(batch.Inputs).Over(temperature).log_softmax(1).MoveToOuterDisposeScope();
    }

    internal static void Check(double temperature, double weight)
    {
        TrainingOptions.Require(double.IsFinite(temperature) && temperature > 0, "Distillation.Temperature", temperature, "above 0");
        TrainingOptions.Require(weight is > 0 and <= 1, "Distillation.Weight", weight, "above 0 and at most 1" + Fractions.Hint(weight));
    }

    static Func<Tensor, Tensor> Frozen(nn.Module<Tensor, Tensor> teacher)
    {
        ArgumentNullException.ThrowIfNull(teacher);
        teacher.eval();
        return teacher.call;
    }
}
