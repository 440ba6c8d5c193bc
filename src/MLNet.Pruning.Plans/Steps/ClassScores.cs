using MLNet.Pruning.Plans.Kernels;

namespace MLNet.Pruning.Plans.Steps;

/// <summary>The end of a classifier: probabilities from logits, or the logits themselves.</summary>
static unsafe class ClassScores
{
    /// <param name="kernels">What to compute with.</param>
    /// <param name="output">What is wanted.</param>
    /// <param name="logits">[rows][stride]; overwritten.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="classes">Classes.</param>
    /// <param name="stride">Numbers from one row to the next.</param>
    /// <param name="scores">[rows][classes]; written.</param>
    public static void Write(KernelSet kernels, ScoringOutput output, float* logits, int rows, int classes, nint stride, float* scores)
    {
        if (output == ScoringOutput.Probabilities)
            kernels.SoftmaxRows(logits, rows, classes, stride);
        for (int row = 0; row < rows; row++, logits += stride, scores += classes)
            new ReadOnlySpan<float>(logits, classes).CopyTo(new Span<float>(scores, classes));
    }
}
