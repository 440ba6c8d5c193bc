using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning.Neurons;

/// <summary>
/// Disables neurons of a model until disposed of: layers that read them read zeros, and norms over features exclude them from their
/// statistics. The model then computes what it will compute without them.
/// </summary>
sealed class NeuronMask : IDisposable
{
    readonly List<Action> removers = [];

    public NeuronMask(RemovalPlan plan)
    {
        foreach (var layer in plan.Layers)
        {
            if (layer.Consumes && plan.Of(layer, NeuronSide.In) is { Count: > 0 } unread)
            {
                var indices = unread.Select(i => (long)i).ToArray();
                removers.Add(layer.Module.register_forward_pre_hook((_, input) => input.index_fill(layer.FeatureAxis(input),
                    tensor(indices, device: input.device), Scalars.Zero)).remove);
            }
            var overFeatures = layer.Kind == LayerKind.LayerNorm || layer.Kind == LayerKind.GroupNorm && layer.Groups == 1;
            if (overFeatures && plan.Kept(layer, NeuronSide.Through) is { } kept)
            {
                var epsilon = layer.Module is LayerNorm norm ? norm.eps : ((GroupNorm)layer.Module).eps;
                removers.Add(layer.Module.register_forward_hook((_, input, _) => Normalize(layer, input, kept, epsilon)).remove);
            }
        }
    }

    static Tensor Normalize(Layer layer, Tensor input, long[] kept, double epsilon)
    {
        var axis = layer.FeatureAxis(input);
        var index = tensor(kept, device: input.device);
        var values = input.index_select(axis, index);
        long[] over = layer.Kind == LayerKind.LayerNorm ? [axis] : [.. Enumerable.Range(1, (int)input.Dimensions - 1).Select(d => (long)d)];
        var centred = values - values.mean(over, true);
        var normalized = centred / centred.Squared().mean(over, true).Plus(epsilon).sqrt();
        var shape = new long[input.Dimensions];
        Array.Fill(shape, 1);
        shape[axis] = kept.Length;
        if (layer.Own("weight") is { } weight)
            normalized = normalized * weight.index_select(0, index).view(shape);
        if (layer.Own("bias") is { } bias)
            normalized = normalized.Plus(bias.index_select(0, index).view(shape));
        return zeros_like(input).index_copy(axis, index, normalized);
    }

    public void Dispose()
    {
        foreach (var remove in removers)
            remove();
    }
}
