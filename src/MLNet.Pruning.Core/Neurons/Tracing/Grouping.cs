using static TorchSharp.torch;

namespace MLNet.Pruning.Neurons;

/// <summary>
/// Turns links into groups: neurons that touch the same layers, and as many features of each, form one group. All others are skipped with
/// a reason.
/// </summary>
static class Grouping
{
    public static (List<NeuronGroup> Groups, List<SkippedNeurons> Skipped) Of(Discovery discovery, nn.Module model)
    {
        var (layers, links) = (discovery.Layers, discovery.Links);
        var neurons = new Dictionary<int, SortedDictionary<(int Layer, NeuronSide Side),
            List<int>>>(); // by root; for each layer the indices
        for (var l = 0; l < layers.Count; l++)
        {
            var layer = layers[l];
            if (layer.Follows)
                Add(l, NeuronSide.Through, layer.FirstIn, layer.In);
            else
            {
                Add(l, NeuronSide.In, layer.FirstIn, layer.In);
                Add(l, NeuronSide.Out, layer.FirstOut, layer.Out);
            }
        }

        var skipped = new List<SkippedNeurons>();
        var groups = new List<NeuronGroup>();
        var names = new Dictionary<string, int>();
        var free = neurons.Where(n => n.Value.Keys.Any(k => k.Side == NeuronSide.Out) && links.WhyFixed(n.Key) is null)
            .GroupBy(n => string.Join(' ', n.Value.Select(k => $"{k.Key}{k.Value.Count}")))
            .Select(g => g.Select(n => n.Value).OrderBy(n => First(n).Layer).ThenBy(n => First(n).Index).ToArray());
        foreach (var set in free.OrderBy(s => First(s[0]).Layer).ThenBy(s => First(s[0]).Index))
        {
            var producer = layers[First(set[0]).Layer];
            if (set.All(n => n.Keys.All(k => k.Side != NeuronSide.In)))
                skipped.AddRange(Together(set, "no layer that was seen reads it"));
            else if (set.Length == 1)
                skipped.AddRange(Together(set, Single(producer, set[0])));
            else
                groups.Add(new(Unique(producer.Label), Members(set)));
        }
        for (var l = 0; l < layers.Count; l++)
        {
            var layer = layers[l];
            if (!layer.Produces)
                continue;
            var reasons = Enumerable.Range(0, layer.Out).Select(o => links.WhyFixed(layer.FirstOut + o))
                .Where(r => r is not null).GroupBy(r => r!);
            foreach (var reason in reasons)
                skipped.Add(new(layer.Label, reason.Count() == layer.Out ? reason.Key
                    : $"{reason.Count()} of its {layer.Out} neurons: {reason.Key}"));
        }
        skipped.AddRange(NotCalled(model, layers));
        skipped.AddRange(UnknownLayers.Of(model));
        return (groups, skipped);

        void Add(int layer, NeuronSide side, int first, int count)
        {
            for (var i = 0; i < count; i++)
            {
                var root = links.Find(first + i);
                var touched = neurons.TryGetValue(root, out var known) ? known
                    : neurons[root] = new(Comparer<(int Layer, NeuronSide Side)>.Create(
                    (a, b) => a.Layer != b.Layer ? a.Layer.CompareTo(b.Layer) : a.Side.CompareTo(b.Side)));
                (touched.TryGetValue((layer, side), out var indices) ? indices : touched[(layer, side)] = []).Add(i);
            }
        }

        IEnumerable<SkippedNeurons> Together(SortedDictionary<(int Layer, NeuronSide Side), List<int>>[] set, string reason)
        {
            var producers = set[0].Keys.Where(k => k.Side == NeuronSide.Out).Select(k => layers[k.Layer].Label).ToArray();
            return SkippedNeurons.Together(producers[0], producers.Skip(1), reason);
        }

        string Single(Layer producer, SortedDictionary<(int Layer, NeuronSide Side), List<int>> neuron)
        {
            if (producer.Out == 1)
                return "it has one neuron";
            if (discovery.MixedBy(producer) is { } reader)
                return $"its neurons are mixed before {reader} reads them, so they can only go all together";
            var other = neuron.Keys.Select(k => layers[k.Layer]).FirstOrDefault(l => l.Produces && discovery.MixedBy(l) is not null);
            return other is not null
                ? $"it goes with the neurons of {other.Label}, which are mixed before {discovery.MixedBy(other)} reads them"
                : "its neurons can only go all together";
        }

        string Unique(string name)
        {
            var count = names[name] = names.GetValueOrDefault(name) + 1;
            return count == 1 ? name : $"{name}#{count}";
        }

        List<NeuronGroupMember> Members(SortedDictionary<(int Layer, NeuronSide Side), List<int>>[] set)
        {
            var touched = set.SelectMany(n => n.Keys).Distinct().OrderBy(k => k.Side != NeuronSide.Out).ThenBy(k => k.Layer)
                .ThenBy(k => k.Side);
            return [.. touched.Select(k => new NeuronGroupMember(layers[k.Layer].Path, layers[k.Layer].Module, k.Side,
                [.. set.Select(n => (IReadOnlyList<int>)(n.TryGetValue(k, out var indices) ? [.. indices] : []))]))];
        }
    }

    static (int Layer, int Index) First(SortedDictionary<(int Layer, NeuronSide Side), List<int>> neuron)
    {
        var first = neuron.First(n => n.Key.Side == NeuronSide.Out);
        return (first.Key.Layer, first.Value[0]);
    }

    static IEnumerable<SkippedNeurons> NotCalled(nn.Module model, List<Layer> layers)
    {
        var called = layers.Select(l => (nn.Module)l.Module).ToHashSet<nn.Module>(ReferenceEqualityComparer.Instance);
        foreach (var (path, module) in model.named_modules())
            if (called.Add(module) && Layer.Of(path, module) is { Produces: true })
                yield return new(path, "it is not called through its hooks while the example runs");
    }
}

/// <summary>Features that belong together (union-find), and features that must stay, with the reason.</summary>
sealed class Links(int count)
{
    readonly int[] parent = [.. Enumerable.Range(0, count)];
    readonly string?[] reasons = new string?[count];

    public int Find(int node)
    {
        while (parent[node] != node)
            node = parent[node] = parent[parent[node]];
        return node;
    }

    public void Join(int a, int b)
    {
        (a, b) = (Find(a), Find(b));
        if (a == b)
            return;
        parent[b] = a;
        reasons[a] ??= reasons[b];
    }

    public void Fix(int node, string reason) => reasons[Find(node)] ??= reason;

    public string? WhyFixed(int node) => reasons[Find(node)];
}
