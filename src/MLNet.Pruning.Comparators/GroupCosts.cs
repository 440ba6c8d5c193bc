using MLNet.Pruning.Neurons;
using static TorchSharp.torch;

namespace MLNet.Pruning.Comparators;

/// <summary>The multiplications of a model's layers per row, and how many are saved without some neurons.</summary>
sealed class GroupCosts
{
    /// <summary>The number of values that describe a group to the agent.</summary>
    public const int Features = 7;

    readonly NeuronMap map;
    readonly Dictionary<string, Cost> layers;
    readonly int largest;

    sealed record Cost(double Multiplications, int In, int Out, bool Grouped);

    GroupCosts(NeuronMap map, Dictionary<string, Cost> layers)
    {
        (this.map, this.layers) = (map, layers);
        Multiplications = layers.Values.Sum(layer => layer.Multiplications);
        largest = map.Groups.Max(group => group.Size);
    }

    /// <summary>The multiplications of the whole model per row.</summary>
    public double Multiplications { get; }

    public static GroupCosts Measure(nn.Module<Tensor, Tensor> model, Tensor example, NeuronMap map)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var costs = new Dictionary<string, Cost>();
        var removers = new List<Action>();
        try
        {
            foreach (var (path, module) in model.named_modules().Prepend(("", model)).DistinctBy(m => m.Item1))
                if (Layer.Of(path, module) is { Kind: LayerKind.Linear or LayerKind.Convolution or LayerKind.Transposed } layer)
                    removers.Add(layer.Module.register_forward_hook((_, input, output) =>
                    {
                        var shape = layer.Own("weight")!.shape;
                        var taps = shape.Skip(1).Aggregate(1.0, (product, extent) => product * extent);
                        var moved = layer.Kind == LayerKind.Transposed ? input : output;
                        var (countIn, countOut) = ((int)input.shape[layer.FeatureAxis(input)],
                            (int)output.shape[layer.FeatureAxis(output)]);
                        var known = costs.GetValueOrDefault(path);
                        var grouped = (layer.Kind == LayerKind.Transposed ? countOut : countIn) != shape[1];
                        costs[path] = new((known?.Multiplications ?? 0) + taps * moved.NumberOfElements / example.shape[0], countIn,
                            countOut, grouped);
                        return output;
                    }).remove);
            model.call(example);
        }
        finally
        {
            foreach (var remove in removers)
                remove();
        }
        return new(map, costs);
    }

    /// <summary>The fraction of the model's multiplications that remains without some neurons.</summary>
    public double Remaining(IReadOnlyCollection<NeuronSelection> selections)
    {
        var lost = new Dictionary<(string Path, NeuronSide Side), int>();
        foreach (var (group, neurons) in selections)
            foreach (var member in group.Members)
                lost[(member.Path, member.Side)] = lost.GetValueOrDefault((member.Path, member.Side)) + neurons
                    .Sum(n => member.Indices[n].Count);
        double left = 0;
        foreach (var (path, cost) in layers)
        {
            var output = 1 - (double)lost.GetValueOrDefault((path, NeuronSide.Out)) / cost.Out;
            var input = 1 - (double)lost.GetValueOrDefault((path, NeuronSide.In)) / cost.In;
            // A grouped convolution loses inputs and outputs together.
            left += cost.Multiplications * (cost.Grouped ? Math.Min(input, output) : input * output);
        }
        return left / Multiplications;
    }

    /// <summary>
    /// The state of a group for the agent, as numbers around 1: its place, its size, the cost of computing and reading it, what is left of
    /// the model so far, the last decision.
    /// </summary>
    public float[] State(int number, double remaining, double previous)
    {
        var group = map.Groups[number];
        var writes = group.Producers.Sum(m => layers.GetValueOrDefault(m.Path)?.Multiplications ?? 0) / Multiplications;
        var reads = group.Consumers.Sum(m => layers.GetValueOrDefault(m.Path)?.Multiplications ?? 0) / Multiplications;
        return [(float)(number + 1) / map.Groups.Count, (float)group.Size / largest, (float)Math.Log2(group.Size) / 10, (float)writes,
            (float)reads, (float)remaining, (float)previous];
    }
}
