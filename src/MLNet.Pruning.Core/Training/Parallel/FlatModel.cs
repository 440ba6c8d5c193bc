using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning.Training;

/// <summary>A model whose trainable parameters are contiguous in one vector, and their gradients in a second one.</summary>
sealed class FlatModel : IDisposable
{
    readonly long[] offsets;

    public FlatModel(nn.Module module, Device device)
    {
        Module = module;
        Parameters = Trainable(module);
        if (Parameters.Length == 0)
            throw new ArgumentException("The model has no trainable parameters.");
        Values = FlatStorage.Under(Parameters, device);
        Gradients = FlatStorage.GradientsOf(Parameters, device);
        offsets = FlatStorage.Offsets(Parameters);
    }

    public nn.Module Module { get; }

    public Parameter[] Parameters { get; }

    public FlatStorage Values { get; }

    public FlatStorage Gradients { get; }

    public long OffsetOf(Parameter parameter) => offsets[IndexOf(parameter)];

    /// <summary>The index of a parameter, whatever object represents it.</summary>
    public int IndexOf(Parameter parameter)
    {
        var index = Array.FindIndex(Parameters, p => ReferenceEquals(p, parameter));
        if (index < 0)
        {
            // Some modules return another object for the same parameter each time, but its offset in the vector identifies it.
            var place = parameter.storage_offset();
            index = Array.FindIndex(Parameters, p => p.storage_offset() == place && p.shape.SequenceEqual(parameter.shape));
        }
        return index >= 0 ? index : throw new ArgumentException("This is not a trainable parameter of the model.");
    }

    /// <summary>The trainable parameters, each once, in the module's order.</summary>
    public static Parameter[] Trainable(nn.Module module)
    {
        var trainable = NamedTrainable(module);
        foreach (var (name, parameter) in trainable)
            if (parameter.dtype != ScalarType.Float32)
                throw new ArgumentException($"Parameter '{name}' is {parameter.dtype}; the training loop trains Float32.");
        return [.. trainable.Select(p => p.Parameter)];
    }

    /// <summary>The same with their names; a parameter that tied layers share has the first name.</summary>
    public static IReadOnlyList<(string Name, Parameter Parameter)> NamedTrainable(nn.Module module)
    {
        var trainable = new List<(string Name, Parameter Parameter)>();
        try
        {
            foreach (var (name, parameter) in module.named_parameters())
            {
                if (!parameter.requires_grad)
                    continue;
                trainable.Add((name, parameter));
                // Tied layers may hold it as two objects. The second is skipped then, as the two share all else.
                parameter.requires_grad = false;
            }
        }
        finally
        {
            foreach (var (_, parameter) in trainable)
                parameter.requires_grad = true;
        }
        return trainable;
    }

    public void Dispose()
    {
        Values.Dispose();
        Gradients.Dispose();
    }
}
