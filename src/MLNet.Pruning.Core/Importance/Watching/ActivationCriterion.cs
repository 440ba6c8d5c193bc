using static TorchSharp.torch;

namespace MLNet.Pruning.Importance;

/// <summary>A criterion that is a function of what readers read.</summary>
sealed record ActivationCriterion(Func<Tensor, Tensor> Score, string Name) : IImportance
{
    public bool NeedsData => true;

    public IImportanceObserver Watch(NeuronMap map, int threads = 1)
    {
        ArgumentNullException.ThrowIfNull(map);
        return new ActivationObserver(map, Score, Name);
    }

    public void Check(IEnumerable<NeuronGroup> groups) => Reader.Check(groups, Name);

    public override string ToString() => Name;
}

sealed class ActivationObserver : IImportanceObserver
{
    readonly NeuronSums sums;
    readonly HashSet<int> read;
    readonly ForwardWatch watch;

    public ActivationObserver(NeuronMap map, Func<Tensor, Tensor> score, string name)
    {
        var readers = Reader.Of(map);
        (sums, read) = (new NeuronSums(map), Reader.Groups(readers));
        watch = new ForwardWatch(readers, (reader, input) =>
        {
            var features = reader.Normal(input.detach());
            foreach (var part in reader.Parts)
                foreach (var slice in part.Slices)
                {
                    var scores = score(slice.Take(features));
                    Criterion.Require(scores, name, features.shape[0], slice.Neurons.Length);
                    sums.Add(part.Group, slice.Neurons, scores);
                }
        });
    }

    public void Add(IImportanceObserver other) => sums.Add(other is ActivationObserver alike ? alike.sums : throw Criterion.NotAlike(this, other));

    public IReadOnlyList<double[]> Scores() => sums.Means(read);

    public void Dispose() => watch.Dispose();
}
