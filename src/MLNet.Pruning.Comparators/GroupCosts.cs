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
        var counts = MultiplyAccumulates.ByLayer(model, example, input => model.call(input));
        return new(map, map.Layers.Where(layer => counts.ContainsKey(layer.Module)).ToDictionary(layer => layer.Path, layer =>
            new Cost((double)counts[layer.Module] / example.shape[0], layer.In, layer.Out, layer.Groups > 1)));
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
