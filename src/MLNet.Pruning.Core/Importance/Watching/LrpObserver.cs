using static TorchSharp.torch;

namespace MLNet.Pruning.Importance;

/// <summary>
/// Propagates relevance by gradients: with the gradient at each weighted sum z scaled by z / (z + epsilon sign z), activation times gradient is the relevance of
/// the epsilon rule (Ancona et al., Towards better understanding of gradient-based attribution methods, 2018).
/// </summary>
sealed class LrpObserver : IImportanceObserver
{
    readonly NeuronMap map;
    readonly GateSums sums;
    readonly List<Action> removers = [];
    bool open;

    public LrpObserver(NeuronMap map, double epsilon)
    {
        this.map = map;
        foreach (var layer in map.Layers.Where(l => l.Consumes))
            removers.Add(layer.Module.register_forward_hook((_, _, z) => open ? Scaled(z, epsilon) : z).remove);
        sums = new(map, () => open);
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
            if (sums.Gates.Count == 0)
                return;
            // Gates get a gradient even where the answer does not depend on them.
            var relevance = sums.Gates.Aggregate(answer, (total, gate) => total.Plus(gate.sum().Times(0)));
            sums.Add([.. autograd.grad([relevance], [.. sums.Gates])], batch, mean: false);
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
            throw new NotSupportedException($"{nameof(Lrp)} starts from logits, [rows, classes]; for {batch.Rows} rows the model gives [{string.Join(", ", logits.shape)}].");
        var classes = batch.HasLabels ? batch.Labels : logits.detach().argmax(1);
        return logits.gather(1, classes.unsqueeze(1)).sum();
    }

    // The value is z's, the gradient z's times the factor.
    static Tensor Scaled(Tensor z, double epsilon)
    {
        var value = z.detach();
        var factor = value / where(value.ge(Scalars.Zero), value.Plus(epsilon), value.Plus(-epsilon));
        return (z * factor).Plus(value - value * factor);
    }

    public void Add(IImportanceObserver other) => sums.Add(other is LrpObserver alike ? alike.sums : throw Criterion.NotAlike(this, other));

    public IReadOnlyList<double[]> Scores() => sums.Means();

    public void Dispose()
    {
        foreach (var remove in removers)
            remove();
        removers.Clear();
        sums.Dispose();
    }
}
