using static TorchSharp.torch;

namespace MLNet.Pruning.Neurons;

/// <summary>The result of a marked pass: for each call of a reading layer, which of its features the marks reach.</summary>
sealed class Observation
{
    public Dictionary<(Layer Layer, int Call), bool[]> Reached { get; } = [];

    public bool Output { get; set; }
}

/// <summary>
/// Runs a model with marks on chosen features and records where they arrive. A mark is NaN: it survives activations, pooling, reshaping,
/// addition and concatenation, and nothing else creates one. Layers that read features stop marks: their outputs are replaced by those of
/// the unmarked example, so that a mark shows who reads a neuron, not who reads its readers. These layers need not compute, and get empty
/// inputs if they accept them: a pass costs far less than a forward pass.
/// </summary>
sealed class Tracer : IDisposable
{
    readonly nn.Module model;
    readonly Tensor example;
    readonly Func<Tensor, IReadOnlyList<Tensor>> forward;
    readonly List<Action> removers = [];
    readonly Dictionary<Layer, List<Tensor>> computed = [];
    readonly Dictionary<Layer, int> calls = [];
    IReadOnlyDictionary<Layer, Tensor> marks = new Dictionary<Layer, Tensor>();
    Observation? observation;

    public Tracer(nn.Module model, Tensor example, Func<Tensor, IReadOnlyList<Tensor>> forward)
    {
        (this.model, this.example, this.forward) = (model, example, forward);
        // A module that is used in several places is one layer, under its first path.
        var seen = new HashSet<nn.Module>(ReferenceEqualityComparer.Instance);
        foreach (var (path, module) in model.named_modules().Prepend(("", model)))
            if (seen.Add(module) && Layer.Of(path, module) is { } layer)
                Watch(layer);
    }

    /// <summary>Supported layers that were called, in the order of their first call.</summary>
    public List<Layer> Layers { get; } = [];

    /// <summary>Whether the input can carry marks. Integers cannot, but they are looked up, not added.</summary>
    public bool MarksInput => example.is_floating_point();

    void Watch(Layer layer)
    {
        var before = layer.Module.register_forward_pre_hook((_, input) =>
        {
            if (observation is null || !computed.ContainsKey(layer))
                return input;
            if (layer.Kind != LayerKind.Embedding)
                Observe(layer, input);
            return layer.Produces && layer.TakesNoRows && input.Dimensions == layer.InputDimensions ? input.narrow(0, 0, 0) : input;
        });
        var after = layer.Module.register_forward_hook((_, input, output) => observation is null ? Record(layer, input, output)
            : Replay(layer, input, output));
        removers.Add(before.remove);
        removers.Add(after.remove);
    }

    /// <summary>Runs without marks, and returns the network's outputs.</summary>
    public IReadOnlyList<Tensor> Baseline() => forward(example);

    Tensor Record(Layer layer, Tensor input, Tensor output)
    {
        if (!computed.TryGetValue(layer, out var outputs))
        {
            if (!LayerFacts.Read(layer, input, output))
                return output;
            layer.TakesNoRows = layer.Produces && LayerFacts.TakesNoRows(layer, input);
            computed.Add(layer, outputs = []);
            Layers.Add(layer);
        }
        outputs.Add(output.detach().clone().DetachFromDisposeScope()); // the model may have dispose scopes of its own
        return output;
    }

    /// <summary>Runs with marks on the given neurons, and on the network's input or some of its tensors.</summary>
    public Observation Run(IReadOnlyDictionary<Layer, int[]> neurons, bool input = false, IReadOnlyList<Tensor>? tensors = null)
    {
        using var scope = NewDisposeScope();
        observation = new Observation();
        calls.Clear();
        marks = neurons.ToDictionary(m => m.Key, m => tensor(m.Value.Select(n => (long)n).ToArray(), device: computed[m.Key][0].device));
        var saved = tensors?.Select(t => t.detach().clone()).ToArray() ?? [];
        try
        {
            for (var i = 0; i < saved.Length; i++)
                tensors![i].fill_(Scalars.NaN);
            var outputs = forward(input ? example.clone().fill_(Scalars.NaN) : example.alias());
            observation.Output = outputs.Any(Marked);
            return observation;
        }
        finally
        {
            for (var i = 0; i < saved.Length; i++)
                tensors![i].copy_(saved[i]);
            observation = null;
        }
    }

    static bool Marked(Tensor tensor)
    {
        using var scope = NewDisposeScope();
        return tensor.is_floating_point() && tensor.isnan().any().item<bool>();
    }

    void Observe(Layer layer, Tensor input)
    {
        using var scope = NewDisposeScope();
        if (!Marked(input))
            return;
        var axis = layer.FeatureAxis(input);
        var reached = input.isnan().transpose(axis, -1).reshape(-1, input.shape[axis]).any(0);
        observation!.Reached[(layer, calls.GetValueOrDefault(layer))] = reached.cpu().data<bool>().ToArray();
    }

    Tensor Replay(Layer layer, Tensor input, Tensor output)
    {
        if (!computed.TryGetValue(layer, out var outputs))
            return output;
        var call = calls.GetValueOrDefault(layer);
        if (call >= outputs.Count)
            throw new InvalidOperationException($"{layer.Label} is called more often when values differ, so the model cannot be traced.");
        calls[layer] = call + 1;
        var replayed = outputs[call].clone();
        if (layer.Follows)
            replayed.masked_fill_(input.isnan(), Scalars.NaN); // index for index, as a norm would spread the mark
        else if (marks.TryGetValue(layer, out var marked))
            replayed.index_fill_(layer.FeatureAxis(replayed), marked, Scalars.NaN);
        return replayed;
    }

    public void Dispose()
    {
        foreach (var remove in removers)
            remove();
        foreach (var output in computed.Values.SelectMany(o => o))
            output.Dispose();
    }
}
