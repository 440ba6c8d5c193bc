using MLNet.Pruning.Importance;
using MLNet.Pruning.Neurons;
using static TorchSharp.torch;

namespace MLNet.Pruning.Comparators;

/// <summary>
/// Channel pruning by reconstruction (He, Zhang and Sun, Channel Pruning for Accelerating Very Deep Neural Networks, 2017). Group by group
/// from the input on, a LASSO selects the neurons from which the layers that read the group can best compute what they computed in the
/// whole model; then these layers' weights are fitted to the neurons that are left, by least squares.
/// </summary>
/// <remarks>
/// The LASSO takes the weights as trained, and is solved once, as in the authors' program. All positions of a convolution count, where the
/// authors sample ten of each image. Where least squares have several solutions, the one near the present weights is taken; biases stay.
/// </remarks>
public sealed record ChannelPruning
{
    // Of the mean diagonal of X'X: enough for inputs that are always 0 or equal, too little to be seen elsewhere.
    const double Ridge = 1e-8;

    /// <summary>The fraction of each group's neurons to remove, rounded down; from 0 to below 1.</summary>
    public double Ratio { get; init; } = 0.5;

    /// <summary>Other fractions for some groups, by name.</summary>
    public IReadOnlyDictionary<string, double> GroupRatio { get; init; } = new Dictionary<string, double>();

    /// <summary>Neurons to keep in every group; at least 1.</summary>
    public int MinimumNeurons { get; init; } = 1;

    /// <summary>The maximum number of examples to reconstruct on; at least 1. The paper has 5,000 images.</summary>
    public int Rows { get; init; } = 5_000;

    /// <summary>Examples that are computed together; at least 1.</summary>
    public int BatchSize { get; init; } = 256;

    /// <summary>Throws an <see cref="ArgumentException"/> that names a wrong value.</summary>
    public void Validate()
    {
        TrainingOptions.Require(Ratio is >= 0 and < 1, nameof(Ratio), Ratio, "at least 0 and below 1" + Fractions.Hint(Ratio));
        TrainingOptions.Require(GroupRatio is not null, nameof(GroupRatio), GroupRatio, "fractions by name");
        foreach (var (name, ratio) in GroupRatio!)
            TrainingOptions.Require(ratio is >= 0 and < 1, $"{nameof(GroupRatio)}[\"{name}\"]", ratio, "at least 0 and below 1"
                + Fractions.Hint(ratio));
        TrainingOptions.Require(MinimumNeurons >= 1, nameof(MinimumNeurons), MinimumNeurons, "at least 1");
        TrainingOptions.Require(Rows >= 1, nameof(Rows), Rows, "at least 1");
        TrainingOptions.Require(BatchSize >= 1, nameof(BatchSize), BatchSize, "at least 1");
    }

    /// <summary>Removes neurons permanently, and fits the layers that read them.</summary>
    /// <param name="map">The groups of the model, which shrink.</param>
    /// <param name="examples">The rows to reconstruct on, such as the training set.</param>
    /// <param name="cancellation">Stops before the next group; what was removed stays so.</param>
    public IReadOnlyList<ChannelPruningResult> Run(NeuronMap map, IExampleSource examples, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(map);
        ArgumentNullException.ThrowIfNull(examples);
        Validate();
        if (GroupRatio.Keys.FirstOrDefault(name => map.Groups.All(g => g.Name != name)) is { } unknown)
            throw new ArgumentException($"{nameof(GroupRatio)} names '{unknown}'; there are "
                + $"{string.Join(", ", map.Groups.Select(group => $"'{group.Name}'"))}.", nameof(map));
        using var off = no_grad();
        using var outer = NewDisposeScope();
        using var mode = new EvaluationMode(map.Model);
        NeuronGroup[] groups = [.. map.Groups.Where(group => Count(group) > 0)];
        Reader.Check(groups, nameof(ChannelPruning));
        foreach (var reader in Readers(map, groups))
            new ReaderMoments(reader.Layer, nameof(ChannelPruning)).Dispose(); // reports errors before anything changes
        var wanted = Outputs(map, examples, [.. Readers(map, groups).Select(r => r.Layer)]);
        try
        {
            var results = new List<ChannelPruningResult>();
            foreach (var group in groups)
            {
                cancellation.ThrowIfCancellationRequested();
                results.Add(Prune(map, group, examples, wanted));
            }
            return results;
        }
        finally
        {
            foreach (var output in wanted.Values.SelectMany(outputs => outputs))
                output.Dispose();
        }
    }

    int Count(NeuronGroup group) => Math.Clamp(
        Fractions.Of(GroupRatio.GetValueOrDefault(group.Name, Ratio), group.Size), 0, Math.Max(0, group.Size - MinimumNeurons));

    static IEnumerable<Reader> Readers(NeuronMap map, IReadOnlyList<NeuronGroup> groups) => Reader.Of(map.Of(groups));

