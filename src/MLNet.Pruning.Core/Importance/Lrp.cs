using MLNet.Pruning.Importance;
using MLNet.Pruning.Neurons;
using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>How relevance flows back through linear layers and convolutions.</summary>
public enum LrpRule
{
    /// <summary>
    /// Only terms that raise a weighted sum get relevance, each its share in the sum of these, without biases: alpha 1, beta 0, as Yeom et
    /// al. prune with. Relevance is kept from layer to layer.
    /// </summary>
    Alpha1Beta0,

    /// <summary>All terms get relevance by their share in the weighted sum with its bias, and an epsilon that keeps it from 0.</summary>
    Epsilon,
}

/// <summary>
/// Scores a neuron by its relevance to the answer: layer-wise relevance propagation (Bach et al., 2015) from the logit of the true class,
/// or of the predicted one where rows have no label, as a criterion of pruning (Yeom et al., 2021). The score is the absolute value of a
/// neuron's relevance, added up over positions and readers, averaged over samples.
/// </summary>
/// <remarks>
/// Each observed batch is computed once more, in evaluation mode. Linear layers and convolutions follow the rule; pooling, additions and
/// ReLU pass relevance on in proportion to values. Batch norm is the affine map that it is in evaluation: with
/// <see cref="LrpRule.Alpha1Beta0"/> it is part of the layer right before it. Through other operations relevance flows as activation times
/// gradient.
/// </remarks>
public sealed record Lrp : IImportance
{
    /// <summary>Sets the rule.</summary>
    /// <param name="rule">By default that of Yeom et al.</param>
    /// <param name="epsilon">
    /// Of <see cref="LrpRule.Epsilon"/>: what is added to the size of every weighted sum, so that small sums pass on less relevance; above
    /// 0.
    /// </param>
    public Lrp(LrpRule rule = LrpRule.Alpha1Beta0, double epsilon = 1e-6)
    {
        if (!Enum.IsDefined(rule))
            throw new ArgumentOutOfRangeException(nameof(rule), $"The rule of relevance propagation is {rule}; it must be "
                + $"{nameof(LrpRule.Alpha1Beta0)} or {nameof(LrpRule.Epsilon)}.");
        if (!double.IsFinite(epsilon) || epsilon <= 0)
            throw new ArgumentOutOfRangeException(nameof(epsilon),
                FormattableString.Invariant($"The epsilon of relevance propagation is {epsilon}; it must be a number above 0."));
        (Rule, Epsilon) = (rule, epsilon);
    }

    /// <summary>How relevance flows back.</summary>
    public LrpRule Rule { get; }

    /// <summary>What the epsilon rule adds to the size of every weighted sum.</summary>
    public double Epsilon { get; }

    /// <inheritdoc/>
    public bool NeedsData => true;

    /// <inheritdoc/>
    public IImportanceObserver Watch(NeuronMap map, int threads = 1)
    {
        ArgumentNullException.ThrowIfNull(map);
        return new LrpObserver(map, this);
    }

    /// <inheritdoc/>
    public void Check(IEnumerable<NeuronGroup> groups) => Reader.Check(groups, nameof(Lrp));
}

/// <summary>
/// Propagates relevance by gradients: layers give their values, but gradients such that value times gradient is relevance. For epsilon, the
/// gradient at each weighted sum z is scaled by z / (z + epsilon sign z) (Ancona et al., Towards better understanding of gradient-based
/// attribution methods, 2018). For alpha 1, beta 0 it goes through the positive terms alone (<see cref="PositiveTerms"/>).
/// </summary>
sealed class LrpObserver : IImportanceObserver
{
    readonly NeuronMap map;
    readonly Lrp criterion;
    readonly Gates gates;
    readonly List<Action> removers = [];
    readonly PositiveTerms positive = new();

    public LrpObserver(NeuronMap map, Lrp criterion) => (this.map, this.criterion, gates) = (map, criterion, new(map));

    public void AfterBackward(Batch batch, int rowsOfAll)
    {
        ArgumentNullException.ThrowIfNull(batch);
        using var scope = NewDisposeScope();
        using var mode = new EvaluationMode(map.Model);
        using var random = new RandomState();
        using var on = enable_grad();
        // Only for this pass: training is then computed as if nobody watched.
        Open();
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
            Close();
        }
    }

    void Open()
    {
        gates.Open();
        var epsilon = criterion.Epsilon;
        foreach (var layer in map.Layers)
            if (criterion.Rule == LrpRule.Epsilon && layer.Consumes)
                Hook(layer, (_, z) => Scaled(z, epsilon));
            else if (criterion.Rule == LrpRule.Alpha1Beta0 && layer.Consumes)
                Hook(layer, (x, z) => positive.Through(layer, x, z));
            else if (criterion.Rule == LrpRule.Alpha1Beta0 && layer.Kind == LayerKind.BatchNorm)
                Hook(layer, (x, z) => positive.ThroughNorm(layer, x, z));
    }

    void Hook(Layer layer, Func<Tensor, Tensor, Tensor> rule) =>
        removers.Add(layer.Module.register_forward_hook((_, x, z) => rule(x, z)).remove);

    void Close()
    {
        foreach (var remove in removers)
            remove();
        removers.Clear();
        gates.Close();
        positive.Clear();
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

    public void Dispose() => Close();
}
