using System.Buffers;
using MLNet.Pruning.Plans.Kernels;
using static TorchSharp.torch;

namespace MLNet.Pruning.Training;

/// <summary>The answers of a batch's rows; null where there are none.</summary>
/// <param name="labels">A class for each row.</param>
/// <param name="targets">A number for each row.</param>
/// <param name="weights">A weight for each row.</param>
/// <param name="teacher">The logarithm of a teacher's probability, for each row and class.</param>
/// <param name="classes">The classes of the teacher.</param>
/// <param name="images">What was read.</param>
/// <param name="pixels">Its numbers in a row.</param>
readonly unsafe struct PlannedAnswers(long* labels, float* targets, float* weights, float* teacher = null, int classes = 0,
    float* images = null, int pixels = 0)
{
    public readonly long* Labels = labels;

    public readonly float* Targets = targets, Weights = weights, Teacher = teacher, Images = images;

    public readonly int Classes = classes, Pixels = pixels;

    public PlannedAnswers From(int row) => new(Labels == null ? null : Labels + row, Targets == null ? null : Targets + row,
        Weights == null ? null : Weights + row, Teacher == null ? null : Teacher + ((long)row * Classes), Classes,
        Images == null ? null : Images + ((long)row * Pixels), Pixels);

    public float WeightOf(int row) => Weights == null ? 1 : Weights[row];
}

/// <summary>An objective's loss and gradient for outputs in memory.</summary>
abstract unsafe class PlannedLoss
{
    /// <summary>The loss of an objective; null if only LibTorch computes it.</summary>
    public static PlannedLoss? Of(IObjective objective) => objective switch
    {
        CrossEntropy classes => new OfClasses(classes.ClassCount!.Value, classes.LabelSmoothing),
        DistilledCrossEntropy taught => new OfTeacher(taught),
        BinaryCrossEntropy => new OfTwo(),
        RegressionObjective numbers => new OfNumbers(numbers),
        VaeObjective images => new OfImages(images),
        _ => null,
    };

    /// <summary>Whether it compares rows of so many outputs with answers.</summary>
    public abstract bool Fits(int outputs);

    /// <summary>Whether it is a loss of such a network.</summary>
    public virtual bool IsOf(nn.Module module) => module is not Vae;

    /// <summary>Replaces outputs by the gradient of the weighted sum of the rows' losses, times a factor.</summary>
    /// <param name="kernels">The kernels.</param>
    /// <param name="outputs">The network's outputs; become gradients.</param>
    /// <param name="rows">The number of rows.</param>
    /// <param name="answers">The rows' answers.</param>
    /// <param name="factor">The factor of the gradients.</param>
    /// <returns>The weighted sum of the losses, and the weight of right answers.</returns>
    public abstract (double Loss, double Correct) Compute(
        KernelSet kernels, PlanRows outputs, int rows, PlannedAnswers answers, double factor);

    /// <summary>Whether right answers are counted.</summary>
    public virtual bool HasAccuracy => true;

    /// <summary>The answers of a batch, for as long as the caller's dispose scope.</summary>
    public virtual PlannedAnswers Answers(Batch batch) =>
        new((long*)batch.LabelsAt, (float*)batch.TargetsAt, (float*)batch.WeightsAt);

    sealed class OfClasses(int classes, double smoothing) : PlannedLoss
    {
        public override bool Fits(int outputs) => outputs >= classes;

