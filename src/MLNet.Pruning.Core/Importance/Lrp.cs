using MLNet.Pruning.Importance;
using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>
/// Scores a neuron by its relevance to the answer: layer-wise relevance propagation (Bach et al., 2015) with the epsilon rule, from the
/// logit of the true class, or of the predicted one where rows have no label, as a criterion of pruning (Yeom et al., 2021). The score is
/// the absolute value of a neuron's relevance, added up over positions and readers, averaged over samples.
/// </summary>
/// <remarks>
/// Each observed batch is computed once more, in evaluation mode. Linear layers and convolutions follow the rule with epsilon; pooling,
/// additions, ReLU and batch norm (as the affine map it is in evaluation) follow it without. Through other operations relevance flows as
/// activation times gradient.
/// </remarks>
public sealed record Lrp : IImportance
{
    /// <summary>Sets the rule.</summary>
    /// <param name="epsilon">What is added to the size of every weighted sum, so that small sums pass on less relevance; above 0.</param>
    public Lrp(double epsilon = 1e-6)
    {
        if (!double.IsFinite(epsilon) || epsilon <= 0)
            throw new ArgumentOutOfRangeException(nameof(epsilon),
                FormattableString.Invariant($"The epsilon of relevance propagation is {epsilon}; it must be a number above 0."));
        Epsilon = epsilon;
    }

    /// <summary>What is added to the size of every weighted sum.</summary>
    public double Epsilon { get; }

    /// <inheritdoc/>
    public bool NeedsData => true;

    /// <inheritdoc/>
    public IImportanceObserver Watch(NeuronMap map, int threads = 1)
    {
        ArgumentNullException.ThrowIfNull(map);
        return new LrpObserver(map, Epsilon);
    }

    /// <inheritdoc/>
    public void Check(IEnumerable<NeuronGroup> groups) => Reader.Check(groups, nameof(Lrp));
}

/// <summary>
/// Propagates relevance by gradients: with the gradient at each weighted sum z scaled by z / (z + epsilon sign z), activation times
/// gradient is the relevance of the epsilon rule (Ancona et al., Towards better understanding of gradient-based attribution methods, 2018).
/// </summary>
sealed class LrpObserver : IImportanceObserver
{
    readonly NeuronMap map;
    readonly Gates gates;
    readonly List<Action> removers = [];
    bool open;

    public LrpObserver(NeuronMap map, double epsilon)
    {
        this.map = map;
        foreach (var layer in map.Layers.Where(l => l.Consumes))
            removers.Add(layer.Module.register_forward_hook((_, _, z) => open ? Scaled(z, epsilon) : z).remove);
        gates = new(map, () => open);
    }

    public void AfterBackward(Batch batch, int rowsOfAll)
    {
        ArgumentNullException.ThrowIfNull(batch);
        using var scope = NewDisposeScope();
        using var mode = new EvaluationMode(map.Model);
        using var random = new RandomState();
        using var on = enable_grad();
        open = true;
        try
        {
            var answer = Answer(batch);
            Tensor[] shut = [.. gates.Tensors];
            if (shut.Length == 0)
                return;
            // Gates get a gradient even where the answer does not depend on them.
            var relevance = shut.Aggregate(answer, (total, gate) => total.Plus(gate.sum().Times(0)));
            gates.Add([.. autograd.grad([relevance], shut)], batch, mean: false, products => products.abs());
        }
        finally
        {
            open = false;
        }
    }

    Tensor Answer(Batch batch)
    {
        var logits = map.Forward(batch.Inputs)[0];
        if (logits.Dimensions != 2 || logits.shape[0] != batch.Rows)
            throw new NotSupportedException($"{nameof(Lrp)} starts from logits, [rows, classes]; for {batch.Rows} rows the model gives "
                + $"[{string.Join(", ", logits.shape)}].");
        // A binary classifier has one logit, for both of its labels.
        var classes = batch.HasLabels && logits.shape[1] > 1 ? batch.Labels : logits.detach().argmax(1);
        return logits.gather(1, classes.unsqueeze(1)).sum();
    }

    // The value is z's, the gradient z's times the factor.
    static Tensor Scaled(Tensor z, double epsilon)
    {
        var value = z.detach();
        var factor = value / where(value.ge(Scalars.Zero), value.Plus(epsilon), value.Plus(-epsilon));
        return (z * factor).Plus(value - value * factor);
    }

    public void Add(IImportanceObserver other) =>
        gates.Add(other is LrpObserver alike ? alike.gates : throw Criterion.NotAlike(this, other));

    public IReadOnlyList<double[]> Scores() => gates.Means();

    public void Dispose()
    {
        foreach (var remove in removers)
            remove();
        removers.Clear();
        gates.Dispose();
    }
}
