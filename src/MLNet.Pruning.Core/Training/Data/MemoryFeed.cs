namespace MLNet.Pruning.Training;

/// <summary>All rows in memory: an epoch is a permutation of them.</summary>
sealed class MemoryFeed(ExampleBuffer examples, TrainingOptions options) : IFeed
{
    readonly int[] order = new int[examples.Count];
    int position;

    public ExampleBuffer Examples => examples;

    public int StepsPerEpoch => options.DropLastBatch
        ? order.Length / options.BatchSize
        : (int)(((long)order.Length + options.BatchSize - 1) / options.BatchSize);

    public void BeginEpoch(int epoch, CancellationToken cancellation)
    {
        for (var i = 0; i < order.Length; i++)
            order[i] = i;
        if (options.Shuffle)
            new ShuffleRandom(options.Seed, epoch).Shuffle(order);
        position = 0;
    }

    public ReadOnlySpan<int> Upcoming
    {
        get
        {
            var rows = Math.Min(options.BatchSize, order.Length - position);
            return order.AsSpan(position, options.DropLastBatch && rows < options.BatchSize ? 0 : rows);
        }
    }

    public ReadOnlySpan<int> Next(CancellationToken cancellation)
    {
        var batch = Upcoming;
        position += batch.Length;
        return batch;
    }

    public void Dispose() => examples.Dispose();
}
