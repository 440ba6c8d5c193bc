using MLNet.Pruning.Plans;
using static TorchSharp.torch;

namespace MLNet.Pruning.Models;

/// <summary>
/// The graph of a module, found from the recorded inputs and outputs of its layers. Bit for bit and on all examples, each input is the
/// output of another layer, or a function, a pooling, a sum, a product or a concatenation of such values.
/// </summary>
sealed class TracedGraph
{
    /// <summary>A value of the graph, or one that it would have if a node were added.</summary>
    sealed class Candidate(TracedValue value, Func<int> node)
    {
        public TracedValue Value => value;

        public int Node() => node();
    }

    const int MaximumRecent = 8;

    readonly List<GraphNode> nodes = [];
    readonly List<(int Node, TracedValue Value)> known = [];
    readonly IReadOnlyList<(string Name, int[] Shape, float[] Values)> parameters;
    readonly HashSet<int> read = [];

    /// <param name="input">The module's input.</param>
    /// <param name="parameters">Parameters and buffers that belong to no layer.</param>
    public TracedGraph(TracedValue input, IReadOnlyList<(string Name, int[] Shape, float[] Values)> parameters)
    {
        this.parameters = parameters;
        Add(new(GraphOperation.Input, "input", [], input.Shape), input);
    }

    /// <summary>Adds a call of a layer.</summary>
    /// <exception cref="NotTracedException">The source of its input could not be found.</exception>
    public void Add(TracedCall call)
    {
        int from = Tell(call.Input) ?? throw Untold($"The input of {call.Layer.Label}", call.Input);
        var node = call.Layer.Node(from, nodes[from].Shape, call.Output.Shape);
        if (node is null)
        {
            if (!call.Output.Equals(call.Input))
                throw new NotTracedException($"{call.Layer.Label} changes what it is given.");
            known.Add((from, call.Output));
            return;
        }
        Add(node, call.Output);
    }

    /// <summary>The graph, whose last node is the result.</summary>
    /// <exception cref="NotTracedException">The source of the result could not be found.</exception>
    public GraphDescription Finish(TracedValue result)
    {
        int last = Tell(result) ?? throw Untold("The result", result);
        if (last != nodes.Count - 1)
            Add(new(GraphOperation.Reshape, "output", [last], result.Shape), result);
        return new(nodes);
    }

    static NotTracedException Untold(string what, TracedValue value) => new(
        $"{what}, [{string.Join(", ", value.Shape)}] for a row, is none of what was computed before, "
        + "and no activation, pooling, sum, product or concatenation of such values.");

    int Add(GraphNode node, TracedValue value)
    {
        foreach (int input in node.Inputs)
            read.Add(input);
        nodes.Add(node);
        known.Add((nodes.Count - 1, value.As(node.Shape)));
        return nodes.Count - 1;
    }

    /// <summary>The node that gives a value, in its shape; null if none was found.</summary>
    int? Tell(TracedValue value)
    {
        var match = Same(value) ?? FunctionOf(value, Known()) ?? PairOf(value) ?? PartOf(value) ?? JoinedOf(value);
        if (match is not { } node)
            return null;
        return nodes[node].Shape.SequenceEqual(value.Shape) ? node
            : Add(new(GraphOperation.Reshape, "reshape", [node], value.Shape), value);
    }

    /// <summary>Known values, the latest first.</summary>
    IEnumerable<Candidate> Known() =>
        known.AsEnumerable().Reverse().Select(value => new Candidate(value.Value.As(nodes[value.Node].Shape), () => value.Node)).ToArray();

    /// <summary>Values that no node reads yet; each must be used somewhere.</summary>
    IEnumerable<Candidate> Unread() => known.AsEnumerable().Reverse().Where(value => !read.Contains(value.Node))
        .DistinctBy(value => value.Node)
        .Select(value => new Candidate(value.Value.As(nodes[value.Node].Shape), () => value.Node)).ToArray();

    /// <summary>Known values, and functions of values that no node reads yet.</summary>
    IEnumerable<Candidate> Told() => Known().DistinctBy(candidate => candidate.Node()).Concat(Unread().SelectMany(Functions));

    int? Same(TracedValue value) => Known().FirstOrDefault(candidate => candidate.Value.Equals(value))?.Node();

    int? FunctionOf(TracedValue value, IEnumerable<Candidate> candidates)
    {
        foreach (var candidate in candidates.Where(candidate => candidate.Value.Count == value.Count))
        {
            foreach (var function in TracedFunctions.OfNumbers)
            {
                if (ValueMatch.IsLikely(value, (e, i) => function.Estimate(candidate.Value.Rows[e][i]))
                    && ValueMatch.Agrees(Apply(candidate.Value, function.Compute, candidate.Value.Shape), value, function.IsExact))
                    return Applied(candidate, function, value).Node();
            }
        }
        return null;
    }

