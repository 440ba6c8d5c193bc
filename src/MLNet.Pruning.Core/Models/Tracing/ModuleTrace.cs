using static TorchSharp.torch;

namespace MLNet.Pruning.Models;

/// <summary>Runs a module on examples and records the inputs and outputs of its layers.</summary>
sealed class ModuleTrace : IDisposable
{
    sealed record Seen(long[] Shape, float[] Values);

    readonly nn.Module<Tensor, Tensor> module;
    readonly IReadOnlyList<long> inputShape;
    readonly Device device;
    readonly List<Action> removers = [];
    readonly EvaluationMode mode;
    readonly List<(TracedLayer Layer, Seen Input, Seen Output)> calls = [];
    readonly Stack<Seen> inputs = [];
    string? refusal;
    bool isRecording;

    public ModuleTrace(nn.Module<Tensor, Tensor> module, IReadOnlyList<long> inputShape)
    {
        (this.module, this.inputShape) = (module, inputShape);
        var tensors = module.named_parameters().Select(p => (p.name, Tensor: (Tensor)p.parameter)).ToArray();
        device = tensors.Length > 0 ? tensors[0].Tensor.device : CPU;
        mode = new(module);
        var met = new HashSet<nn.Module>(ReferenceEqualityComparer.Instance);
        foreach (var (path, part) in module.named_modules().Prepend(("", module)))
        {
            if (!met.Add(part) || TracedLayer.IsContainer(part))
                continue;
            var layer = new TracedLayer(path, part);
            if (part is nn.Module<Tensor, Tensor> one)
                Watch(layer, one);
            else if (part.named_parameters().Any())
                Unseen.Add(layer);
        }
    }

    /// <summary>Layers whose calls cannot be recorded, as they take or give several tensors.</summary>
    public List<TracedLayer> Unseen { get; } = [];

    /// <summary>Layers with weights that were called on no example.</summary>
    public IEnumerable<TracedLayer> NeverCalled { get; private set; } = [];

    readonly List<TracedLayer> watched = [];

    void Watch(TracedLayer layer, nn.Module<Tensor, Tensor> part)
    {
        watched.Add(layer);
        // A layer may change its input in place, or others may later; the record must not change with it.
        removers.Add(part.register_forward_pre_hook((_, input) =>
        {
            if (isRecording)
                inputs.Push(Copy(layer, input));
            return input;
        }).remove);
        removers.Add(part.register_forward_hook((_, _, output) =>
        {
            if (isRecording && inputs.TryPop(out var input))
                calls.Add((layer, input, Copy(layer, output)));
            return output;
        }).remove);
    }

    Seen Copy(TracedLayer layer, Tensor tensor)
    {
        if (!layer.IsKnown)
            refusal ??= $"{layer.Label} is of a kind that plans do not compute.";
        else if (tensor.dtype != ScalarType.Float32)
            refusal ??= $"{layer.Label} computes with {tensor.dtype}; plans compute with {ScalarType.Float32}.";
        return refusal is null ? new(tensor.shape, Floats(tensor)) : new(tensor.shape, []);
    }

    static float[] Floats(Tensor tensor)
    {
        using var scope = NewDisposeScope();
        return tensor.detach().cpu().contiguous().data<float>().ToArray();
    }

    /// <summary>The module's output for some rows.</summary>
    public Tensor Run(float[] rows, int count)
    {
        var input = tensor(rows, [count, .. inputShape]).to(device);
        return module.call(input);
    }

