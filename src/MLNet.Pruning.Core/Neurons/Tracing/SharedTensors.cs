using static TorchSharp.torch;

namespace MLNet.Pruning.Neurons;

/// <summary>Finds tensors that lie in the same memory, such as tied weights, by writing into one and reading the other.</summary>
static class SharedTensors
{
    // Numbers up to this are exact in every floating-point type.
    const int Radix = 128;

    /// <summary>For each tensor the index of the last one that begins where it begins; its own if it shares with none.</summary>
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