    /// <summary>A sum or a product, perhaps with a function applied.</summary>
    int? PairOf(TracedValue value)
    {
        var whole = Known().Where(candidate => candidate.Value.Count == value.Count).DistinctBy(candidate => candidate.Value).ToList();
        whole.AddRange(Constants(value.Shape));
        if (Pair(whole) is { } plain)
            return plain;
        // Functions of each unread value: relu(a) + relu(b), x * sigmoid(y).
        var functions = Unread().Where(candidate => candidate.Value.Count == value.Count).SelectMany(Functions).ToArray();
        return functions.Length == 0 ? null : Pair([.. functions.Concat(whole).DistinctBy(candidate => candidate.Value)]);

        int? Pair(IReadOnlyList<Candidate> candidates)
        {
            for (int a = 0; a < candidates.Count; a++)
            {
                for (int b = a + 1; b < candidates.Count; b++)
                {
                    foreach (var operation in (GraphOperation[])[GraphOperation.Add, GraphOperation.Multiply])
                    {
                        if (Likely(candidates[a], candidates[b], operation) is { } function)
                            return Make(candidates[a], candidates[b], operation, function).Node();
                    }
                }
            }
            return Gated(value, candidates);
        }

        TracedFunction? Likely(Candidate a, Candidate b, GraphOperation operation)
        {
            float At(int e, int i) => ValueMatch.Pair(operation, a.Value.Rows[e][i], b.Value.Rows[e][i]);
            if (ValueMatch.IsLikely(value, (e, i) => At(e, i))
                && ValueMatch.Agrees(ValueMatch.Pair(operation, a.Value, b.Value), value, isExact: true))
                return ValueMatch.Itself;
            foreach (var function in TracedFunctions.OfNumbers)
            {
                if (!ValueMatch.IsLikely(value, (e, i) => function.Estimate(At(e, i))))
                    continue;
                var pair = ValueMatch.Pair(operation, a.Value, b.Value);
                if (ValueMatch.Agrees(Apply(pair, function.Compute, pair.Shape), value, function.IsExact))
                    return function;
            }
            return null;
        }

        Candidate Make(Candidate a, Candidate b, GraphOperation operation, TracedFunction function)
        {
            var pair = Paired(a, b, operation, a.Value.Shape.SequenceEqual(b.Value.Shape) ? a.Value.Shape : value.Shape);
            return function == ValueMatch.Itself ? pair : Applied(pair, function, value);
        }
    }

    /// <summary>An image times one number per channel, as in squeeze and excitation.</summary>
    int? Gated(TracedValue value, IReadOnlyList<Candidate> images)
    {
        foreach (var image in images.Where(image => image.Value.Shape.Count == 3))
        {
            var shape = image.Value.Shape;
            var gates = Known().Where(gate => gate.Value.Count == shape[0] && gate.Value.Count < image.Value.Count);
            foreach (var gate in gates.Concat(Unread().Where(gate => gate.Value.Count == shape[0]).SelectMany(Functions)))
            {
                var product = ValueMatch.Gated(image.Value, gate.Value);
                if (product.Equals(value))
                    return Add(new(GraphOperation.Multiply, "multiply", [image.Node(), In([shape[0], 1, 1], gate)], shape), product);
            }
        }
        return null;
    }

    /// <summary>
    /// A pooling, a mean or a softmax, perhaps with a function applied; also of a sum or a function that no node reads yet.
    /// </summary>
    int? PartOf(TracedValue value)
    {
        foreach (var candidate in Told().Concat(UnreadSums()))
        {
            foreach (var (made, compute) in TracedFunctions.Of(candidate.Value.Shape, value.Count))
            {
                var pooled = Apply(candidate.Value, compute, made[^1].Shape);
                bool exact = made[0].Operation == GraphOperation.MaxPool;
                if (ValueMatch.Agrees(pooled, value, exact))
                    return Chained(candidate, made, value).Node();
                foreach (var function in TracedFunctions.OfNumbers)
                {
                    if (ValueMatch.IsLikely(value, (e, i) => function.Estimate(pooled.Rows[e][i]))
                        && ValueMatch.Agrees(Apply(pooled, function.Compute, pooled.Shape), value, exact && function.IsExact))
                        return Applied(Chained(candidate, made, pooled), function, value).Node();
                }
            }
        }
        return null;
    }

    /// <summary>Sums with values that no node reads yet, and functions of these sums.</summary>
    IEnumerable<Candidate> UnreadSums()
    {
        foreach (var one in Unread())
        {
            foreach (var other in Known().Where(other => other.Node() != one.Node() && other.Value.Shape.SequenceEqual(one.Value.Shape))
                .DistinctBy(other => other.Node()))
            {
                var sum = Paired(one, other, GraphOperation.Add, one.Value.Shape);
                yield return sum;
                foreach (var function in Functions(sum))
                    yield return function;
            }
        }
    }

