using MLNet.Pruning.Plans.Kernels;

namespace MLNet.Pruning.Plans.Steps;

/// <summary>Linear layers in sequence, over rows, with an activation between them and optionally after the last.</summary>
sealed unsafe class LinearChain
{
    readonly KernelSet kernels;
    readonly Activation activation;
    readonly bool activatesLast;
    readonly LinearLayer[] layers;
    readonly int buffer, other, scratch;
    readonly int width;

    public LinearChain(
        KernelSet kernels, IReadOnlyList<LinearWeights> weights, Activation activation, bool activatesLast, KernelChoice choice,
        int blockRows, WorkspaceLayout layout, ScoringPrecision precision = ScoringPrecision.Float)
    {
        (this.kernels, this.activation, this.activatesLast) = (kernels, activation, activatesLast);
        layers = [.. weights.Select(
            w => new LinearLayer(kernels, w, KernelRule.SparseRows(w, kernels, choice, precision), blockRows, precision))];
        width = layers.Max(layer => kernels.Padded(layer.Outputs));
        buffer = layout.Add((long)width * blockRows);
        other = layout.Add((long)width * blockRows);
        scratch = layout.Add(layers.Max(layer => layer.Scratch));
    }

    /// <summary>Whether all layers use all of their weights.</summary>
    public bool AreDense => layers.All(layer => layer.IsDense);

    public IEnumerable<PlanStep> Steps => layers.Select(layer => layer.Step);

    /// <summary>The distance between rows of the result.</summary>
    public int Stride => kernels.Padded(layers[^1].Outputs);

    /// <summary>
    /// Computes all layers. Returns the outputs of the last one, [rows][<see cref="Stride"/>], valid until the next call.
    /// </summary>
    public float* Compute(Workspace workspace, float* x, int rows, nint stride)
    {
        float* y = workspace.At(buffer), next = workspace.At(other);
        for (int i = 0; i < layers.Length; i++)
        {
            var layer = layers[i];
            int yStride = kernels.Padded(layer.Outputs);
            layer.Compute(x, rows, stride, y, yStride, workspace.At(scratch));
            if (activatesLast || i < layers.Length - 1)
                kernels.Activate(activation, y, (nint)rows * yStride);
            x = y;
            stride = yStride;
            y = next;
            next = x;
        }
        return x;
    }
}
