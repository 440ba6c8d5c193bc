using static TorchSharp.torch;

namespace MLNet.Pruning.Training;

/// <summary>
/// Collects the next batch's rows while the first thread finishes a step: the sum of the gradients, the optimizer, the hooks. Otherwise a
/// small network on many examples spends a sixth of its step waiting for rows from all over the memory.
/// </summary>
/// <remarks>
/// Each thread but the first copies its own share when it is idle. The second one then copies pieces of the first thread's share, and the
/// first copies the rest.
/// </remarks>
sealed class BatchPrefetcher : IDisposable
{
    const int PieceRows = 8;

    readonly BatchBuffer[] staged;
    readonly Plan[] plans;
    Plan now = new(), next = new();

    public BatchPrefetcher(int replicas, ExampleBuffer shape, int capacity, Device device)
    {
        staged = [.. Enumerable.Range(0, replicas).Select(_ => new BatchBuffer(shape, capacity, device))];
        plans = new Plan[replicas];
    }

    /// <summary>Starts a batch, and plans the next one. Returns whether the batch's rows were prefetched.</summary>
    /// <param name="batch">The slots of the batch's rows.</param>
    /// <param name="upcoming">The slots of the next batch; empty if they are not known.</param>
    /// <param name="upcomingShares">The number of shares of the next batch.</param>
    /// <param name="from">The buffer of the rows.</param>
    /// <param name="changes">The changes of the next batch's images.</param>
    public bool Begin(ReadOnlySpan<int> batch, ReadOnlySpan<int> upcoming, int upcomingShares, ExampleBuffer from, ImageChanges changes)
    {
        (now, next) = (next, now);
        next.Set(upcoming, upcomingShares, from, changes);
        if (!now.Is(batch, from))
            return false;
        CopyPieces(now);
        return true;
    }

    /// <summary>Swaps a replica's buffer for the prefetched one.</summary>
    public void Exchange(int number, ref BatchBuffer mine) => (mine, staged[number]) = (staged[number], mine);

    /// <summary>A replica has its rows, so there is room for its next ones.</summary>
    public void Open(int number)
    {
        // Each thread keeps its own plan: by the time it copies, the first thread may have begun the next step.
        plans[number] = next;
        if (number == 0)
            next.IsOpen = true;
    }

    /// <summary>The work of a thread other than the first.</summary>
    public void Copy(int number)
    {
        var plan = plans[number];
        if (number < plan.Shares)
        {
            var own = plan.Share(number);
            staged[number].Copy(plan.Examples!, own, 0, own.Length, plan.Changes);
        }
        if (number == 1 && plan.IsOpen)
            CopyPieces(plan);
    }

    void CopyPieces(Plan plan)
    {
        var first = plan.Share(0);
        for (var from = plan.Take(); from < first.Length; from = plan.Take())
            staged[0].Copy(plan.Examples!, first, from, Math.Min(from + PieceRows, first.Length), plan.Changes);
    }

    public void Dispose()
    {
        foreach (var some in staged)
            some.Dispose();
    }

    sealed class Plan
    {
        int[] slots = [];
        int rows, taken;
        volatile bool open;

        public ExampleBuffer? Examples { get; private set; }

        public int Shares { get; private set; }

        public ImageChanges Changes { get; private set; }

        public bool IsOpen
        {
            get => open;
            set => open = value;
        }

        public void Set(ReadOnlySpan<int> batch, int shares, ExampleBuffer from, ImageChanges changes)
        {
            if (slots.Length < batch.Length)
                slots = new int[batch.Length];
            batch.CopyTo(slots);
            (rows, Shares, Examples, taken, open) = (batch.Length, batch.Length > 0 ? shares : 0, from, 0, false);
            Changes = changes;
        }

        public bool Is(ReadOnlySpan<int> batch, ExampleBuffer from) => rows > 0 && ReferenceEquals(Examples, from)
            && batch.SequenceEqual(slots.AsSpan(0, rows));

        public ReadOnlySpan<int> Share(int number) => Shares == 0 ? [] : ReplicaSet.Share(slots.AsSpan(0, rows), number, Shares);

        public int Take() => Interlocked.Add(ref taken, PieceRows) - PieceRows;
    }
}
