using MLNet.Pruning.Importance;
using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>
/// Scores a neuron by how strong a penalty it stands in a LASSO that reconstructs what the layers that read it compute (the selection of
/// He, Zhang and Sun, Channel Pruning for Accelerating Very Deep Neural Networks, 2017): each neuron's term in the weighted sums gets a
/// coefficient, and the score is the largest penalty at which that is not 0.
/// </summary>
/// <remarks>
/// The whole of the paper, with its least squares after the selection, is <c>ChannelPruning</c> of MLNet.Pruning.Comparators.
/// Readers may be linear layers and convolutions, neither in groups nor transposed.
/// </remarks>
public sealed record LassoReconstruction : IImportance
{
    /// <inheritdoc/>
    public bool NeedsData => true;

    /// <inheritdoc/>
    public IImportanceObserver Watch(NeuronMap map, int threads = 1)
    {
        ArgumentNullException.ThrowIfNull(map);
        return new LassoObserver(map);
    }

    /// <inheritdoc/>
    public void Check(IEnumerable<NeuronGroup> groups) => Reader.Check(groups, nameof(LassoReconstruction));
}

sealed class LassoObserver : IImportanceObserver
{
    readonly NeuronMap map;
    readonly Reader[] readers;
    readonly Dictionary<Reader, ReaderMoments> moments;
    readonly ForwardWatch watch;

    public LassoObserver(NeuronMap map)
    {
        (this.map, readers) = (map, Reader.Of(map));
        moments = readers.ToDictionary(r => r, r => new ReaderMoments(r.Layer, nameof(LassoReconstruction)));
        watch = new ForwardWatch(readers, (reader, input) => moments[reader].Add(input));
    }

    public void Add(IImportanceObserver other)
    {
        if (other is not LassoObserver alike || alike.readers.Length != readers.Length)
            throw Criterion.NotAlike(this, other);
        for (var i = 0; i < readers.Length; i++)
            moments[readers[i]].Add(alike.moments[alike.readers[i]]);
    }

    public IReadOnlyList<double[]> Scores()
    {
        if (moments.Values.All(m => m.Rows == 0))
            throw new InvalidOperationException("No batch was observed, so there is nothing to reconstruct. "
                + "Did the model run in training, with gradients recorded?");
        return [.. map.Groups.Select((group, g) =>
        {
            var parts = readers.SelectMany(r => r.Parts.Where(p => p.Group == g).Select(p => (moments[r], p.Indices))).ToArray();
            if (parts.Length == 0)
                return [.. Enumerable.Repeat(double.NaN, group.Size)];
            var entries = Terms.Of(group.Size, parts).Entries();
            return entries.All(double.IsFinite) ? entries : throw new InvalidOperationException(
                $"What the layers behind '{group.Name}' have read was not finite, so its neurons cannot be scored.");
        })];
    }

    public void Dispose()
    {
        watch.Dispose();
        foreach (var one in moments.Values)
            one.Dispose();
    }
}

/// <summary>The terms of neurons in the weighted sums of the layers that read them, as a <see cref="Lasso"/>.</summary>
static class Terms
{
    /// <param name="neurons">Of the group.</param>
    /// <param name="parts">For each reader, the moments of what it reads, and per neuron its features.</param>
    /// <param name="targets">Whether to explain the moments' targets; otherwise what the layers compute as they are.</param>
    public static Lasso Of(int neurons, IReadOnlyList<(ReaderMoments Moments, IReadOnlyList<IReadOnlyList<int>> Indices)> parts,
        bool targets = false)
    {
        using var off = no_grad();
        using var scope = NewDisposeScope();
        var (products, wanted) = (new double[neurons, neurons], new double[neurons]);
        var rows = Math.Max(1, parts.Max(p => p.Moments.Rows));
        foreach (var (moments, indices) in parts)
        {
            var weights = moments.Weights;
            // Of inputs f and h: X_f'X_h times the product of their weights. Neurons add up what they own.
            var all = moments.Products * weights.t().matmul(weights);
            // [inputs, neurons], and a last column for what belongs to nobody here.
            var owners = new double[all.shape[0], neurons + 1];
            for (var f = 0; f < owners.GetLength(0); f++)
                owners[f, neurons] = 1;
            for (var n = 0; n < indices.Count; n++)
                foreach (var feature in indices[n])
                    for (var tap = 0; tap < moments.Taps; tap++)
                        (owners[feature * moments.Taps + tap, n], owners[feature * moments.Taps + tap, neurons]) = (1, 0);
            var owned = tensor(owners, device: all.device);
            var terms = owned.t().matmul(all.matmul(owned)).cpu().data<double>().ToArray();
            var explained = targets
                ? (moments.Targets * weights.t()).sum(1L).unsqueeze(0).matmul(owned).cpu().data<double>().ToArray() : null;
            var side = neurons + 1;
            for (var i = 0; i < neurons; i++)
            {
                // What the others compute is given, and not to be explained again.
                wanted[i] += (explained is null ? Enumerable.Range(0, neurons).Sum(k => terms[i * side + k])
                    : explained[i] - terms[i * side + neurons]) / rows;
                for (var k = 0; k < neurons; k++)
                    products[i, k] += terms[i * side + k] / rows;
            }
        }
        return new(products, wanted);
    }
}
