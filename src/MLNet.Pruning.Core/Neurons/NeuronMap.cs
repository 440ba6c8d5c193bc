using System.Text;
using MLNet.Pruning.Neurons;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>
/// Finds the neurons of a model that can be removed, in groups that belong together. It runs the model on an example: nothing is declared,
/// and any module works if its layers are called with <c>call</c>.
/// </summary>
/// <remarks>
/// Removal shrinks the model's own parameters in place: they stay the same objects, in the model and in its optimizer. Do not run backward
/// afterwards through a graph from an earlier step, as after any change of weights.
/// </remarks>
[TypeFormatterSource(TypeFormatterSourceAttribute.Reporting)]
public sealed class NeuronMap
{
    readonly nn.Module model;
    readonly Func<Tensor, IReadOnlyList<Tensor>> forward;
    readonly Dictionary<string, Layer> layers;

    NeuronMap(nn.Module model, Func<Tensor, IReadOnlyList<Tensor>> forward, IEnumerable<Layer> layers, IReadOnlyList<NeuronGroup> groups,
        IReadOnlyList<SkippedNeurons> skipped)
    {
        (this.model, this.forward, Groups, Skipped) = (model, forward, groups, skipped);
        this.layers = layers.ToDictionary(l => l.Path);
    }

    /// <summary>The groups that can be pruned, in order of computation.</summary>
    public IReadOnlyList<NeuronGroup> Groups { get; }

    /// <summary>The neurons that cannot be pruned, and why.</summary>
    public IReadOnlyList<SkippedNeurons> Skipped { get; }

    internal nn.Module Model => model;

    /// <summary>Runs the model and returns all of its outputs.</summary>
    internal IReadOnlyList<Tensor> Forward(Tensor input) => forward(input);

    internal Layer LayerOf(NeuronGroupMember member) => layers[member.Path];

    internal IEnumerable<Layer> Layers => layers.Values;

    /// <summary>Gets a group by name.</summary>
    /// <param name="name">Such as "layer1.0.conv1".</param>
    public NeuronGroup this[string name] => Groups.FirstOrDefault(g => g.Name == name)
        ?? throw new KeyNotFoundException($"There is no group '{name}'; there are {string.Join(", ", Groups.Select(g => $"'{g.Name}'"))}.");

    /// <summary>Finds the groups of a module. Its weights, mode and the random state are restored afterwards.</summary>
    /// <param name="module">Any module; its layers must be called with <c>call</c>, not <c>forward</c>.</param>
    /// <param name="example">An input of the module; one row is enough.</param>
    /// <exception cref="InvalidOperationException">The module cannot be traced.</exception>
    public static NeuronMap Discover(nn.Module<Tensor, Tensor> module, Tensor example)
    {
        ArgumentNullException.ThrowIfNull(module);
        return Discover(module, example, input => [module.call(input)]);
    }

    /// <summary>Finds the groups of a module of any signature. Its weights, mode and the random state are restored afterwards.</summary>
    /// <param name="module">Any module; its layers must be called with <c>call</c>, not <c>forward</c>.</param>
    /// <param name="example">An input of the module; one row is enough.</param>
    /// <param name="forward">Runs the module and returns all of its outputs, such as a reconstruction and everything that its loss
    /// uses.</param>
    /// <exception cref="InvalidOperationException">The module cannot be traced.</exception>
    public static NeuronMap Discover(nn.Module module, Tensor example, Func<Tensor, IReadOnlyList<Tensor>> forward)
    {
        ArgumentNullException.ThrowIfNull(module);
        ArgumentNullException.ThrowIfNull(example);
        ArgumentNullException.ThrowIfNull(forward);
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using var mode = new EvaluationMode(module);
        using var random = new RandomState();
        Discovery discovery;
        using (var tracer = new Tracer(module, example, forward))
        {
            if (tracer.Baseline().Any(o => o.is_floating_point() && o.isnan().any().item<bool>()))
                throw new InvalidOperationException("The module computes NaN on the example, so that marks cannot be told from numbers. "
                    + "Give another example, or check its weights.");
            discovery = new Discovery(tracer, module);
        }
        var (groups, skipped) = Grouping.Of(discovery, module);
        var map = new NeuronMap(module, forward, discovery.Layers, groups, []);
        skipped.AddRange(RemovalCheck.Run(groups, selections => map.Try(selections, example, random)));
        return new NeuronMap(module, forward, discovery.Layers, groups, skipped);
    }

    /// <summary>
    /// Disables neurons until the result is disposed of: the module computes what it would compute without them, and its weights stay.
    /// </summary>
    /// <param name="selections">The neurons to disable.</param>
    public IDisposable Mask(params IEnumerable<NeuronSelection> selections) => new NeuronMask(Plan(selections));

