using static TorchSharp.torch;

namespace MLNet.Pruning.Importance;

/// <summary>Per group and neuron, scores added up and how many there were.</summary>
sealed class NeuronSums(NeuronMap map, IEnumerable<Reader> readers)
{
    readonly double[][] sums = [.. map.Groups.Select(g => new double[g.Size])];
    readonly double[][] counts = [.. map.Groups.Select(g => new double[g.Size])];
    readonly HashSet<int> read = [.. readers.SelectMany(r => r.Parts).Select(p => p.Group)];

    /// <summary>Adds scores of some neurons.</summary>
    /// <param name="group">The group's place in the map.</param>
    /// <param name="neurons">Their numbers in it.</param>
    /// <param name="scores">[samples, neurons]</param>
    public void Add(int group, int[] neurons, Tensor scores)
    {
        var total = scores.to_type(ScalarType.Float64).sum(0L).cpu().contiguous().data<double>();
        for (var i = 0; i < neurons.Length; i++)
        {
            sums[group][neurons[i]] += total[i];
            counts[group][neurons[i]] += scores.shape[0];
        }
    }

    public void Add(NeuronSums other)
    {
        for (var g = 0; g < sums.Length; g++)
            for (var n = 0; n < sums[g].Length; n++)
            {
                sums[g][n] += other.sums[g][n];
                counts[g][n] += other.counts[g][n];
            }
    }

    /// <summary>
    /// Means per group and neuron. A neuron that no reader reads, in a group that is read, has 0; a group without a reader has NaN.
    /// </summary>
    public IReadOnlyList<double[]> Means()
    {
        if (counts.All(g => g.All(c => c == 0)))
            throw new InvalidOperationException("No batch was observed, so there is nothing to score neurons by. "
                + "Did the model run in training, with gradients recorded?");
        return [.. sums.Select((s, g) => s.Zip(counts[g], (sum, count) =>
            !read.Contains(g) ? double.NaN : count > 0 ? Finite(sum / count, g) : 0).ToArray())];
    }

    double Finite(double score, int group) => double.IsFinite(score) ? score : throw new InvalidOperationException(
        $"What the layers behind '{map.Groups[group].Name}' have read, or its gradients, were not finite, "
        + "so its neurons cannot be scored.");
}
