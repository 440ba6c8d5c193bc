namespace MLNet.Pruning.Training;

/// <summary>The first rows of a buffer, in order. The buffer stays its owner's.</summary>
sealed class FirstRows(ExampleBuffer examples, int most, int batchSize) : IFeed
{
    readonly int[] slots = [.. Enumerable.Range(0, Math.Min(most, examples.Count))];
    int next;

    public ExampleBuffer Examples => examples;

    public int StepsPerEpoch => (slots.Length + batchSize - 1) / batchSize;

    public void BeginEpoch(int epoch, CancellationToken cancellation = default) => next = 0;

    public ReadOnlySpan<int> Next(CancellationToken cancellation)
    {
        var from = next;
        next = Math.Min(slots.Length, from + batchSize);
        return slots.AsSpan(from, next - from);
    }

    public void Dispose()
    {
    }
}