    /// <summary>Removes neurons permanently: every layer that computes, carries or reads them shrinks.</summary>
    /// <param name="selections">The neurons to remove. At least one of each group must stay.</param>
    /// <param name="optimizer">The optimizer of the module's parameters, if there is one. Its state shrinks in the same way.</param>
    /// <param name="verify">An input on which to compare the smaller network with the masked one; null for no comparison.</param>
    /// <exception cref="ArgumentException">A selection does not fit its group.</exception>
    /// <exception cref="NotSupportedException">The optimizer's state is not accessible.</exception>
    /// <exception cref="InvalidOperationException">
    /// The outputs of the smaller and the masked network differ. Nothing was removed.
    /// </exception>
    public NeuronRemoval Remove(IReadOnlyCollection<NeuronSelection> selections, optim.Optimizer? optimizer = null, Tensor? verify = null)
    {
        if (optimizer is not null)
            _ = TorchOptimizerStates.Of(optimizer); // throws if the state cannot be cut
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var (removal, cuts) = RemoveParameters(selections, verify);
        foreach (var cut in cuts)
            if (cut.Tensor is Parameter && cut.Tensor.grad is { } gradient && gradient.shape.SequenceEqual(cut.Shape))
                gradient.set_(cut.Of(gradient));
        if (optimizer is not null)
            OptimizerStates.Cut(optimizer, cuts);
        return removal;
    }

    /// <summary>Removes neurons, but leaves gradients and optimizers to the caller, who gets the cuts of each parameter.</summary>
    /// <param name="selections">The neurons to remove.</param>
    /// <param name="verify">As for <see cref="Remove"/>.</param>
    /// <param name="blank">Whether the caller overwrites the values of shrunk tensors, so that they may be undefined.</param>
    internal (NeuronRemoval Removal, IReadOnlyList<TensorCut> Cuts) RemoveParameters(IReadOnlyCollection<NeuronSelection> selections,
        Tensor? verify = null, bool blank = false)
    {
        var plan = Plan(selections);
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using var shrinker = new LayerShrinker { Blank = blank };
        var before = Parameters();
        double? difference = null;
        var old = layers.Values.ToDictionary(l => l, l => l.Size);
        try
        {
            if (verify is null)
                shrinker.Cut(plan);
            else
            {
                using var random = new RandomState();
                using var mode = new EvaluationMode(model);
                difference = Difference(plan, shrinker, verify, random);
            }
        }
        catch
        {
            shrinker.Undo();
            throw;
        }
        var removed = selections.Where(s => s.Neurons.Count > 0).Select(s =>
            new GroupRemoval(s.Group.Name, s.Group.Size, s.Group.Size - s.Neurons.Count, [.. s.Neurons.Order()])).ToArray();
        var gone = selections.ToDictionary(s => s.Group, s => (IReadOnlySet<int>)s.Neurons.ToHashSet());
        foreach (var group in Groups)
        {
            var neurons = gone.GetValueOrDefault(group) ?? new HashSet<int>();
            group.Members = [.. group.Members.Select(m => plan.Renumber(m, old[layers[m.Path]].Count(m.Side), layers[m.Path], neurons))];
        }
        return (new(removed, before, Parameters(), difference), shrinker.Cuts);
    }

    /// <summary>Sets the weights that compute neurons to zero. Their biases stay: through them the neurons can learn again.</summary>
    internal void Silence(IReadOnlyCollection<NeuronSelection> selections)
    {
        var plan = Plan(selections);
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        foreach (var layer in plan.Layers)
            if (layer.Produces && plan.Of(layer, NeuronSide.Out) is { Count: > 0 } silent)
                foreach (var (name, weight, sides) in layer.Tensors)
                    if (name == "weight")
                        weight.index_fill_(Array.IndexOf(sides, NeuronSide.Out),
                            tensor(silent.Select(i => (long)i).ToArray(), device: weight.device), Scalars.Zero);
    }

    /// <summary>The same groups for another instance of the model with the same sizes.</summary>
    /// <param name="other">Built like the map's own model. From now on its groups are tracked separately.</param>
    /// <param name="forwardOther">
    /// Runs the other model, as the function passed to <see cref="Discover(nn.Module, Tensor, Func{Tensor, IReadOnlyList{Tensor}})"/> runs
    /// the map's own.
    /// </param>
    public NeuronMap For(nn.Module other, Func<Tensor, IReadOnlyList<Tensor>> forwardOther)
    {
        ArgumentNullException.ThrowIfNull(other);
        ArgumentNullException.ThrowIfNull(forwardOther);
        var modules = other.named_modules().Prepend(("", other)).DistinctBy(m => m.Item1).ToDictionary(m => m.Item1, m => m.Item2);
        var theirs = layers.Values.Select(l => modules.GetValueOrDefault(l.Path) is nn.Module<Tensor, Tensor> module
            && module.GetType() == l.Module.GetType()
            ? l.Of(module)
            : throw new ArgumentException($"The other model has no {l.Module.GetType().Name} at '{l.Path}'.", nameof(other))).ToArray();
        var byPath = theirs.ToDictionary(l => l.Path);
        return new(other, forwardOther, theirs, [.. Groups
            .Select(g => new NeuronGroup(g.Name, [.. g.Members.Select(m => m with { Module = byPath[m.Path].Module })]))], Skipped);
    }

    /// <summary>
    /// This model with some of its groups, for callers that must not see the others. Neurons are removed through this map.
    /// </summary>
    internal NeuronMap Of(IReadOnlyList<NeuronGroup> some) => new(model, forward, layers.Values, some, Skipped);

