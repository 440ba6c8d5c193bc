using static TorchSharp.torch;

namespace MLNet.Pruning.Neurons;

/// <summary>Finds tensors that share memory, such as tied weights, by writing to one and reading the other.</summary>
static class SharedTensors
{
    // Integers up to this are exact in every floating-point type.
    const int Radix = 128;

    /// <summary>
    /// For each tensor, the index of the last tensor that begins at the same address; its own if it shares memory with none.
    /// </summary>
    public static int[] Owners(IReadOnlyList<Tensor> tensors)
    {
        using var scope = NewDisposeScope();
        var corners = tensors.Select(Corner).ToArray();
        var saved = corners.Select(c => c.clone()).ToArray();
        var owners = new int[tensors.Count];
        try
        {
            for (var unit = 1; unit <= tensors.Count; unit *= Radix)
            {
                for (var i = 0; i < corners.Length; i++)
                {
                    using var digit = Scalars.Of(i / unit % Radix);
                    corners[i].fill_(digit);
                }
                for (var i = 0; i < corners.Length; i++)
                    owners[i] += unit * (int)corners[i].to(ScalarType.Float64).item<double>();
            }
        }
        finally
        {
            for (var i = 0; i < corners.Length; i++)
                corners[i].copy_(saved[i]);
        }
        return owners;
    }

    static Tensor Corner(Tensor tensor)
    {
        var corner = tensor.NumberOfElements > 0 ? tensor.detach() : zeros([]);
        while (corner.Dimensions > 0)
            corner = corner.select(0, 0);
        return corner;
    }
}

/// <summary>Tensors of one module that cannot shrink, since it is unknown which of their entries belong to which neuron.</summary>
sealed record FixedTensors(string Reason, IReadOnlyList<Tensor> Tensors)
{
    /// <summary>All tensors that belong to no known layer, by module, to be marked together.</summary>
    public static List<FixedTensors> Of(nn.Module model, IReadOnlyList<Layer> known)
    {
        var layers = known.Select(l => (nn.Module)l.Module).ToHashSet<nn.Module>(ReferenceEqualityComparer.Instance);
        var found = new List<FixedTensors>();
        foreach (var (path, module) in model.named_modules().Prepend(("", model)))
        {
            if (!layers.Add(module))
                continue;
            // A tensor with a single value fits any number of neurons.
            var own = module.named_parameters(false).Select(p => (p.name, tensor: (Tensor)p.parameter))
                .Concat(module.named_buffers(false).Select(b => (b.name, tensor: b.buffer)))
                .Where(t => t.tensor.is_floating_point() && t.tensor.NumberOfElements > 1).ToArray();
            if (own.Length == 0)
                continue;
            var names = string.Join(", ", own.Select(t => path.Length > 0 ? $"{path}.{t.name}" : t.name));
            var reason = Layer.Of(path, module) is null
                ? $"{names} of {module.GetType().Name} {Reaches(own.Length)} it, and its entries cannot be told apart by neuron"
                : $"{(path.Length > 0 ? path : module.GetType().Name)} {Reaches(1)} it, but is not called through its hooks (forward "
                    + "instead of call) or over dimensions that are not followed";
            found.Add(new(reason, [.. own.Select(t => t.tensor)]));
        }
        return found;
    }

    static string Reaches(int count) => count == 1 ? "reaches" : "reach";
}
