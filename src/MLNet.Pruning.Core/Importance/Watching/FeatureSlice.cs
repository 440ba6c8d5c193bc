using static TorchSharp.torch;

namespace MLNet.Pruning.Importance;

/// <summary>Neurons that own equally many features, and how to read these from a tensor as one dimension of neurons.</summary>
sealed class FeatureSlice
{
    readonly long[]? features;
    readonly int first, block;

    FeatureSlice(int[] neurons, IReadOnlyList<IReadOnlyList<int>> indices)
    {
        (Neurons, Places, block) = (neurons, [.. neurons.Select(n => (long)n)], indices[neurons[0]].Count);
        var all = neurons.SelectMany(n => indices[n]).ToArray();
        first = all[0];
        if (!all.Select((index, i) => index - i).All(d => d == first))
            features = [.. all.Select(i => (long)i)];
    }

    /// <summary>The neurons' numbers in their group.</summary>
    public int[] Neurons { get; }

    /// <summary>The same as LibTorch's indices.</summary>
    public long[] Places { get; }

    /// <summary>One slice for each count of features that neurons own; most often there is one in all.</summary>
    public static FeatureSlice[] Of(IReadOnlyList<IReadOnlyList<int>> indices) =>
        [.. Enumerable.Range(0, indices.Count).Where(n => indices[n].Count > 0).GroupBy(n => indices[n].Count).Select(g => new FeatureSlice([.. g], indices))];

    /// <summary>[samples, features, values] -> [samples, neurons, their features' values]; a view where features lie side by side.</summary>
    public Tensor Take(Tensor input)
    {
        var chosen = features is null
            ? input.narrow(1, first, (long)Neurons.Length * block)
            : input.index_select(1, tensor(features, device: input.device));
        return chosen.reshape(input.shape[0], Neurons.Length, block * input.shape[2]);
    }
}
