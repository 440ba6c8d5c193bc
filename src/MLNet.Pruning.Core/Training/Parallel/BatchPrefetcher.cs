using static TorchSharp.torch;

namespace MLNet.Pruning.Training;

/// <summary>
/// Brings the next batch's rows together while the first thread is busy with the end of a step: the sum of the gradients, the optimizer,
/// the hooks. A small network on many examples spends a sixth of its step waiting for rows from all over the memory otherwise.
/// </summary>
/// <remarks>
/// Each thread but the first copies its own share when it has nothing else to do; the second then takes pieces of the first one's, which
/// copies what is left.
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

    /// <summary>Whether the batch that begins is the one that was brought; says what to bring for the step after it.</summary>
    /// <param name="batch">The slots of the rows.</param>
    /// <param name="upcoming">Those of the batch after it; empty where that is not known.</param>
    /// <param name="upcomingShares">Into how many shares that is cut.</param>
    /// <param name="from">Where they lie.</param>
    public bool Begin(ReadOnlySpan<int> batch, ReadOnlySpan<int> upcoming, int upcomingShares, ExampleBuffer from)
    {
        (now, next) = (next, now);
        next.Set(upcoming, upcomingShares, from);
        if (!now.Is(batch, from))
            return false;
        CopyPieces(now);
        return true;
    }

    /// <summary>Gives a replica its rows, which all threads are done with, in exchange for others that are no longer needed.</summary>
    public void Exchange(int number, ref BatchBuffer mine) => (mine, staged[number]) = (staged[number], mine);

    /// <summary>A replica has its rows: from here on there is room for the next ones.</summary>
    public void Open(int number)
    {
        // Kept by each thread for itself: when it comes to copy, the first may have begun the next step.
        plans[number] = next;
        if (number == 0)
            next.IsOpen = true;
    }

    /// <summary>The part of a thread other than the first.</summary>
    public void Copy(int number)
    {
        var plan = plans[number];
        if (number < plan.Shares)
        {
            var own = plan.Share(number);
            staged[number].Copy(plan.Examples!, own, 0, own.Length);
        }
        if (number == 1 && plan.IsOpen)
            CopyPieces(plan);
    }

    void CopyPieces(Plan plan)
    {
        var first = plan.Share(0);
        for (var from = plan.Take(); from < first.Length; from = plan.Take())
            staged[0].Copy(plan.Examples!, first, from, Math.Min(from + PieceRows, first.Length));
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

        public bool IsOpen
        {
            get => open;
            set => open = value;
        }

        public void Set(ReadOnlySpan<int> batch, int shares, ExampleBuffer from)
        {
            if (slots.Length < batch.Length)
                slots = new int[batch.Length];
            batch.CopyTo(slots);
            (rows, Shares, Examples, taken, open) = (batch.Length, batch.Length > 0 ? shares : 0, from, 0, false);
        }

        public bool Is(ReadOnlySpan<int> batch, ExampleBuffer from) => rows > 0 && ReferenceEquals(Examples, from)
            && batch.SequenceEqual(slots.AsSpan(0, rows));

        public ReadOnlySpan<int> Share(int number) => Shares == 0 ? [] : ReplicaSet.Share(slots.AsSpan(0, rows), number, Shares);

        public int Take() => Interlocked.Add(ref taken, PieceRows) - PieceRows;
    }
}
