using MLNet.Pruning.Sparse.Kernels;
using MLNet.Pruning.Training;
using static TorchSharp.torch;

namespace MLNet.Pruning.Sparse;

/// <summary>
/// How a trained model scores: which of its linear layers and convolutions of images, of those with at least half of their weights off, are computed by the weights that are on alone. The model stays as it is, and computes
/// as ever when it is called; within <see cref="Run"/>, the chosen layers take the short way. Weights are copied when the plan is made: a model that was trained further needs a new one.
/// </summary>
/// <remarks>
/// Any module will do whose layers are called by <c>call</c>, as TorchSharp's own containers do: hooks in front of a layer compute its output and give the layer itself no rows. An input
/// with a NaN or an infinity in it goes through the dense layer. Any number of threads may score at the same time.
/// </remarks>
public sealed class SparsePlan : IDisposable
{
    const double MostDensity = 0.5;

    // Smaller layers take microseconds either way.
    const long FewestWeights = 4096;

    [ThreadStatic]
    static Use? use;

    [ThreadStatic]
    static Tensor? computed;

    readonly VectorWidth width;
    readonly List<PlannedLayer> layers;
    readonly Use scores;

    SparsePlan(List<PlannedLayer> layers, SparseScoring scoring, VectorWidth width)
    {
        (this.layers, Scoring, this.width, scores) = (layers, scoring, width, new Use(this, null));
        foreach (var layer in layers)
            layer.Hook(Before, After);
    }

    /// <summary>What was asked for.</summary>
    public SparseScoring Scoring { get; }

    /// <summary>The layers that could be computed by the weights that are on alone, what each way takes, and what was chosen.</summary>
    public IReadOnlyList<ScoringRecord> Layers { get; private set; } = [];

    /// <summary>Bytes held beside the model's own.</summary>
    public long Bytes => Layers.Sum(layer => layer.Bytes);

    /// <summary>Plans for a model that takes and gives one tensor.</summary>
    /// <param name="model">The model, on the CPU and in evaluation mode. It is not changed.</param>
    /// <param name="inputShape">The shape of one row of its input.</param>
    /// <param name="scoring">Whether to measure, and otherwise what to do.</param>
    public static SparsePlan For(nn.Module<Tensor, Tensor> model, IReadOnlyList<long> inputShape, SparseScoring scoring = SparseScoring.Measured)
    {
        ArgumentNullException.ThrowIfNull(model);
        return For(model, inputShape, model.call, scoring);
    }

    /// <summary>Plans for any model.</summary>
    /// <param name="model">The model, on the CPU and in evaluation mode. It is not changed.</param>
    /// <param name="inputShape">The shape of one row of its input.</param>
    /// <param name="compute">Scores a batch by it; called once, with a row of 0.5, if any layer comes into question.</param>
    /// <param name="scoring">Whether to measure, and otherwise what to do.</param>
    public static SparsePlan For(nn.Module model, IReadOnlyList<long> inputShape, Func<Tensor, Tensor> compute, SparseScoring scoring = SparseScoring.Measured) =>
        For(model, inputShape, compute, scoring, [], VectorWidths.Here);

