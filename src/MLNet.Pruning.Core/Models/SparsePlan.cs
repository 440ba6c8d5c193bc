using System.Runtime.InteropServices;
using MLNet.Pruning.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>
/// Chooses how LibTorch scores a trained user module: which of its linear layers and convolutions of images, among those with at least
/// half of their weights inactive, are computed from their active weights alone. (Networks of this library have scoring plans instead, see
/// <see cref="NetworkPlans"/>.) The model is not changed; only within <see cref="Run"/> do the chosen layers use their sparse form.
/// </summary>
/// <remarks>
/// Works for any module that calls its layers with <c>call</c>, as TorchSharp's own containers do: a hook before a layer computes its
/// output and gives the layer an empty input. A row with a NaN or an infinity goes through the dense layer. Thread-safe. Weights are
/// copied when the plan is made; once the model was called with gradients, as in training, each run first compares them. After writing
/// weights in any other way, call <see cref="Refresh"/>.
/// </remarks>
public sealed class SparsePlan : IDisposable
{
    /// <summary>The plan that scores on this thread.</summary>
    [ThreadStatic]
    static SparsePlan? running;

    /// <summary>The present layer's empty input, and its output.</summary>
    [ThreadStatic]
    static (Tensor Nothing, Tensor Output) computed;

    readonly List<PlannedLayer> layers;
    bool watches;
    volatile bool mayHaveLearned;

    SparsePlan(List<PlannedLayer> layers, SparseScoring scoring)
    {
        (this.layers, Scoring) = (layers, scoring);
        foreach (var layer in layers)
            layer.Hook(Before, After);
    }

    /// <summary>The setting that was requested.</summary>
    public SparseScoring Scoring { get; }

    /// <summary>The layers that could be computed from their active weights alone, and the choice for each.</summary>
    public IReadOnlyList<PlanStep> Layers { get; private set; } = [];

    /// <summary>Plans for a model that takes and gives one tensor.</summary>
    /// <param name="model">The model, on the CPU and in evaluation mode. It is not changed.</param>
    /// <param name="inputShape">The shape of one row of its input.</param>
    /// <param name="scoring">How to choose.</param>
    public static SparsePlan For(
        nn.Module<Tensor, Tensor> model, IReadOnlyList<long> inputShape, SparseScoring scoring = SparseScoring.Automatic)
    {
        ArgumentNullException.ThrowIfNull(model);
        return For(model, inputShape, model.call, scoring);
    }

