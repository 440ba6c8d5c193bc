using System.Runtime.CompilerServices;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning.Neurons;

/// <summary>Shrinks layers in place, and can restore everything exactly.</summary>
sealed class LayerShrinker : IDisposable
{
    readonly Stack<(Action Undo, Tensor? Saved)> done = new();
    readonly List<TensorCut> cuts = [];

    public IReadOnlyList<TensorCut> Cuts => cuts;

    /// <summary>Whether only shapes matter, so that values need not be copied.</summary>
    public bool Blank { get; init; }

    public void Cut(RemovalPlan plan)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var layers = plan.Layers.ToArray();
        var tensors = layers.SelectMany(l => l.Tensors.Select(t => (Layer: l, t.Tensor, t.Sides))
            .Where(t => t.Tensor.is_floating_point())).ToArray();
        var owners = SharedTensors.Owners([.. tensors.Select(t => t.Tensor)]);
        var planned = new Dictionary<Layer, List<TensorCut>>();
        var tied = new List<(TensorCut Cut, Tensor Owner)>();
        for (var i = 0; i < tensors.Length; i++)
        {
            var (layer, tensor, sides) = tensors[i];
            var kept = sides.Select((side, d) => (Dimension: d, Kept: side is { } s ? plan.Kept(layer, s) : null))
                .Where(k => k.Kept is not null).Select(k => (k.Dimension, k.Kept!)).ToArray();
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
        // Tensors that shared memory share it again. If one tensor has two names, it has shrunk already.
        foreach (var (cut, owner) in tied)
            if (!cut.Tensor.shape.SequenceEqual(owner.shape))
                Replace(cut.Tensor, owner);
        foreach (var layer in layers)
            Resize(layer, plan);
    }

    void Resize(Layer layer, RemovalPlan plan)
    {
        var before = layer.Size;
        var through = plan.Of(layer, NeuronSide.Through).Count;
        var (countIn, countOut) = (before.In - through - plan.Of(layer, NeuronSide.In).Count,
            before.Out - through - plan.Of(layer, NeuronSide.Out).Count);
        Set(new(countIn, countOut, before.Groups == 1 ? 1 : (int)((long)before.Groups * countIn / before.In)));
        done.Push((() => Set(before), null));

        void Set(LayerSize size)
        {
            layer.Size = size;
            LayerSizes.Write(layer.Module, size);
        }
    }

    /// <summary>Points a tensor to another's values; it stays the same object for everybody who holds it.</summary>
    public void Replace(Tensor tensor, Tensor by)
    {
        var saved = tensor.detach().DetachFromDisposeScope();
        tensor.set_(by);
        done.Push((() => tensor.set_(saved), saved));
    }

    /// <summary>Undoes all changes.</summary>
    public void Undo()
    {
        using var noGrad = no_grad();
        while (done.TryPop(out var step))
        {
            step.Undo();
            step.Saved?.Dispose();
        }
    }

    /// <summary>Frees the undo log.</summary>
    public void Dispose()
    {
        while (done.TryPop(out var step))
            step.Saved?.Dispose();
    }
}

/// <summary>Writes the sizes that TorchSharp's layers store beside their tensors. Some have no public setter.</summary>
static class LayerSizes
{
    public static void Write(nn.Module module, LayerSize size)
    {
        switch (module)
        {
            case Linear linear:
                (linear.in_features, linear.out_features) = (size.In, size.Out);
                break;
            case Convolution convolution:
                (InChannels(convolution), OutChannels(convolution)) = (size.In, size.Out);
                convolution.groups = size.Groups;
                break;
            case NormBase norm:
                SetFeatures(norm, size.In);
                break;
            case LayerNorm norm:
                norm.normalized_shape = [size.In];
                break;
            case GroupNorm norm:
                norm.num_groups = size.Groups;
                break;
        }
    }

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "<in_channels>k__BackingField")]
    static extern ref long InChannels(Convolution layer);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "<out_channels>k__BackingField")]
    static extern ref long OutChannels(Convolution layer);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "set_num_features")]
    static extern void SetFeatures(NormBase layer, long value);
}