    ChannelPruningResult Prune(NeuronMap map, NeuronGroup group, IExampleSource examples, Dictionary<string, Tensor[]> wanted)
    {
        using var scope = NewDisposeScope();
        var readers = Readers(map, [group]).ToArray();
        var moments = readers.Select(r => new ReaderMoments(r.Layer, nameof(ChannelPruning))).ToArray();
        try
        {
            Forward(map, examples, readers.Select((reader, i) => (reader.Layer, (Action<int, Tensor, Tensor>)((batch, input, _) =>
                moments[i].Add(input, wanted[reader.Layer.Path][batch])))));
            var parts = readers.SelectMany((r, i) => r.Parts.Select(p => (moments[i], p.Indices))).ToArray();
            var (size, count) = (group.Size, Count(group));
            var kept = Terms.Of(size, parts, targets: true).Keep(size - count);
            int[] removed = [.. Enumerable.Range(0, size).Except(kept)];
            var (before, after, all) = (0.0, 0.0, 0.0);
            for (var i = 0; i < readers.Length; i++)
            {
                var fit = Fit(moments[i], [.. readers[i].Parts.SelectMany(p => removed.SelectMany(n => p.Indices[n]))]);
                (before, after, all) = (before + fit.Before, after + fit.After, all + moments[i].TargetSquares);
                var weight = readers[i].Layer.Own("weight")!;
                weight.copy_(fit.Weights.reshape(weight.shape));
            }
            foreach (var member in group.Producers)
                if (wanted.TryGetValue(member.Path, out var outputs))
                    for (var i = 0; i < outputs.Length; i++)
                        using (var whole = outputs[i])
                            outputs[i] = Without(whole, map.LayerOf(member), removed.SelectMany(n => member.Indices[n]));
            map.Remove([new(group, removed)]);
            return new(group.Name, size, removed, before / all, after / all);
        }
        finally
        {
            foreach (var one in moments)
                one.Dispose();
        }
    }

    /// <summary>Fits weights to the inputs that are left; those of the others are 0.</summary>
    static (Tensor Weights, double Before, double After) Fit(ReaderMoments moments, int[] lost)
    {
        var gone = lost.SelectMany(f => Enumerable.Range(0, (int)moments.Taps).Select(tap => f * moments.Taps + tap)).ToHashSet();
        var left = tensor(Enumerable.Range(0, (int)moments.Products.shape[0]).Select(f => (long)f).Where(f => !gone.Contains(f)).ToArray(),
            device: moments.Products.device);
        var products = moments.Products.index_select(0, left).index_select(1, left);
        var targets = moments.Targets.index_select(0, left);
        var weights = moments.Weights.index_select(1, left).t(); // [inputs, outputs]
        var ridge = eye(left.shape[0], dtype: ScalarType.Float64, device: left.device).Times(
            Math.Max(double.Epsilon, Ridge * products.diagonal().mean().item<double>()));
        var fitted = weights.Plus(linalg.solve(products.Plus(ridge), targets - products.matmul(weights)));
        var whole = zeros(moments.Products.shape[0], fitted.shape[1], dtype: ScalarType.Float64, device: left.device);
        whole.index_copy_(0, left, fitted);
        return (whole.t(), Error(weights), Error(fitted));

        // |Y - XW|^2 = |Y|^2 - 2 tr W'X'Y + tr W'X'XW
        double Error(Tensor some) => Math.Max(0, moments.TargetSquares
            + (some * (products.matmul(some) - targets.Times(2.0))).sum().item<double>());
    }

    static Tensor Without(Tensor output, Layer layer, IEnumerable<int> features)
    {
        var axis = layer.FeatureAxis(output);
        var gone = features.ToHashSet();
        var left = Enumerable.Range(0, (int)output.shape[axis]).Where(f => !gone.Contains(f)).Select(f => (long)f).ToArray();
        return output.index_select(axis, tensor(left, device: output.device)).DetachFromDisposeScope();
    }

    /// <summary>What layers compute of each batch, without their biases.</summary>
    Dictionary<string, Tensor[]> Outputs(NeuronMap map, IExampleSource examples, Layer[] layers)
    {
        var outputs = layers.ToDictionary(layer => layer.Path, _ => new List<Tensor>());
        Forward(map, examples, layers.Select(layer => (layer, (Action<int, Tensor, Tensor>)((_, _, output) =>
        {
            if (layer.Own("bias") is { } bias)
                output = output - bias.reshape([.. Enumerable.Range(0, (int)output.Dimensions)
                    .Select(d => d == layer.FeatureAxis(output) ? -1L : 1)]);
            outputs[layer.Path].Add(output.clone().DetachFromDisposeScope());
        }))));
        return outputs.ToDictionary(o => o.Key, o => o.Value.ToArray());
    }

    /// <summary>Computes the examples batch by batch, and shows what layers read and compute.</summary>
    void Forward(NeuronMap map, IExampleSource examples, IEnumerable<(Layer Layer, Action<int, Tensor, Tensor> Seen)> watches)
    {
        var number = 0;
        var removers = new List<Action>();
        try
        {
            foreach (var (layer, seen) in watches)
                removers.Add(layer.Module.register_forward_hook((_, input, output) =>
                {
                    seen(number, input, output);
                    return output;
                }).remove);
            var device = map.Model.parameters().FirstOrDefault()?.device ?? CPU;
            foreach (var batch in NeuronScores.Batches(examples, BatchSize, Rows, device))
            {
                using var scope = NewDisposeScope();
                map.Forward(batch.Inputs);
                number++;
            }
        }
        finally
        {
            foreach (var remove in removers)
                remove();
        }
        if (number == 0)
            throw new ArgumentException("There are no examples to reconstruct on.", nameof(examples));
    }
}

/// <summary>What was removed from a group.</summary>
/// <param name="Name">The group.</param>
/// <param name="Size">The number of its neurons before.</param>
/// <param name="Removed">The removed neurons, in ascending order.</param>
/// <param name="ErrorBefore">
/// The squared error of what the layers that read it compute without them, as a fraction of the squares of what they computed in the whole
/// model; 0 or more.
/// </param>
/// <param name="ErrorAfter">The same after least squares.</param>
public sealed record ChannelPruningResult(string Name, int Size, IReadOnlyList<int> Removed, double ErrorBefore, double ErrorAfter);