    /// <summary>Plans for any model.</summary>
    /// <param name="model">The model, on the CPU and in evaluation mode. It is not changed.</param>
    /// <param name="inputShape">The shape of one row of its input.</param>
    /// <param name="compute">Scores a batch with the model; called once, with a row of 0.5, if any layer qualifies.</param>
    /// <param name="scoring">How to choose.</param>
    public static SparsePlan For(
        nn.Module model, IReadOnlyList<long> inputShape, Func<Tensor, Tensor> compute, SparseScoring scoring = SparseScoring.Automatic)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(inputShape);
        ArgumentNullException.ThrowIfNull(compute);
        if (!Enum.IsDefined(scoring))
            throw new ArgumentException($"The scoring is {scoring}; wanted one of {string.Join(", ", Enum.GetNames<SparseScoring>())}.",
                nameof(scoring));
        using var noGrad = no_grad();
        var plan = new SparsePlan(scoring == SparseScoring.Dense ? [] : Eligible(model, scoring), scoring);
        try
        {
            plan.Watch(inputShape, compute);
            plan.Choose(plan.layers);
            return plan;
        }
        catch
        {
            plan.Dispose();
            throw;
        }
    }

    /// <summary>Runs the model with the chosen layers in their sparse form, without gradients.</summary>
    /// <param name="compute">Calls the model, on this thread.</param>
    public T Run<T>(Func<T> compute)
    {
        ArgumentNullException.ThrowIfNull(compute);
        if (mayHaveLearned)
            Refresh();
        var before = running;
        running = this;
        try
        {
            using var noGrad = no_grad();
            return compute();
        }
        finally
        {
            running = before;
        }
    }

    /// <summary>
    /// Updates choices and copies if the model's weights have changed. Not to be called while another thread trains the model.
    /// </summary>
    public void Refresh()
    {
        lock (layers)
        {
            using var noGrad = no_grad();
            var changed = layers.Where(layer => !layer.IsCurrent()).ToList();
            if (changed.Count > 0)
                Choose(changed);
        }
    }

    /// <summary>Frees the memory. The model itself is not affected.</summary>
    public void Dispose()
    {
        foreach (var layer in layers)
            layer.Dispose();
        layers.Clear();
    }

    static List<PlannedLayer> Eligible(nn.Module model, SparseScoring scoring)
    {
        var found = new List<PlannedLayer>();
        foreach (var (name, module) in model.named_modules().Prepend(("", model)).DistinctBy(m => m.Item2))
            if (PlannedLayer.Weight(module) is { } weight
                && (scoring == SparseScoring.Sparse || weight.NumberOfElements >= PlannedLayer.MinimumWeights))
                found.Add(new(name.Length > 0 ? name : module.GetType().Name, (nn.Module<Tensor, Tensor>)module));
        return found;
    }

    void Choose(List<PlannedLayer> among)
    {
        foreach (var layer in among)
            layer.Choose(Scoring);
        Layers = [.. layers.Select(layer => layer.Record).OfType<PlanStep>()];
    }

    /// <summary>Records the input of each layer for one row of the model.</summary>
    void Watch(IReadOnlyList<long> inputShape, Func<Tensor, Tensor> compute)
    {
        if (layers.Count == 0)
            return;
        using var scope = NewDisposeScope();
        using var half = Scalars.Of(0.5);
        watches = true;
        try
        {
            Run(() => compute(full([1, .. inputShape], half)));
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            // The model may reject such a row. Its layers are then computed as usual.
            foreach (var layer in layers)
                layer.Seen = null;
        }
        watches = false;
    }

    // Called before a layer; null keeps its input.
    Tensor? Before(PlannedLayer layer, Tensor input)
    {
        if (running != this)
        {
            mayHaveLearned |= running is null && is_grad_enabled();
            return null;
        }
        computed = default;
        if (input.Dimensions == 0)
            return null;
        if (watches)
        {
            if (layer.Seen is not { } seen || layer.Rows(input.shape) > layer.Rows(seen))
                layer.Seen = input.shape;
            return null;
        }
        if (layer.Choice is not { } choice || Compute(layer, choice, input) is not { } output)
            return null;
        computed = (choice.Nothing, output);
        return choice.Nothing;
    }

    // Called after a layer.
    static Tensor After(Tensor input, Tensor output)
    {
        if (!ReferenceEquals(input, computed.Nothing))
            return output;
        output.Dispose();
        output = computed.Output;
        computed = default;
        return output;
    }

    /// <summary>The layer's output; null if its plan does not compute inputs of this kind or size.</summary>
    static Tensor? Compute(PlannedLayer layer, PlannedLayer.Chosen choice, Tensor input)
    {
        var plan = choice.Plan;
        var rows = input.NumberOfElements / plan.InputWidth;
        if (input.dtype != ScalarType.Float32 || input.device_type != DeviceType.CPU || input.Dimensions < choice.RowShape.Length
            || !input.shape.AsSpan()[^choice.RowShape.Length..].SequenceEqual(choice.RowShape) || layer.Rows(input.shape) != rows
            || Math.Max(plan.InputWidth, plan.OutputWidth) * rows > int.MaxValue / sizeof(float)) // too long for a span
            return null;
        using var whole = input.contiguous();
        var numbers = MemoryMarshal.Cast<byte, float>(whole.bytes);
        var output = empty([.. input.shape[..^choice.RowShape.Length], .. choice.OutputShape]);
        if (rows > 0)
            plan.Score(numbers, MemoryMarshal.Cast<byte, float>(output.bytes), get_num_threads());
        if (Finite.All(numbers))
            return output;
        // With an infinity or a NaN, zero weights matter, so the layer itself computes the row; row by row, as the result must not depend
        // on the other rows.
        using var scope = NewDisposeScope();
        var inputs = whole.reshape([rows, .. choice.RowShape]);
        var outputs = output.view([rows, .. choice.OutputShape]);
        for (var r = 0L; r < rows; r++)
        {
            if (!Finite.All(numbers.Slice((int)r * plan.InputWidth, plan.InputWidth)))
                outputs.narrow(0, r, 1).copy_(layer.Layer.forward(inputs.narrow(0, r, 1)));
        }
        return output;
    }
}