    /// <summary>A concatenation along the first dimension.</summary>
    int? JoinedOf(TracedValue value)
    {
        var told = Told().ToArray();
        var parts = told.Where(part => part.Value.Count < value.Count).ToList();
        parts.AddRange(parts.Where(part => part.Value.Shape.Count == 3).Take(MaximumRecent).ToArray().SelectMany(SamePools));
        // The means of a concatenation are the means of its parts.
        if (value.Shape.Count == 1)
            parts.AddRange(told.Where(part => part.Value.Shape.Count == 3).SelectMany(Means));
        int inner = value.Count / value.Shape[0];
        if (Find(0) is not { } found)
            return null;
        int[] inputs = [.. found.Select(part => In([part.Value.Count / inner, .. value.Shape.Skip(1)], part))];
        return Add(new(GraphOperation.Concatenate, "concatenate", inputs, value.Shape), value);

        IReadOnlyList<Candidate>? Find(int offset)
        {
            if (offset == value.Count)
                return [];
            foreach (var part in parts.Where(part => part.Value.Count <= value.Count - offset && part.Value.Count % inner == 0))
            {
                if (ValueMatch.IsSlice(part.Value, value, offset) && Find(offset + part.Value.Count) is { } rest)
                    return [part, .. rest];
            }
            return null;
        }
    }

    IEnumerable<Candidate> Means(Candidate image) => TracedFunctions.Of(image.Value.Shape, image.Value.Shape[0])
        .Where(part => part.Nodes[0].Name == "mean")
            .Select(part => Chained(image, part.Nodes, Apply(image.Value, part.Compute, part.Nodes[^1].Shape)));

    /// <summary>Poolings that keep an image's size or halve it.</summary>
    IEnumerable<Candidate> SamePools(Candidate image)
    {
        var shape = image.Value.Shape;
        int[] counts = [shape[0] * shape[1] * shape[2], shape[0] * (shape[1] / 2) * (shape[2] / 2),
            shape[0] * ((shape[1] + 1) / 2) * ((shape[2] + 1) / 2)];
        foreach (int count in counts.Where(count => count > 0).Distinct())
        {
            foreach (var (made, compute) in TracedFunctions.Of(shape, count).Where(part => part.Nodes[0].Window?.Kernel is [2 or 3, _]))
                yield return Chained(image, made, Apply(image.Value, compute, made[^1].Shape));
        }
    }

    IEnumerable<Candidate> Constants(IReadOnlyList<int> shape)
    {
        foreach (var (name, own, values) in parameters)
        {
            if (ValueMatch.Repeated(own, values, shape) is not { } row)
                continue;
            var value = new TracedValue(shape, [.. known[0].Value.Rows.Select(rows => Repeat(row, rows.Length / known[0].Value.Count))]);
            yield return new(value, () => Add(new(GraphOperation.Constant, name, [], shape) { Weight = name }, value));
        }

        static float[] Repeat(float[] row, int count) => [.. Enumerable.Repeat(row, count).SelectMany(values => values)];
    }

    IEnumerable<Candidate> Functions(Candidate from) => TracedFunctions.OfNumbers.Select(function =>
        Applied(from, function, Apply(from.Value, function.Compute, from.Value.Shape)));

    Candidate Applied(Candidate from, TracedFunction function, TracedValue value) => new(value.As(from.Value.Shape), () =>
        Add(new(function.Operation, function.Operation.ToString().ToLowerInvariant(), [from.Node()], from.Value.Shape)
        {
            Coefficient = function.Coefficient,
        }, value));

    Candidate Chained(Candidate from, GraphNode[] made, TracedValue value) => new(value.As(made[^1].Shape), () =>
    {
        int at = from.Node();
        foreach (var node in made)
            at = Add(node with { Inputs = [at] }, value);
        return at;
    });

    Candidate Paired(Candidate a, Candidate b, GraphOperation operation, IReadOnlyList<int> shape) =>
        new(ValueMatch.Pair(operation, a.Value, b.Value).As(shape), () =>
        Add(new(operation, operation.ToString().ToLowerInvariant(), [In(shape, a), In(shape, b)], shape),
            ValueMatch.Pair(operation, a.Value, b.Value)));

    /// <summary>A candidate's node, reshaped.</summary>
    int In(IReadOnlyList<int> shape, Candidate candidate)
    {
        int node = candidate.Node();
        return nodes[node].Shape.SequenceEqual(shape) ? node : Add(new(GraphOperation.Reshape, "reshape", [node], shape), candidate.Value);
    }

    static TracedValue Apply(TracedValue value, Func<Tensor, Tensor> compute, IReadOnlyList<int> shape)
    {
        using var scope = NewDisposeScope();
        return new(shape, [.. value.Rows.Select(rows =>
            compute(tensor(rows, [rows.Length / value.Count, .. value.Shape.Select(size => (long)size)])).contiguous().data<float>()
                .ToArray())]);
    }
}
