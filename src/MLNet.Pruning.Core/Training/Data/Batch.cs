using TorchSharp;
using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>The rows that one replica computes in one step. The loop reuses its tensors in the next step.</summary>
public sealed class Batch
{
    // The smallest normal number: a share of rows whose weights are all 0 then has a mean of 0.
    static readonly Scalar Smallest = 1.17549435e-38;

    readonly Tensor? labels, targets, weights;

    /// <summary>Makes a batch of your own rows, to run a model outside the loop.</summary>
    /// <param name="inputs">Single precision, [rows, ...shape of an example]. The caller disposes of it, as of the others.</param>
    /// <param name="labels">Int64 class indices, [rows]; null for none.</param>
    /// <param name="targets">Single precision numbers to predict, [rows]; null for none.</param>
    /// <param name="weights">Single precision weights, [rows], at least 0; null if all rows count alike.</param>
    public Batch(Tensor inputs, Tensor? labels = null, Tensor? targets = null, Tensor? weights = null)
        : this(inputs ?? throw new ArgumentNullException(nameof(inputs)), labels, targets, weights,
            inputs.Dimensions > 0 ? checked((int)inputs.shape[0])
            : throw new ArgumentException("A batch has rows; this tensor is a single number.", nameof(inputs)))
    {
        Check(labels, nameof(labels));
        Check(targets, nameof(targets));
        Check(weights, nameof(weights));
    }

    internal Batch(Tensor inputs, Tensor? labels, Tensor? targets, Tensor? weights, int rows)
    {
        Inputs = inputs;
        (this.labels, this.targets, this.weights) = (labels, targets, weights);
        Rows = rows;
    }

    /// <summary>Single precision, [rows, ...shape of an example].</summary>
    public Tensor Inputs { get; }

    /// <summary>Whether the rows have labels.</summary>
    public bool HasLabels => labels is not null;

    /// <summary>Int64 class indices, [rows].</summary>
    public Tensor Labels => labels ?? throw new InvalidOperationException("The objective asks for labels, but the examples have none.");

    /// <summary>Whether the rows have numbers to predict.</summary>
    public bool HasTargets => targets is not null;

    /// <summary>The numbers to predict, single precision, [rows].</summary>
    public Tensor Targets => targets ?? throw new InvalidOperationException("The objective asks for targets, but the examples have none.");

    /// <summary>The weights of the rows, single precision, [rows]; null if all rows count alike.</summary>
    public Tensor? Weights
    {
        get
        {
            UsesWeights = true;
            return weights;
        }
    }

    /// <summary>The number of rows.</summary>
    public int Rows { get; }

    /// <summary>The mean over the rows: sum(weight * value) / sum(weight), or the plain mean without weights.</summary>
    /// <param name="values">A value for each row, such as its loss: [rows].</param>
    public Tensor Mean(Tensor values)
    {
        ArgumentNullException.ThrowIfNull(values);
        Check(values, nameof(values));
        return Weights is { } weight ? values.mul(weight).sum().div(weight.sum().clamp_min(Smallest)) : values.mean();
    }

    /// <summary>The number of rows for which a condition holds; with weights, the sum of their weights.</summary>
    /// <param name="condition">Boolean, [rows].</param>
    public double Count(Tensor condition)
    {
        ArgumentNullException.ThrowIfNull(condition);
        Check(condition, nameof(condition));
        return Weights is { } weight ? weight.mul(condition).sum().item<float>() : condition.sum().item<long>();
    }

    /// <summary>Where the rows are on the CPU, for plans; 0 for what there is not.</summary>
    internal nint InputsAt { get; init; }

    internal nint LabelsAt { get; init; }

    internal nint TargetsAt { get; init; }

    internal nint WeightsAt { get; init; }

    /// <summary>The numbers of a row.</summary>
    internal int Width { get; init; }

    /// <summary>Whether somebody has asked for the weights.</summary>
    internal bool UsesWeights { get; private set; }

    /// <summary>Throws if an objective has ignored the weights of the rows.</summary>
    internal void RequireWeightsUsed(IObjective objective)
    {
        if (weights is not null && !UsesWeights)
            throw new NotSupportedException($"The examples have weights, and the objective {objective.GetType().Name} ignores them. "
                + $"Let it average its rows with batch.{nameof(Mean)}, or use batch.{nameof(Weights)}.");
    }

    void Check(Tensor? values, string name)
    {
        if (values is not null && (values.Dimensions != 1 || values.shape[0] != Rows))
            throw new ArgumentException(
                $"The {name} have shape [{string.Join(", ", values.shape)}]; for {Rows} rows it must be [{Rows}].", name);
    }
}
