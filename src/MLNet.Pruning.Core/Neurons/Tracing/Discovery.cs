using static TorchSharp.torch;

namespace MLNet.Pruning.Neurons;

/// <summary>Marks all computed features, and links those that the marks show to belong together.</summary>
sealed class Discovery
{
    const string OutputReason = "it reaches the network's output";
    const string InputReason = "the network's input reaches it";

    readonly Tracer tracer;
    readonly List<Layer> producers;
    readonly Dictionary<Layer, string> mixed = [];

    public Discovery(Tracer tracer, nn.Module model)
    {
        this.tracer = tracer;
        Layers = tracer.Layers;
        producers = [.. Layers.Where(l => l.Produces)];
        var nodes = 0;
        foreach (var layer in Layers)
        {
            layer.FirstIn = nodes;
            nodes += layer.In;
            layer.FirstOut = layer.Follows ? layer.FirstIn : nodes;
            nodes += layer.Follows ? 0 : layer.Out;
        }
        Links = new Links(nodes);
        foreach (var layer in Layers)
            JoinWithin(layer);
        JoinShared();
        Fix(model);
        Follow();
    }

    public List<Layer> Layers { get; }

    public Links Links { get; }

    /// <summary>The layer that reads several neurons of a producer as one; null if there is none.</summary>
    public string? MixedBy(Layer producer) => mixed.GetValueOrDefault(producer);

    // Channels within a group of a convolution or a norm stay or are removed together.
    void JoinWithin(Layer layer)
    {
        var whole = layer.Kind == LayerKind.GroupNorm && layer.Groups == 1; // one group over all channels works like layer norm
        if (layer.Groups == 1 && layer.Kind != LayerKind.GroupNorm || whole)
            return;
        for (var i = 0; i < layer.In; i++)
            Links.Join(layer.FirstIn + i / (layer.In / layer.Groups) * (layer.In / layer.Groups), layer.FirstIn + i);
        for (var o = 0; o < layer.Out && layer.Produces; o++)
            Links.Join(layer.FirstIn + o / (layer.Out / layer.Groups) * (layer.In / layer.Groups), layer.FirstOut + o);
    }

    void JoinShared()
    {
        var all = Layers.SelectMany(l => l.Tensors.Where(t => t.Tensor.is_floating_point())
            .Select(t => (Layer: l, t.Name, t.Tensor, t.Sides))).ToArray();
        var owners = SharedTensors.Owners([.. all.Select(a => a.Tensor)]);
        for (var i = 0; i < all.Length; i++)
        {
            if (owners[i] == i)
                continue;
            var (a, b) = (all[i], all[owners[i]]);
            var sameShape = a.Tensor.shape.SequenceEqual(b.Tensor.shape);
            for (var d = 0; d < Math.Max(a.Sides.Length, b.Sides.Length); d++)
            {
                var (x, y) = (d < a.Sides.Length ? a.Sides[d] : null, d < b.Sides.Length ? b.Sides[d] : null);
                if (sameShape && x is { } side && y is { } other)
                    for (var n = 0; n < a.Tensor.shape[d]; n++)
                        Links.Join(Node(a.Layer, side, n), Node(b.Layer, other, n));
                else
                {
                    FixAll(a.Layer, x, $"{a.Layer.Label}.{a.Name} is shared with {b.Layer.Label}.{b.Name}, where its entries are no "
                        + "neurons");
                    FixAll(b.Layer, y, $"{b.Layer.Label}.{b.Name} is shared with {a.Layer.Label}.{a.Name}, where its entries are no "
                        + "neurons");
                }
            }
        }
    }

    static int Node(Layer layer, NeuronSide side, int index) => (side == NeuronSide.Out ? layer.FirstOut : layer.FirstIn) + index;

    void FixAll(Layer layer, NeuronSide? side, string reason)
    {
        if (side is { } known)
            for (var n = 0; n < layer.Count(known); n++)
                Links.Fix(Node(layer, known, n), reason);
    }

    void Fix(nn.Module model)
    {
        if (tracer.MarksInput)
            Fixed(tracer.Run(new Dictionary<Layer, int[]>(), input: true), InputReason);
        foreach (var (reason, tensors) in FixedTensors.Of(model, Layers))
            Fixed(tracer.Run(new Dictionary<Layer, int[]>(), tensors: tensors), reason);
    }

    void Fixed(Observation seen, string reason)
    {
        foreach (var ((layer, _), reached) in seen.Reached)
            for (var f = 0; f < reached.Length; f++)
                if (reached[f])
                    Links.Fix(layer.FirstIn + f, reason);
    }

    void Follow()
    {
        // First each producer alone and all of its neurons, to find its readers.
        var readers = new Dictionary<(Layer, int), List<(Layer Producer, bool[] Reached)>>();
        foreach (var producer in producers)
        {
            var seen = tracer.Run(new Dictionary<Layer, int[]> { [producer] = [.. Enumerable.Range(0, producer.Out)] });
            if (seen.Output)
                FixAll(producer, NeuronSide.Out, OutputReason);
            foreach (var (point, reached) in seen.Reached)
                (readers.TryGetValue(point, out var list) ? list : readers[point] = []).Add((producer, reached));
        }

        // Then all producers at once, with binary codes of the neurons. Where producers meet index for index, as in residual blocks, their
        // marks agree.
        var widest = producers.Count == 0 ? 0 : producers.Max(p => p.Out);
        var seenInBinary = ProbeCodes.Binary(widest).Select(code => tracer.Run(Marked(producers, code))).ToArray();
        var doubtful = new HashSet<Layer>();
        foreach (var (point, marks) in readers)
        {
            var rows = seenInBinary.Select(seen => seen.Reached.GetValueOrDefault(point)).ToArray();
            for (var f = 0; f < point.Item1.In; f++)
            {
                var neuron = ProbeCodes.Single(ProbeCodes.Bits(widest), row => rows[row]?[f] == true);
                foreach (var (producer, reached) in marks)
                {
                    if (!reached[f])
                        continue;
                    if (neuron < 0)
                        doubtful.Add(producer);
                    else
                        Links.Join(producer.FirstOut + neuron, point.Item1.FirstIn + f);
                }
            }
        }
        foreach (var producer in doubtful)
            FollowAlone(producer);
    }

    // For neurons that meet neurons of another index.
    void FollowAlone(Layer producer)
    {
        foreach (var (reader, _, feature, neurons) in new SingleLayerProbe(tracer, producer).Find())
        {
            if (neurons.Length > 1)
                mixed.TryAdd(producer, reader.Label);
            foreach (var neuron in neurons)
                Links.Join(producer.FirstOut + neuron, reader.FirstIn + feature);
        }
    }

    static Dictionary<Layer, int[]> Marked(IReadOnlyList<Layer> layers, Func<int, bool> code) =>
        layers.ToDictionary(l => l, l => Enumerable.Range(0, l.Out).Where(code).ToArray());
}
