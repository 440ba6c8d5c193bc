using MLNet.Pruning.Plans.Kernels;
using MLNet.Pruning.Plans.Steps;

namespace MLNet.Pruning.Plans.Networks;

/// <summary>A compiled network: immutable and thread-safe; each thread needs a workspace.</summary>
abstract unsafe class Network
{
    /// <summary>The number of input values per row.</summary>
    public abstract int InputWidth { get; }

    /// <summary>The number of output values per row.</summary>
    public abstract int OutputWidth { get; }

    /// <summary>The maximum number of rows that are computed at once.</summary>
    public abstract int BlockRows { get; }

    /// <summary>Whether a NaN in a row reaches all of its scores by itself, as every sum has a term for every input.</summary>
    public virtual bool SpreadsNaN => false;

    /// <summary>The layers in order of computation.</summary>
    public abstract IEnumerable<PlanStep> Steps { get; }

    public abstract Workspace NewWorkspace();

    /// <summary>Computes rows.</summary>
    /// <param name="workspace">A workspace of this network that no other thread is using.</param>
    /// <param name="rows">[count x InputWidth]</param>
    /// <param name="count">1 to <see cref="BlockRows"/>.</param>
    /// <param name="scores">[count x OutputWidth]; written.</param>
    public abstract void Score(Workspace workspace, float* rows, int count, float* scores);
}

/// <summary>The end of a classifier: turns logits into probabilities, or copies them.</summary>
static unsafe class ClassScores
{
    /// <param name="logits">[rows][stride]; overwritten.</param>
    /// <param name="scores">[rows][classes]; written.</param>
    public static void Write(KernelSet kernels, ScoringOutput output, float* logits, int rows, int classes, nint stride, float* scores)
    {
        if (output == ScoringOutput.Probabilities)
        {
            if (classes > 1)
                kernels.SoftmaxRows(logits, rows, classes, stride);
            else
                for (int row = 0; row < rows; row++)
                    logits[row * stride] = Sigmoid(logits[row * stride]);
        }
        for (int row = 0; row < rows; row++, logits += stride, scores += classes)
            new ReadOnlySpan<float>(logits, classes).CopyTo(new Span<float>(scores, classes));
    }

    /// <summary>The probability of the positive class.</summary>
    public static float Sigmoid(float logit) => (float)(1 / (1 + Math.Exp(-logit)));
}
