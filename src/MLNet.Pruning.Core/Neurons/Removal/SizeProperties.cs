using System.Reflection;
using static TorchSharp.torch;

namespace MLNet.Pruning.Neurons;

/// <summary>Later versions of TorchSharp keep a layer's sizes in properties, and check by them. Some are without a setter that is open to us.</summary>
static class SizeProperties
{
    const BindingFlags Anywhere = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    /// <summary>Writes the layer's sizes. False if this version keeps them elsewhere, so that they may still be the old ones.</summary>
    public static bool Set(Layer layer, Action<Action> undo)
    {
        (string Name, object Value)[] sizes = layer.Kind switch
        {
            LayerKind.Linear => [("in_features", (long)layer.In), ("out_features", (long)layer.Out)],
            LayerKind.Convolution or LayerKind.Transposed => [("in_channels", (long)layer.In), ("out_channels", (long)layer.Out), ("groups", (long)layer.Groups)],
            LayerKind.BatchNorm or LayerKind.InstanceNorm => [("num_features", (long)layer.In)],
            LayerKind.LayerNorm => [("normalized_shape", new[] { (long)layer.In })],
            LayerKind.GroupNorm => [("num_groups", (long)layer.Groups)],
            _ => [],
        };
        var all = sizes.Length > 0;
        foreach (var (name, value) in sizes)
            all &= Set(layer.Module, name, value, undo);
        return all;
    }

    static bool Set(nn.Module module, string name, object value, Action<Action> undo)
    {
        for (var type = module.GetType(); type is not null && type != typeof(nn.Module); type = type.BaseType)
        {
            if (type.GetProperty(name, Anywhere) is not { } property || property.PropertyType != value.GetType())
                continue;
            var before = property.GetValue(module);
            if (property.GetSetMethod(true) is { } setter)
            {
                setter.Invoke(module, [value]);
                undo(() => setter.Invoke(module, [before]));
            }
            else if (type.GetField($"<{name}>k__BackingField", Anywhere) is { } field)
            {
                field.SetValue(module, value);
                undo(() => field.SetValue(module, before));
            }
            else
                return false;
            return true;
        }
        return false;
    }
}
