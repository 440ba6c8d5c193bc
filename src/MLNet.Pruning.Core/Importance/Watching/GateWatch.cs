using static TorchSharp.torch;

namespace MLNet.Pruning.Importance;

/// <summary>
/// Multiplies what layers read by gates of ones, one per sample and feature. A gate's gradient is then the sum over positions of what was read times its gradient, and
/// costs one product instead of a copy of both.
/// </summary>
sealed class GateWatch : IDisposable
{
    readonly NeuronMap map;
    readonly List<Action> removers = [];
    readonly List<(Reader Reader, Tensor Gate, long[] Shape)> gates = [];

    /// <param name="map">The instance that is watched.</param>
    /// <param name="readers">The layers before which gates are put.</param>
    /// <param name="open">Whether a forward pass is to be watched; asked in every one that gradients are recorded for.</param>
    public GateWatch(NeuronMap map, IEnumerable<Reader> readers, Func<bool> open)
    {
        this.map = map;
        foreach (var reader in readers)
            removers.Add(reader.Layer.Module.register_forward_pre_hook((_, input) => is_grad_enabled() && open() ? Through(reader, input) : input).remove);
    }

    public IReadOnlyList<Tensor> Gates => [.. gates.Select(g => g.Gate)];

    Tensor Through(Reader reader, Tensor input)
    {
        var axis = reader.Layer.FeatureAxis(input);
        var shape = input.shape.Select((extent, d) => d == 0 || d == axis ? extent : 1).ToArray();
        var gate = ones(shape, dtype: input.dtype, device: input.device, requires_grad: true).DetachFromDisposeScope();
        gates.Add((reader, gate, input.shape));
        return input * gate;
    }

    /// <summary>Takes the gates away, and gives per group the sum over its readers of value times gradient, [rows, neurons]; null for a group that nobody has read.</summary>
    /// <param name="gradients">The gradients of <see cref="Gates"/>; null for those that backward has left.</param>
    /// <param name="rows">Rows of the batch. What a layer reads of one row in several samples, such as patches, is added up.</param>
    /// <param name="mean">Whether each neuron's values are averaged instead of added up.</param>
    public Tensor?[] Shut(IReadOnlyList<Tensor>? gradients, int rows, bool mean)
    {
        var totals = new Tensor?[map.Groups.Count];
        for (var i = 0; i < gates.Count; i++)
        {
            var (reader, gate, shape) = gates[i];
            if ((gradients is null ? gate.grad : gradients[i]) is not { } gradient)
                continue;
            var samples = reader.Normal(gradient);
            if (samples.shape[0] % rows != 0)
                throw new NotSupportedException($"{reader.Layer.Label} reads {samples.shape[0]} samples of a batch of {rows} rows, so it cannot be said which belong to which row.");
            var perSample = samples.shape[0] / rows;
            var values = perSample * (shape.Aggregate(1L, (n, extent) => n * extent) / gate.NumberOfElements);
            samples = samples.reshape(rows, perSample, -1).sum(1L).unsqueeze(-1);
            foreach (var part in reader.Parts)
                foreach (var slice in part.Slices)
                {
                    var taken = slice.Take(samples); // [rows, neurons, features of each]
                    var scores = mean ? taken.sum(2L).Over(values * taken.shape[2]) : taken.sum(2L);
                    var total = totals[part.Group] ??= zeros([rows, map.Groups[part.Group].Size], dtype: scores.dtype, device: scores.device);
                    total.index_add_(1, tensor(slice.Places, device: total.device), scores, Scalars.One);
                }
        }
        Clear();
        return totals;
    }

    void Clear()
    {
        foreach (var (_, gate, _) in gates)
            gate.Dispose();
        gates.Clear();
    }

    public void Dispose()
    {
        foreach (var remove in removers)
            remove();
        removers.Clear();
        Clear();
    }
}