        public override (double Loss, double Correct) Compute(
            KernelSet kernels, PlanRows outputs, int rows, PlannedAnswers answers, double factor)
        {
            int width = outputs.Width;
            double loss = 0, correct = 0;
            // The logit of the label, the largest one, and the mean of all, before they become probabilities.
            float* kept = stackalloc float[3 * 256];
            for (int from = 0; from < rows; from += 256)
            {
                int count = Math.Min(256, rows - from);
                for (int row = 0; row < count; row++)
                {
                    float* logits = outputs.Row(from + row);
                    int best = 0;
                    double sum = 0;
                    for (int i = 0; i < width; i++)
                    {
                        sum += logits[i];
                        if (logits[i] > logits[best])
                            best = i;
                    }
                    long label = answers.Labels[from + row];
                    (kept[3 * row], kept[(3 * row) + 1], kept[(3 * row) + 2]) = (logits[label], logits[best], (float)(sum / width));
                    if (best == label)
                        correct += answers.WeightOf(from + row);
                }
                kernels.SoftmaxRows(outputs.Row(from), count, width, outputs.Stride);
                for (int row = 0; row < count; row++)
                {
                    float* chances = outputs.Row(from + row);
                    float largest = chances[0];
                    for (int i = 1; i < width; i++)
                        largest = MathF.Max(largest, chances[i]);
                    double weight = answers.WeightOf(from + row);
                    // The largest probability is 1 / sum e^(logit - largest logit).
                    double logSum = kept[(3 * row) + 1] - Math.Log(largest);
                    loss += weight * (((1 - smoothing) * (logSum - kept[3 * row])) + (smoothing * (logSum - kept[(3 * row) + 2])));
                    var (scale, share) = ((float)(weight * factor), (float)(weight * factor * smoothing / width));
                    for (int i = 0; i < width; i++)
                        chances[i] = (chances[i] * scale) - share;
                    chances[answers.Labels[from + row]] -= (float)(weight * factor * (1 - smoothing));
                }
            }
            return (loss, correct);
        }
    }

    sealed class OfTeacher(DistilledCrossEntropy objective) : PlannedLoss
    {
        readonly OfClasses labels = new(objective.ClassCount!.Value, objective.LabelSmoothing);
        readonly double temperature = objective.Temperature, weight = objective.Weight;

        public override bool Fits(int outputs) => labels.Fits(outputs);

        public override PlannedAnswers Answers(Batch batch)
        {
            var answers = base.Answers(batch);
            var teacher = objective.Answers(batch).to_type(ScalarType.Float32).contiguous();
            if (teacher.Dimensions != 2 || teacher.shape[0] != batch.Rows)
                throw DistilledCrossEntropy.WrongShape(teacher.shape, [batch.Rows, objective.ClassCount!.Value]);
            return new(answers.Labels, answers.Targets, answers.Weights, FlatStorage.Begin(teacher), (int)teacher.shape[1]);
        }

        public override (double Loss, double Correct) Compute(
            KernelSet kernels, PlanRows outputs, int rows, PlannedAnswers answers, double factor)
        {
            int width = outputs.Width, stride = kernels.Padded(width);
            if (answers.Classes != width)
                throw DistilledCrossEntropy.WrongShape([rows, answers.Classes], [rows, width]);
            var rented = ArrayPool<float>.Shared.Rent(2 * rows * stride);
            try
            {
                fixed (float* soft = rented)
                {
                    float* chances = soft + ((long)rows * stride);
                    for (int row = 0; row < rows; row++)
                        for (int i = 0; i < width; i++)
                            soft[(row * stride) + i] = chances[(row * stride) + i] = outputs.Row(row)[i] / (float)temperature;
                    kernels.SoftmaxRows(chances, rows, width, stride);
                    var (loss, correct) = labels.Compute(kernels, outputs, rows, answers, factor * (1 - weight));
                    double distance = 0;
                    for (int row = 0; row < rows; row++, answers = answers.From(1))
                        distance += answers.WeightOf(0) * Add(soft + (row * stride), chances + (row * stride), answers.Teacher, width,
                            answers.WeightOf(0) * factor * weight * temperature, outputs.Row(row));
                    return (((1 - weight) * loss) + (weight * temperature * temperature * distance), correct);
                }
            }
            finally
            {
                ArrayPool<float>.Shared.Return(rented);
            }
        }

        /// <summary>The divergence of a row's softened probabilities from the teacher's; adds its gradient.</summary>
        static double Add(float* logits, float* chances, float* teacher, int width, double factor, float* gradient)
        {
            int best = 0;
            for (int i = 1; i < width; i++)
                best = logits[i] > logits[best] ? i : best;
            // The largest probability is 1 / sum e^(logit - largest logit).
            double logSum = logits[best] - Math.Log(chances[best]), distance = 0;
            for (int i = 0; i < width; i++)
            {
                double chance = Math.Exp(teacher[i]);
                distance += chance * (teacher[i] - (logits[i] - logSum));
                gradient[i] += (float)(factor * (chances[i] - chance));
            }
            return distance;
        }
    }