    /// <summary>Records the calls of layers on each of the examples, the examples themselves, and the module's output.</summary>
    /// <param name="examples">Several examples of at least two rows each, with different numbers of rows.</param>
    /// <exception cref="NotTracedException">The module behaves differently on the examples.</exception>
    public (TracedValue Input, TracedCall[] Calls, TracedValue Output) Record(params (float[] Rows, int Count)[] examples)
    {
        var runs = new List<((TracedLayer Layer, Seen Input, Seen Output)[] Calls, Seen Output)>();
        int[] counts = [.. examples.Select(example => example.Count)];
        foreach (var (rows, count) in examples)
        {
            using var scope = NewDisposeScope();
            calls.Clear();
            inputs.Clear();
            Tensor output;
            isRecording = true;
            try
            {
                output = Run(rows, count);
            }
            finally
            {
                isRecording = false;
            }
            if (refusal is not null)
                throw new NotTracedException(refusal);
            if (output.dtype != ScalarType.Float32 || output.Dimensions == 0 || output.shape[0] != count)
                throw new NotTracedException($"it gives {output.dtype} of shape [{string.Join(", ", output.shape)}] for {count} rows.");
            runs.Add(([.. calls], new(output.shape, Floats(output))));
        }
        var called = runs[0].Calls.Select(call => call.Layer).ToArray();
        if (runs.Any(run => !run.Calls.Select(call => call.Layer).SequenceEqual(called)))
            throw new NotTracedException("it calls other layers for one example than for another.");
        NeverCalled = watched.Except(called).Where(layer => layer.Module.named_parameters().Any());
        var found = new TracedCall[called.Length];
        for (int i = 0; i < found.Length; i++)
        {
            found[i] = new(called[i], Value($"The input of {called[i].Label}", called[i].TakesLines, runs
                .Select(run => run.Calls[i].Input)),
                Value($"The output of {called[i].Label}", called[i].TakesLines, runs.Select(run => run.Calls[i].Output)));
        }
        var given = examples.Select(example => new Seen([example.Count, .. inputShape], example.Rows));
        return (Value("The input", false, given), found, Value("The result", false, runs.Select(run => run.Output)));

        TracedValue Value(string what, bool takesLines, IEnumerable<Seen> seen)
        {
            var shapes = seen.Select((one, e) => RowShape(one.Shape, counts[e], takesLines)).ToArray();
            if (shapes.Any(shape => shape is null || !shape.SequenceEqual(shapes[0]!)))
                throw new NotTracedException($"{what} has the shapes "
                    + $"{string.Join(" and ", seen.Select(one => $"[{string.Join(", ", one.Shape)}]"))} "
                    + $"for {string.Join(" and ", counts)} rows; wanted the same shape for each row.");
            if (seen.Any(one => one.Values.Any(float.IsNaN)))
                throw new NotTracedException($"{what} is NaN on an example.");
            return new(shapes[0]!, [.. seen.Select(one => one.Values)]);
        }
    }

    /// <summary>The shape of a row; also if a row has become several consecutive lines.</summary>
    static int[]? RowShape(long[] shape, int rows, bool takesLines)
    {
        if (shape.Length == 0 || shape.Any(size => size is < 1 or > int.MaxValue))
            return null;
        int[] rest = [.. shape.Skip(1).Select(size => (int)size)];
        if (shape[0] == rows)
            return rest.Length == 0 ? [1] : rest;
        return takesLines && rest.Length > 0 && shape[0] % rows == 0 ? [(int)(shape[0] / rows), .. rest] : null;
    }

    public void Dispose()
    {
        foreach (var remove in removers)
            remove();
        mode.Dispose();
    }
}

/// <summary>A tensor that was recorded on each of the examples, row by row.</summary>
/// <param name="Shape">The shape of a row.</param>
/// <param name="Rows">For each example all rows, one after the other.</param>
sealed record TracedValue(IReadOnlyList<int> Shape, float[][] Rows)
{
    /// <summary>The number of values in a row.</summary>
    public int Count { get; } = Shape.Aggregate(1, (product, size) => product * size);

    /// <summary>Whether the values are equal bit for bit, in whatever shape.</summary>
    public bool Equals(TracedValue? other) => other is not null && Count == other.Count
        && Rows.Zip(other.Rows).All(pair => pair.First.AsSpan().SequenceEqual(pair.Second));

    /// <inheritdoc/>
    public override int GetHashCode() => Count;

    /// <summary>The same values in another shape.</summary>
    public TracedValue As(IReadOnlyList<int> shape) => new(shape, Rows);
}

/// <summary>One call of a layer.</summary>
sealed record TracedCall(TracedLayer Layer, TracedValue Input, TracedValue Output);
