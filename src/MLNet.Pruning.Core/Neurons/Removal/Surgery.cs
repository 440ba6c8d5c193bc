using static TorchSharp.torch;

namespace MLNet.Pruning.Neurons;

/// <summary>Cuts layers smaller in place, and can put everything back exactly as it was.</summary>
sealed class Surgery : IDisposable
{
    readonly Stack<(Action Undo, Tensor? Saved)> done = new();
    readonly List<TensorCut> cuts = [];

    public IReadOnlyList<TensorCut> Cuts => cuts;

    /// <summary>Whether only shapes matter, not what stands in the tensors.</summary>
    public bool Blank { get; init; }

    public void Cut(Losses losses)
    {
        using var off = no_grad();
        using var scope = NewDisposeScope();
        var layers = losses.Layers.ToArray();
        var tensors = layers.SelectMany(l => l.Tensors.Select(t => (Layer: l, t.Tensor, t.Sides)).Where(t => t.Tensor.is_floating_point())).ToArray();
        var owners = SharedTensors.Owners([.. tensors.Select(t => t.Tensor)]);
        var planned = new Dictionary<Layer, List<TensorCut>>();
        var tied = new List<(TensorCut Cut, Tensor Owner)>();
        for (var i = 0; i < tensors.Length; i++)
        {
            var (layer, tensor, sides) = tensors[i];
            var kept = sides.Select((side, d) => (Dimension: d, Kept: side is { } s ? losses.Kept(layer, s) : null)).Where(k => k.Kept is not null).Select(k => (k.Dimension, k.Kept!)).ToArray();
            if (kept.Length == 0)
                continue;
            var cut = new TensorCut(tensor, tensor.shape, kept);
            cuts.Add(cut);
            if (owners[i] == i)
                (planned.TryGetValue(layer, out var list) ? list : planned[layer] = []).Add(cut);
            else
                tied.Add((cut, tensors[owners[i]].Tensor));
        }
        foreach (var layer in layers)
            foreach (var cut in planned.GetValueOrDefault(layer) ?? [])
                Replace(cut.Tensor, Blank ? empty(cut.NewShape, dtype: cut.Tensor.dtype, device: cut.Tensor.device) : cut.Of(cut.Tensor));
        // What lay in the same memory does so again. One tensor under two names has shrunk already.
        foreach (var (cut, owner) in tied)
            if (!cut.Tensor.shape.SequenceEqual(owner.shape))
                Replace(cut.Tensor, owner);
        foreach (var layer in layers)
            Resize(layer, losses);
    }

    void Resize(Layer layer, Losses losses)
    {
        var (before, shape) = (layer.Size, layer.InputShape);
        Undo(() => (layer.Size, layer.InputShape) = (before, shape));
        var through = losses.Of(layer, NeuronSide.Through).Count;
        var (countIn, countOut) = (before.In - through - losses.Of(layer, NeuronSide.In).Count, before.Out - through - losses.Of(layer, NeuronSide.Out).Count);
        layer.Size = new(countIn, countOut, before.Groups == 1 ? 1 : (int)((long)before.Groups * countIn / before.In));
        if (layer.Kind != LayerKind.Embedding)
        {
            layer.InputShape = [.. shape];
            layer.InputShape[layer.FeatureAxis(shape.Length)] = countIn;
        }
        if (SizeProperties.Set(layer, Undo) || layer.Groups == before.Groups && Accepts(layer))
            return;
        layer.Twin ??= LayerTwin.Factory(layer, before, this);
        Undo(Transplant.Into(layer.Module, layer.Twin(layer.Size)));
        if (!Accepts(layer))
            throw new NotSupportedException($"{layer.Label} does not take {layer.In} inputs and {layer.Out} outputs.");
    }

    static bool Accepts(Layer layer)
    {
        if (layer.Kind is LayerKind.Linear or LayerKind.Embedding or LayerKind.BatchNorm)
            return true; // They go by their tensors alone.
        using var scope = NewDisposeScope();
        using var mode = new EvaluationMode(layer.Module);
        var any = layer.Module.named_parameters(false).Select(p => (Tensor)p.parameter).FirstOrDefault();
        try
        {
            var output = layer.Module.forward(zeros(layer.InputShape, dtype: any?.dtype ?? ScalarType.Float32, device: any?.device));
            return output.shape[layer.FeatureAxis(output)] == layer.Out;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            return false; // LibTorch's refusals have no type of their own.
        }
    }

    /// <summary>Points a tensor to another's values; it stays the same object for all who hold it.</summary>
    public void Replace(Tensor tensor, Tensor by)
    {
        var saved = tensor.detach().DetachFromDisposeScope();
        tensor.set_(by);
        done.Push((() => tensor.set_(saved), saved));
    }

    void Undo(Action action) => done.Push((action, null));

    public int Mark => done.Count;

    /// <summary>Takes back all that was done since a mark.</summary>
    public void Undo(int mark = 0)
    {
        using var off = no_grad();
        while (done.Count > mark)
        {
            var (undo, saved) = done.Pop();
            undo();
            saved?.Dispose();
        }
    }

    /// <summary>Lets go of what would be needed to take it back.</summary>
    public void Dispose()
    {
        while (done.TryPop(out var step))
            step.Saved?.Dispose();
    }
}