    sealed class OfTwo : PlannedLoss
    {
        public override bool Fits(int outputs) => outputs == 1;

        public override (double Loss, double Correct) Compute(
            KernelSet kernels, PlanRows outputs, int rows, PlannedAnswers answers, double factor)
        {
            double loss = 0, correct = 0;
            for (int row = 0; row < rows; row++)
            {
                float* output = outputs.Row(row);
                double logit = *output, label = answers.Labels[row], weight = answers.WeightOf(row);
                double small = Math.Exp(-Math.Abs(logit)), chance = logit >= 0 ? 1 / (1 + small) : small / (1 + small);
                loss += weight * (Math.Max(logit, 0) - (logit * label) + Math.Log(1 + small));
                if (logit > 0 == label > 0)
                    correct += weight;
                *output = (float)(weight * factor * (chance - label));
            }
            return (loss, correct);
        }
    }

    /// <summary>Of a <see cref="Vae"/>, for the outputs of its plan.</summary>
    sealed class OfImages(VaeObjective objective) : PlannedLoss
    {
        public override bool HasAccuracy => false;

        public override bool Fits(int outputs) => true;

        public override bool IsOf(nn.Module module) => module is Vae;

        public override PlannedAnswers Answers(Batch batch)
        {
            VaeObjective.CheckRange(batch.Inputs);
            return new(null, null, (float*)batch.WeightsAt, images: (float*)batch.InputsAt, pixels: batch.Width);
        }

        public override (double Loss, double Correct) Compute(
            KernelSet kernels, PlanRows outputs, int rows, PlannedAnswers answers, double factor)
        {
            int pixels = answers.Pixels, latents = (outputs.Width - pixels) / 2;
            double sum = 0;
            for (int row = 0; row < rows; row++, answers = answers.From(1))
            {
                float* logits = outputs.Row(row), mean = logits + pixels, spread = mean + latents;
                double weight = answers.WeightOf(0), distance = 0;
                double entropy = kernels.ReconstructionLoss(logits, answers.Images, pixels);
                kernels.Activate(Activation.Sigmoid, logits, pixels);
                kernels.AddScaled(answers.Images, -1, logits, pixels);
                kernels.Scale(logits, (float)(weight * factor * objective.Reconstruction), 0, logits, pixels);
                float scale = (float)(weight * factor * objective.Divergence);
                for (int i = 0; i < latents; i++)
                {
                    double grown = Math.Exp(spread[i]) - 1;
                    distance += (mean[i] * (double)mean[i]) + grown - spread[i];
                    (mean[i], spread[i]) = (mean[i] * scale, (float)(0.5 * grown) * scale);
                }
                sum += weight * ((entropy * objective.Reconstruction) + (distance * 0.5 * objective.Divergence));
            }
            return (sum, 0);
        }
    }

    sealed class OfNumbers(RegressionObjective objective) : PlannedLoss
    {
        public override bool HasAccuracy => false;

        public override bool Fits(int outputs) => outputs == 1;

        public override (double Loss, double Correct) Compute(
            KernelSet kernels, PlanRows outputs, int rows, PlannedAnswers answers, double factor)
        {
            double sum = 0;
            for (int row = 0; row < rows; row++)
            {
                float* output = outputs.Row(row);
                double difference = *output - ((answers.Targets[row] - objective.Mean) / objective.Deviation),
                    size = Math.Abs(difference), weight = answers.WeightOf(row);
                var (loss, slope) = objective.Loss switch
                {
                    RegressionLoss.Absolute => (size, (double)Math.Sign(difference)),
                    RegressionLoss.Huber => size <= 1 ? (difference * difference / 2, difference) : (size - 0.5, Math.Sign(difference)),
                    _ => (difference * difference, 2 * difference),
                };
                sum += weight * loss;
                *output = (float)(weight * factor * slope);
            }
            return (sum, 0);
        }
    }
}
