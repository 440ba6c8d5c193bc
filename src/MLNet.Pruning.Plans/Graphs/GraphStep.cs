using MLNet.Pruning.Plans.Kernels;

namespace MLNet.Pruning.Plans.Graphs;

/// <summary>Computes one value, for one row or for a block of rows.</summary>
abstract unsafe class GraphStep(GraphValue output, params GraphValue[] inputs)
{
    public GraphValue Output => output;

    public GraphValue[] Inputs => inputs;

    /// <summary>Size of the temporary memory that it needs.</summary>
    public virtual long Scratch => 0;

    /// <summary>The offset of that memory in the workspace.</summary>
    public int ScratchOffset { get; set; }

    /// <summary>The layer that it computes; null if it has no weights.</summary>
    public virtual PlanStep? Layer => null;

    /// <summary>Whether it works on images.</summary>
    public bool IsOfImages => output.Layout.IsImage || inputs.Any(input => input.Layout.IsImage);

    /// <summary>Computes the rows of a call.</summary>
    public virtual void Compute(in StepCall call)
    {
        for (int row = call.First; row < call.First + call.Count; row++)
        {
            ComputeRow(call, row);
            output.Frame(output.At(call, row));
        }
    }

    protected virtual void ComputeRow(in StepCall call, int row) => throw new NotSupportedException();

    protected static void Activate(KernelSet kernels, GraphNode? activation, float* values, nint count)
    {
        if (activation is not null)
            kernels.Apply(activation.Operation, (float)activation.Coefficient, values, values, count);
    }

    protected static void Copy(float* from, float* to, nint count) =>
        Buffer.MemoryCopy(from, to, count * sizeof(float), count * sizeof(float));
}
