namespace MLNet.Pruning.Outside.Tests;

// docs
/// <summary>Keeps neurons with a large bias.</summary>
sealed record LargeBias : IImportance
{
    public bool NeedsData => false;

    public IImportanceObserver Watch(NeuronMap map, int threads = 1) => new Observer(map);

    sealed class Observer(NeuronMap map) : IImportanceObserver
    {
        public IReadOnlyList<double[]> Scores() => [.. map.Groups.Select(group => Biases(group.Producers.First()))];

        static double[] Biases(NeuronGroupMember producer)
        {
            using var sizes = producer.Module.get_parameter("bias")!.abs();
            var rows = sizes.data<float>().ToArray();
            return [.. producer.Indices.Select(own => own.Average(row => (double)rows[row]))];
        }

        public void Add(IImportanceObserver other) { } // all replicas have the same weights

        public void Dispose() { }
    }
}
// end
