using MLNet.Pruning.Training;
using static TorchSharp.torch;

namespace MLNet.Pruning.Importance;

/// <summary>
/// Multiplies what layers read by gates of ones, one per sample and feature. A gate's gradient is then the sum over positions of what was
/// read times its gradient, and costs one product instead of a copy of both. Averages the scores made from it over samples.
/// </summary>
sealed class Gates : IDisposable
{
    readonly NeuronMap map;
    readonly NeuronSums sums;
    readonly Reader[] readers;
    readonly int[][] neurons;
    readonly List<Action> removers = [];
    readonly List<Gate> gates = [];

    /// <param name="map">The instance that is watched.</param>
    public Gates(NeuronMap map)
    {
        readers = Reader.Of(map);
        (this.map, sums, neurons) = (map, new(map, readers), [.. map.Groups.Select(g => Enumerable.Range(0, g.Size).ToArray())]);
    }

    /// <summary>Watches the passes of training, by modules or by plans.</summary>
    public void WatchTraining()
    {
        foreach (var reader in readers)
            removers.Add(LayerWatches.AddGates(reader.Layer.Module, input => is_grad_enabled() ? Through(reader, input) : input,
                (products, shape) => gates.Add(new(reader, products.alias().DetachFromDisposeScope(), shape) { IsGradient = true })));
    }

    /// <summary>Watches the passes of the modules from now on.</summary>
    public void Open()
    {
        foreach (var reader in readers)
            removers.Add(reader.Layer.Module.register_forward_pre_hook((_, input) => Through(reader, input)).remove);
    }

    /// <summary>Watches no more, and removes the gates.</summary>
    public void Close()
    {
        foreach (var remove in removers)
            remove();
        removers.Clear();
        Clear();
    }

    /// <summary>The gates of the passes since the last batch was added.</summary>
    public IEnumerable<Tensor> Tensors => gates.Select(g => g.Tensor);

    /// <summary>A gate, or its gradient.</summary>
    sealed record Gate(Reader Reader, Tensor Tensor, long[] Shape)
    {
        public bool IsGradient { get; init; }
    }

    Tensor Through(Reader reader, Tensor input)
    {
        var axis = reader.Layer.FeatureAxis(input);
        var shape = input.shape.Select((extent, d) => d == 0 || d == axis ? extent : 1).ToArray();
        var gate = ones(shape, dtype: input.dtype, device: input.device, requires_grad: true).DetachFromDisposeScope();
        gates.Add(new(reader, gate, input.shape));
        return input * gate;
    }

    /// <summary>Removes the gates, and adds the scores of a batch.</summary>
    /// <param name="gradients">The gradients of <see cref="Tensors"/>; null for those that backward computed.</param>
    /// <param name="batch">The batch. What a layer reads of one row in several samples, such as patches, is added up.</param>
    /// <param name="mean">Whether each neuron's values are averaged instead of added up.</param>
    /// <param name="score">Makes scores of the sum over readers of value times gradient, both [rows, neurons].</param>
    public void Add(IReadOnlyList<Tensor>? gradients, Batch batch, bool mean, Func<Tensor, Tensor> score)
    {
        ArgumentNullException.ThrowIfNull(batch);
        using var off = no_grad();
        using var scope = NewDisposeScope();
        var totals = new Tensor?[map.Groups.Count];
        for (var i = 0; i < gates.Count; i++)
            if ((gates[i].IsGradient ? gates[i].Tensor : gradients is null ? gates[i].Tensor.grad : gradients[i]) is { } gradient)
                AddUp(gates[i].Reader, gradient, gates[i].Shape, batch.Rows, mean, totals);
        Clear();
        for (var g = 0; g < totals.Length; g++)
            if (totals[g] is { } total)
                sums.Add(g, neurons[g], score(total));
    }

    void AddUp(Reader reader, Tensor gradient, long[] shape, int rows, bool mean, Tensor?[] totals)
    {
        var samples = reader.Normal(gradient);
        if (samples.shape[0] % rows != 0)
            throw new NotSupportedException($"{reader.Layer.Label} reads {samples.shape[0]} samples of a batch of {rows} rows, "
                + "so it cannot be said which belong to which row.");
        var perSample = samples.shape[0] / rows;
        var values = perSample * (shape.Aggregate(1L, (n, extent) => n * extent) / gradient.NumberOfElements);
        samples = samples.reshape(rows, perSample, -1).sum(1L).unsqueeze(-1);
        foreach (var part in reader.Parts)
            foreach (var slice in part.Slices)
            {
                var taken = slice.Take(samples); // [rows, neurons, features of each]
                var products = mean ? taken.sum(2L).Over(values * taken.shape[2]) : taken.sum(2L);
                var total = totals[part.Group] ??=
                    zeros([rows, map.Groups[part.Group].Size], dtype: products.dtype, device: products.device);
                total.index_add_(1, tensor(slice.Places, device: total.device), products, Scalars.One);
            }
    }

    public void Add(Gates other) => sums.Add(other.sums);

    public IReadOnlyList<double[]> Means() => sums.Means();

    void Clear()
    {
        foreach (var gate in gates)
            gate.Tensor.Dispose();
        gates.Clear();
    }

    public void Dispose() => Close();
}
