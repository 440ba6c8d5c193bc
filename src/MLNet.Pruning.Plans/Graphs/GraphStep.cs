using MLNet.Pruning.Plans.Kernels;

namespace MLNet.Pruning.Plans.Graphs;

/// <summary>Computes one value, of one row or of a block of them.</summary>
abstract unsafe class GraphStep(GraphValue output, params GraphValue[] inputs)
{
    public GraphValue Output => output;

    public GraphValue[] Inputs => inputs;

    /// <summary>Numbers that it needs beside its values while it computes.</summary>
    public virtual long Scratch => 0;

    /// <summary>Where they begin in the workspace.</summary>
    public int ScratchOffset { get; set; }

    /// <summary>The layer that it computes, where it has weights.</summary>
    public virtual PlanStep? Layer => null;

    /// <summary>Whether it computes image by image.</summary>
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
