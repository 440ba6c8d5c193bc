using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>The rows that one replica computes in one step. The loop reuses its tensors in the next step.</summary>
public sealed class Batch
{
    /// <summary>Makes a batch of your own rows, to run a model outside the loop.</summary>
    /// <param name="inputs">Single precision, [rows, ...shape of an example]. The caller disposes of it, as of the labels.</param>
    /// <param name="labels">Int64 class indices, [rows]; null for none.</param>
    public Batch(Tensor inputs, Tensor? labels = null)
        : this(inputs ?? throw new ArgumentNullException(nameof(inputs)), labels,
            inputs.Dimensions > 0 ? checked((int)inputs.shape[0])
            : throw new ArgumentException("A batch has rows; this tensor is a single number.", nameof(inputs)))
    {
        if (labels is not null && (labels.Dimensions != 1 || labels.shape[0] != Rows))
            throw new ArgumentException(
                $"The labels have shape [{string.Join(", ", labels.shape)}]; for {Rows} rows it must be [{Rows}].", nameof(labels));
    }

    internal Batch(Tensor inputs, Tensor? labels, int rows)
    {
        Inputs = inputs;
        this.labels = labels;
        Rows = rows;
    }

    readonly Tensor? labels;

    /// <summary>Single precision, [rows, ...shape of an example].</summary>
    public Tensor Inputs { get; }

    /// <summary>Whether the rows have labels.</summary>
    public bool HasLabels => labels is not null;

    /// <summary>Int64 class indices, [rows].</summary>
    public Tensor Labels => labels ?? throw new InvalidOperationException("The objective asks for labels, but the examples have none.");

    /// <summary>The number of rows.</summary>
    public int Rows { get; }
}
