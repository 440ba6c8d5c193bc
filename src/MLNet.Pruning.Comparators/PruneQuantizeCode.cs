using MLNet.Pruning.Neurons;
using static TorchSharp.torch;

namespace MLNet.Pruning.Comparators;

/// <summary>
/// Deep compression (PQH; Han, Mao and Dally, 2016): removes the weights of smallest magnitude and retrains, lets the remaining weights
/// share a few values and trains these, and Huffman codes the result. It compresses the weights of linear layers and convolutions;
/// everything else is unchanged.
/// </summary>
public sealed record PruneQuantizeCode
{
    /// <summary>The fraction of each layer's weights to remove; from 0 to below 1.</summary>
    public double Sparsity { get; init; } = 0.9;

    /// <summary>Other fractions for some weights, by name, such as ["conv1.weight"] = 0.3.</summary>
    public IReadOnlyDictionary<string, double> LayerSparsity { get; init; } = new Dictionary<string, double>();

    /// <summary>
    /// The number of equal parts in which weights are removed, with a training after each; at least 1, which is one shot.
    /// </summary>
    public int Rounds { get; init; } = 1;

    /// <summary>The training after each part, in which zeros stay zeros; null for none.</summary>
    public TrainingOptions? Retraining { get; init; }

    /// <summary>The training of the shared values, each by the summed gradients of its weights; null for none.</summary>
    public TrainingOptions? FineTuning { get; init; }

    /// <summary>Other settings of a training, such as a checkpoint; called with those that it would have. Null for none.</summary>
    public Func<TrainingOptions, TrainingOptions>? EachTraining { get; init; }

    /// <summary>Receives the history of each training; null for nobody.</summary>
    public Action<TrainingHistory>? Trained { get; init; }

    /// <summary>A convolution's weights share at most 2 to this power values; from 1 to 12.</summary>
    public int ConvolutionBits { get; init; } = 8;

    /// <summary>A linear layer's weights share at most 2 to this power values; from 1 to 12.</summary>
    public int LinearBits { get; init; } = 5;

    /// <summary>The bits of a distance between a convolution's remaining weights, before Huffman coding; from 1 to 12.</summary>
    public int ConvolutionIndexBits { get; init; } = 8;

    /// <summary>The same for a linear layer.</summary>
    public int LinearIndexBits { get; init; } = 5;

    /// <summary>Throws an <see cref="ArgumentException"/> that names a wrong value.</summary>
    public void Validate()
    {
        TrainingOptions.Require(Sparsity is >= 0 and < 1, nameof(Sparsity), Sparsity, "at least 0 and below 1" + Fractions.Hint(Sparsity));
        TrainingOptions.Require(LayerSparsity is not null, nameof(LayerSparsity), LayerSparsity, "fractions by name");
        foreach (var (name, sparsity) in LayerSparsity!)
            TrainingOptions.Require(sparsity is >= 0 and < 1, $"{nameof(LayerSparsity)}[\"{name}\"]", sparsity, "at least 0 and below 1"
                + Fractions.Hint(sparsity));
        TrainingOptions.Require(Rounds >= 1, nameof(Rounds), Rounds, "at least 1");
        Bits(nameof(ConvolutionBits), ConvolutionBits);
        Bits(nameof(LinearBits), LinearBits);
        Bits(nameof(ConvolutionIndexBits), ConvolutionIndexBits);
        Bits(nameof(LinearIndexBits), LinearIndexBits);
        Retraining?.Validate();
        FineTuning?.Validate();

        static void Bits(string option, int bits) => TrainingOptions.Require(bits is >= 1 and <= 12, option, bits, "from 1 to 12");
    }

