using static TorchSharp.torch;

namespace MLNet.Pruning.Models;

/// <summary>The sizes that a module's layers have now. They are read from the weights, which are all that pruning is sure to shrink.</summary>
sealed class PresentSizes(nn.Module module)
{
    readonly Dictionary<string, long[]> shapes = module.named_parameters().ToDictionary(p => p.name, p => p.parameter.shape);

    /// <summary>What a layer computes, or of a transposed convolution what it reads.</summary>
    public int First(string layer) => (int)shapes[$"{layer}.weight"][0];

    /// <summary>What a layer reads, or of a transposed convolution what it computes.</summary>
    public int Second(string layer) => (int)shapes[$"{layer}.weight"][1];

    /// <summary>The same of some layers whose names end in 1, 2 and so on.</summary>
    public int[] First(string layer, int count) => [.. Enumerable.Range(1, count).Select(i => First($"{layer}{i}"))];

    /// <summary>Throws unless a layer still reads or computes whole channels.</summary>
    public static void CheckWhole(long features, long expected, string layer)
    {
        if (features != expected)
            throw new InvalidOperationException($"'{layer}' has {features} features where its neighbour's channels are {expected} numbers; no blueprint can say so.");
    }
}
