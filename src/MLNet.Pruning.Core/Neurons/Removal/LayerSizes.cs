using System.Runtime.CompilerServices;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning.Neurons;

/// <summary>Writes the sizes that TorchSharp's layers keep beside their tensors. Some have no public setter.</summary>
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