    /// <summary>Runs an action while neurons are removed, and then restores them.</summary>
    internal void Without(IReadOnlyCollection<NeuronSelection> selections, Action action)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using var shrinker = new LayerShrinker();
        try
        {
            shrinker.Cut(Plan(selections));
            action();
        }
        finally
        {
            shrinker.Undo();
        }
    }

    /// <summary>The present shape of the model, to return to later.</summary>
    internal NeuronShapes Shapes() => new(
        [.. Groups.Select(g => g.Members)], [.. layers.Values.Select(l => (l.Size, l.Tensors.Select(t => t.Tensor.shape).ToArray()))]);

    /// <summary>Restores an earlier shape of the model's tensors; those that change are filled with zeros.</summary>
    internal void Restore(NeuronShapes then)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var tensors = layers.Values.Zip(then.Layers, (layer, shapes) => layer.Tensors.Zip(shapes.Tensors)).SelectMany(t => t).ToArray();
        var owners = SharedTensors.Owners([.. tensors.Select(t => t.First.Tensor)]);
        foreach (var (tensor, shape) in tensors.Where((_, i) => owners[i] == i).Select(t => (t.First.Tensor, t.Second)))
            if (!tensor.shape.SequenceEqual(shape))
                tensor.set_(zeros(shape, dtype: tensor.dtype, device: tensor.device));
        // Tensors that shared memory share it again. If one tensor has two names, it has grown already.
        for (var i = 0; i < tensors.Length; i++)
            if (!tensors[i].First.Tensor.shape.SequenceEqual(tensors[i].Second))
                tensors[i].First.Tensor.set_(tensors[owners[i]].First.Tensor);
        foreach (var (layer, (size, _)) in layers.Values.Zip(then.Layers))
        {
            layer.Size = size;
            LayerSizes.Write(layer.Module, size);
        }
        foreach (var (group, members) in Groups.Zip(then.Members))
            group.Members = members;
    }

    /// <summary>All groups, one per line, and the skipped neurons with reasons.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (var group in Groups)
            text.AppendLine(group.ToString());
        foreach (var skipped in Skipped)
            text.Append("left alone: ").AppendLine(skipped.ToString());
        return text.ToString();
    }

    RemovalPlan Plan(IEnumerable<NeuronSelection> selections)
    {
        ArgumentNullException.ThrowIfNull(selections);
        var seen = new HashSet<NeuronGroup>();
        foreach (var (group, neurons) in selections)
        {
            if (!Groups.Contains(group))
                throw new ArgumentException($"Group '{group.Name}' is not of this map.", nameof(selections));
            if (!seen.Add(group))
                throw new ArgumentException($"Group '{group.Name}' is selected twice.", nameof(selections));
            if (neurons.Distinct().Count() != neurons.Count)
                throw new ArgumentException($"A neuron of '{group.Name}' is selected twice.", nameof(selections));
            foreach (var neuron in neurons)
                if (neuron < 0 || neuron >= group.Size)
                    throw new ArgumentOutOfRangeException(
                        nameof(selections), $"There is no neuron {neuron}: group '{group.Name}' has neurons 0 to {group.Size - 1}.");
            if (neurons.Count >= group.Size)
                throw new ArgumentException($"All {group.Size} neurons of '{group.Name}' are selected; at least one must stay.",
                    nameof(selections));
        }
        return new(selections, member => layers[member.Path]);
    }

    // Null if the neurons can be removed, otherwise the reason why not. Everything is restored.
    string? Try(IReadOnlyCollection<NeuronSelection> selections, Tensor example, RandomState random)
    {
        using var scope = NewDisposeScope();
        using var shrinker = new LayerShrinker();
        try
        {
            Difference(Plan(selections), shrinker, example, random);
            return null;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            return e.Message.Split('\n')[0].Trim(); // LibTorch appends its call stack
        }
        finally
        {
            shrinker.Undo();
        }
    }

    double Difference(RemovalPlan plan, LayerShrinker shrinker, Tensor example, RandomState random)
    {
        random.Rewind();
        IReadOnlyList<Tensor> masked, smaller;
        using (new NeuronMask(plan))
            masked = forward(example);
        // A smaller model draws other noise; then only the shapes can be compared.
        var noisy = random.HasMoved;
        shrinker.Cut(plan);
        random.Rewind();
        smaller = forward(example);
        return OutputComparison.Check(masked, smaller, noisy);
    }

    long Parameters()
    {
        var parameters = model.named_parameters().Select(p => (Tensor)p.parameter).ToArray();
        var owners = SharedTensors.Owners(parameters);
        return parameters.Where((_, i) => owners[i] == i).Sum(p => p.NumberOfElements);
    }
}

/// <summary>Sizes of a model at some time: the members of each group, and each layer's size and tensor shapes.</summary>
sealed record NeuronShapes(
    IReadOnlyList<IReadOnlyList<NeuronGroupMember>> Members, IReadOnlyList<(LayerSize Size, long[][] Tensors)> Layers);