    /// <summary>Compresses the task's model, which has the compressed weights afterwards.</summary>
    /// <param name="task">The model, and the data to train on.</param>
    /// <param name="cancellation">Stops at the next batch.</param>
    public CompressedModel Run(TrainingTask task, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(task);
        Validate();
        var weights = Weights(task.Model);
        if (weights.Count == 0)
            throw new ArgumentException($"{task.Model.GetType().Name} has no linear layer and no convolution, so there is nothing to "
                + "compress.", nameof(task));
        if (LayerSparsity.Keys.FirstOrDefault(name => !weights.ContainsKey(name)) is { } unknown)
            throw new ArgumentException($"{nameof(LayerSparsity)} names '{unknown}'; there are "
                + $"{string.Join(", ", weights.Keys.Select(name => $"'{name}'"))}.", nameof(task));
        foreach (var name in weights.Keys)
            if (Parameter(name).dtype is not ScalarType.Float32 and var type)
                throw new ArgumentException($"'{name}' is {type}; wanted Float32.", nameof(task));

        var left = new Dictionary<string, bool[]>();
        for (var round = 1; round <= Rounds; round++)
        {
            foreach (var name in weights.Keys)
                Zero(Parameter(name), left[name] = Largest(Values(Parameter(name)),
                    LayerSparsity.GetValueOrDefault(name, Sparsity) * round / Rounds));
            if (Retraining is not null)
                Train(Retraining, new ZerosStay(left));
        }
        var shared = weights.Select(w => Share(w.Key, Parameter(w.Key), w.Value, left[w.Key])).ToArray();
        foreach (var some in shared)
            Set(Parameter(some.Name), some.Decode());
        if (FineTuning is not null)
        {
            Train(FineTuning, new ValuesAreShared(shared));
            shared = [.. shared.Select(some => some with { Values = Present(some, Values(Parameter(some.Name))) })];
        }
        return CompressedModel.Of(task.Model, shared);

        // Looked up each time: a model has other parameters once it has moved to the training device.
        TorchSharp.Modules.Parameter Parameter(string name) => task.Model.get_parameter(name)!;

        void Train(TrainingOptions options, ITrainingHook hook)
        {
            options = options with { Hooks = [.. options.Hooks, hook] };
            var result = new TrainingLoop(EachTraining?.Invoke(options) ?? options).Run(task, cancellation);
            Trained?.Invoke(result.History);
            if (!ReferenceEquals(result.Model, task.Model))
                throw new InvalidOperationException("A hook has put another model in place while weights were compressed; compress the "
                    + "smaller model instead.");
        }
    }

    SharedWeights Share(string name, TorchSharp.Modules.Parameter weight, bool linear, bool[] left)
    {
        var values = Values(weight);
        var codes = new short[values.Length];
        Array.Fill(codes, (short)-1);
        var kept = Enumerable.Range(0, values.Length).Where(i => left[i]).ToArray();
        float[] centroids = [];
        if (kept.Length > 0)
        {
            var clusters = WeightClusters.Fit([.. kept.Select(i => values[i])], 1 << (linear ? LinearBits : ConvolutionBits));
            centroids = [.. clusters.Centroids];
            for (var i = 0; i < kept.Length; i++)
                codes[kept[i]] = (short)clusters.Codes[i];
        }
        return new(name, weight.shape, centroids, codes, linear ? LinearIndexBits : ConvolutionIndexBits);
    }

    static float[] Present(SharedWeights shared, float[] values)
    {
        var present = new float[shared.Values.Count];
        for (var i = values.Length - 1; i >= 0; i--)
            if (shared.Codes[i] >= 0)
                present[shared.Codes[i]] = values[i];
        return present;
    }

    /// <summary>The weights by name, and whether they belong to a linear layer.</summary>
    internal static Dictionary<string, bool> Weights(nn.Module model)
    {
        var found = new Dictionary<string, bool>();
        var parameters = model.named_parameters().Select(p => p.name).ToHashSet();
        foreach (var (path, module) in model.named_modules().Prepend(("", model)).DistinctBy(m => m.Item1))
            if (Layer.Of(path, module) is { Kind: LayerKind.Linear or LayerKind.Convolution or LayerKind.Transposed } layer
                && (path.Length > 0 ? $"{path}.weight" : "weight") is var weight && parameters.Contains(weight))
                found[weight] = layer.Kind == LayerKind.Linear;
        return found;
    }

    internal static float[] Values(Tensor weight)
    {
        using var scope = NewDisposeScope();
        return weight.detach().cpu().contiguous().data<float>().ToArray();
    }

    /// <summary>
    /// All weights but the round(sparsity * count) that are nearest to 0; of equals, those with the lower index stay.
    /// </summary>
    internal static bool[] Largest(float[] weights, double sparsity)
    {
        var active = new sbyte[weights.Length];
        var go = (int)Math.Round(sparsity * weights.Length, MidpointRounding.AwayFromZero);
        TopScores.Keep(Array.ConvertAll(weights, Math.Abs), weights.Length - go, active);
        return Array.ConvertAll(active, bit => bit != 0);
    }

    internal static void Zero(Tensor weight, bool[] left)
    {
        var values = Values(weight);
        for (var i = 0; i < values.Length; i++)
            if (!left[i])
                values[i] = 0;
        Set(weight, values);
    }

    static void Set(Tensor weight, float[] values)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        weight.copy_(tensor(values, weight.shape));
    }
}