    internal static SparsePlan For(
        nn.Module model, IReadOnlyList<long> inputShape, Func<Tensor, Tensor> compute, SparseScoring scoring, IReadOnlyList<ScoringRecord> earlier, VectorWidth width)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(inputShape);
        ArgumentNullException.ThrowIfNull(compute);
        if (!Enum.IsDefined(scoring))
            throw new ArgumentException($"The scoring is {scoring}; wanted one of {string.Join(", ", Enum.GetNames<SparseScoring>())}.", nameof(scoring));
        using var off = no_grad();
        var plan = new SparsePlan(scoring == SparseScoring.Dense ? [] : Candidates(model, scoring), scoring, width);
        try
        {
            plan.Choose(inputShape, compute, new ScoringClock(earlier));
            return plan;
        }
        catch
        {
            plan.Dispose();
            throw;
        }
    }

    /// <summary>Computes with the chosen layers in their sparse form, without gradients.</summary>
    /// <param name="compute">Calls the model, on this thread.</param>
    public T Run<T>(Func<T> compute)
    {
        ArgumentNullException.ThrowIfNull(compute);
        return During(scores, compute);
    }

    /// <summary>Gives the memory back. The model computes as ever.</summary>
    public void Dispose()
    {
        foreach (var layer in layers)
            layer.Dispose();
        layers.Clear();
    }

    static List<PlannedLayer> Candidates(nn.Module model, SparseScoring scoring)
    {
        var found = new List<PlannedLayer>();
        foreach (var (name, module) in model.named_modules().Prepend(("", model)).DistinctBy(m => m.Item2))
        {
            if (LayerTensors.Weight(module) is not { } weight)
                continue;
            var most = (int)(MostDensity * weight.NumberOfElements);
            if ((scoring == SparseScoring.Sparse || weight.NumberOfElements >= FewestWeights) && LayerTensors.CountOn(weight, most) <= most)
                found.Add(new(name.Length > 0 ? name : module.GetType().Name, (nn.Module<Tensor, Tensor>)module));
        }
        return found;
    }

    void Choose(IReadOnlyList<long> inputShape, Func<Tensor, Tensor> compute, ScoringClock clock)
    {
        if (layers.Count == 0)
            return;
        using var scope = NewDisposeScope();
        Watch(inputShape, compute);
        foreach (var layer in layers)
        {
            if (Scoring == SparseScoring.Measured && layer.Seen is null || !layer.Prepare())
                continue;
            layer.Times = Scoring == SparseScoring.Sparse ? [new(1, null, null, true)] : clock.Measure(
                layer,
                input => During(null, () => layer.Layer.call(input)),
                input => During(new Use(this, layer), () => layer.Layer.call(input)));
        }
        Layers = [.. layers.Where(layer => layer.Times.Count > 0).Select(layer => layer.Record())];
        // What is always dense needs neither memory nor hooks.
        foreach (var layer in layers.Where(layer => !layer.Times.Any(time => time.Sparse)))
            layer.Dispose();
        layers.RemoveAll(layer => layer.IsDisposed);
    }

    /// <summary>Sees what each layer is given for one row of the model's.</summary>
    void Watch(IReadOnlyList<long> inputShape, Func<Tensor, Tensor> compute)
    {
        try
        {
            using var half = Scalars.Of(0.5);
            During(new Use(this, null) { Watches = true }, () => compute(full([1, .. inputShape], half)));
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            // A model may have reasons to refuse such a row. Those that it does not refuse are scored as ever.
            foreach (var layer in layers)
                layer.Seen = null;
        }
    }

    // In front of a layer: null leaves its input as it is.
    Tensor? Before(PlannedLayer layer, Tensor input)
    {
        if (use is not { } now || now.Plan != this || input.Dimensions == 0)
            return null; // What is at hand may be another plan's.
        computed = null;
        var rows = layer.Rows(input.shape);
        if (now.Watches)
        {
            if (layer.Seen is not { } seen || rows > layer.Rows(seen))
                layer.Seen = input.shape;
            return null;
        }
        if (now.Layer != layer && !layer.IsSparse(rows))
            return null;
        computed = layer.Sparse!.Compute(input, width);
        return computed is null ? null : layer.Nothing;
    }

    // Behind it.
    static Tensor After(PlannedLayer layer, Tensor input, Tensor output)
    {
        if (!ReferenceEquals(input, layer.Nothing) || computed is not { } instead)
            return output;
        computed = null;
        output.Dispose();
        return instead;
    }

    static T During<T>(Use? next, Func<T> compute)
    {
        var before = use;
        use = next;
        try
        {
            using var off = no_grad();
            return compute();
        }
        finally
        {
            use = before;
        }
    }

    /// <summary>What a thread is doing by a plan.</summary>
    /// <param name="Plan">Which.</param>
    /// <param name="Layer">A layer that takes its sparse form whatever was chosen.</param>
    sealed record Use(SparsePlan Plan, PlannedLayer? Layer)
    {
        /// <summary>Whether it only looks at what layers are given.</summary>
        public bool Watches { get; init; }
    }
}
