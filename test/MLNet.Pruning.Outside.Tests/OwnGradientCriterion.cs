using static TorchSharp.torch;

namespace MLNet.Pruning.Outside.Tests;

// docs
/// <summary>Keeps neurons whose weights the loss would miss: the sum of |weight x gradient|.</summary>
sealed record WeightTaylor : IImportance
{
    public bool NeedsData => true;

    public bool NeedsParameterGradients => true;

    public IImportanceObserver Watch(NeuronMap map, int threads = 1) => new Observer(map);

    sealed class Observer(NeuronMap map) : IImportanceObserver
    {
        readonly double[][] sums = [.. map.Groups.Select(group => new double[group.Size])];

        public void AfterBackward(Batch batch, int rowsOfAll)
        {
            using var scope = NewDisposeScope();
            foreach (var (producer, sum) in map.Groups.Select(group => group.Producers.First()).Zip(sums))
            {
                var weight = producer.Module.get_parameter("weight")!;
                var rows = weight.detach().mul(weight.grad!).abs().flatten(1).sum([1]).data<float>().ToArray();
                for (var n = 0; n < sum.Length; n++)
                    sum[n] += rowsOfAll * producer.Indices[n].Sum(row => (double)rows[row]);
            }
        }

        public void Add(IImportanceObserver other) { } // see below

        public IReadOnlyList<double[]> Scores() => sums;

        public void Dispose() { }
    }
}
// end
