using static TorchSharp.torch;

namespace MLNet.Pruning.Training;

/// <summary>The rows that one replica computes in one step. Its tensors are reused by the next step.</summary>
public sealed class Batch
{
    internal Batch(Tensor inputs, Tensor? labels, int rows)
    {
        Inputs = inputs;
        this.labels = labels;
        Rows = rows;
    }

    readonly Tensor? labels;

    /// <summary>Single precision, [rows, ...shape of an example].</summary>
    public Tensor Inputs { get; }

    /// <summary>Int64 class indices, [rows].</summary>
    public Tensor Labels => labels ?? throw new InvalidOperationException("The objective asks for labels, but the examples have none.");

    /// <summary>The count of rows.</summary>
    public int Rows { get; }
}
