using System.Reflection;
using static TorchSharp.torch;

namespace MLNet.Pruning.Neurons;

/// <summary>
/// Gives a layer the inside of a newly made one of another size. The layer stays the same object, so that its name and place, its parameters,
/// its hooks, and all who hold it are left as they were.
/// </summary>
static class Transplant
{
    const BindingFlags Own = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    // Where TorchSharp up to 0.102 keeps the C++ module that a layer stands for.
    static readonly string[] nativeFields = ["handle", "boxedModule"];

    /// <summary>Gives what takes it back.</summary>
    public static Action Into(nn.Module layer, nn.Module fresh)
    {
        fresh.train(layer.training);
        foreach (var (name, parameter) in layer.named_parameters(false).ToArray())
            Property(fresh, name).SetValue(fresh, parameter);
        foreach (var (name, buffer) in layer.named_buffers(false).ToArray())
        {
            if (Property(fresh, name) is { CanWrite: true } property)
                property.SetValue(fresh, buffer);
            else
                fresh.get_buffer(name)!.copy_(buffer);
        }
        // Its parameters are the layer's now; some versions would dispose of them when it is collected.
        GC.SuppressFinalize(fresh);

        var fields = new List<FieldInfo>();
        for (var type = layer.GetType(); type is not null && !IsGeneral(type); type = type.BaseType)
            fields.AddRange(type.GetFields(Own));
        if (fields.Count == 0)
            fields.AddRange(nativeFields.Select(name => typeof(nn.Module).GetField(name, Own)
                ?? throw new NotSupportedException($"This version of TorchSharp keeps the inside of {layer.GetType().Name} where it cannot be exchanged (nn.Module.{name} is missing).")));
        Exchange();
        return Exchange;

        void Exchange()
        {
            foreach (var field in fields)
            {
                var mine = field.GetValue(layer);
                field.SetValue(layer, field.GetValue(fresh));
                field.SetValue(fresh, mine);
            }
        }
    }

    static PropertyInfo Property(nn.Module module, string name) => module.GetType().GetProperty(name)
        ?? throw new NotSupportedException($"{module.GetType().Name} has a tensor '{name}' without a property to set it by.");

    static bool IsGeneral(Type type) => type == typeof(nn.Module) || type.IsGenericType;
}
