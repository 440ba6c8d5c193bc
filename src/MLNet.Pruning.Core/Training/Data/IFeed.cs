namespace MLNet.Pruning.Training;

/// <summary>Chooses the rows of each step.</summary>
interface IFeed : IDisposable
{
    /// <summary>The buffer of the chosen rows.</summary>
    ExampleBuffer Examples { get; }

    /// <summary>Rows of the source.</summary>
    long RowCount { get; }

    /// <summary>Steps in an epoch.</summary>
    int StepsPerEpoch { get; }

    /// <summary>Begins an epoch (from 0). The order of its rows depends only on the seed and the epoch.</summary>
    void BeginEpoch(int epoch, CancellationToken cancellation = default);

    /// <summary>The slots of the next step's rows, valid until the next call; empty at the end of the epoch.</summary>
    ReadOnlySpan<int> Next(CancellationToken cancellation);

    /// <summary>The slots that the next call will return, if that is certain already; otherwise empty.</summary>
    ReadOnlySpan<int> Upcoming => [];
}

static class Feed
{
    /// <summary>Reads the source into memory if it fits, or prepares to stream it through a pool.</summary>
    public static IFeed Open(IExampleSource source, TrainingOptions options, int? classCount, CancellationToken cancellation)
    {
        if (classCount is not null && !source.HasLabels)
            throw new ArgumentException("The objective asks for labels, but the examples have none.");
        var buffer = new ExampleBuffer(source);
        try
        {
            var limit = options.MemoryLimit > 0 ? options.MemoryLimit : GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 2;
            // The pool must hold a few batches, or there is nothing to shuffle.
            // Whole batches, so that rows in order never leave a part of a batch at the pool's end.
            var maximum = Math.Max(1, Array.MaxLength / options.StepRows);
            var batches = Math.Min(Math.Max(4, limit / buffer.RowBytes / options.StepRows), maximum);
            var rows = (int)Math.Min(batches * options.StepRows, Array.MaxLength);
            var complete = false;
            var total = source.Count;
            var rest = 0UL;
            using (var reader = source.Open())
            {
                for (var row = 0; row < rows && !complete; row++)
                {
                    if ((row & 1023) == 0)
                        cancellation.ThrowIfCancellationRequested();
                    complete = !buffer.Read(reader, row, classCount, row);
                }
                // A source that ends exactly at the limit is complete too.
                if (!complete && total is null)
                {
                    (var more, rest) = CountRest(reader, buffer, cancellation);
                    total = buffer.Count + more;
                }
                complete |= total <= buffer.Count;
            }
            if (buffer.Count == 0)
                throw new InvalidDataException("The source of examples has no rows.");
            if (complete && buffer.HasWeights && Enumerable.Range(0, buffer.Count).All(slot => buffer.Answer(slot).Weight == 0))
                throw new InvalidDataException($"All {buffer.Count} examples have weight 0; at least one must count.");
            if (source.Count is { } expected && complete && expected != buffer.Count)
                throw new InvalidDataException($"The source of examples promised {expected} rows and gave {buffer.Count}.");
            if (options.DropLastBatch && complete && buffer.Count < options.BatchSize)
                throw new InvalidDataException($"There are {buffer.Count} examples, fewer than one batch of {options.BatchSize}, and "
                    + $"{nameof(options.DropLastBatch)} leaves such a batch out.");
            if (!complete)
                buffer.TakeFingerprint((ulong)total!.Value ^ rest); // now, as a pool's rows change during training
            return complete ? new MemoryFeed(buffer, options) : new StreamingFeed(source, total!.Value, buffer, options, classCount);
        }
        catch
        {
            buffer.Dispose();
            throw;
        }
    }

    /// <summary>The rows of the next step, of those that are left.</summary>
    public static int StepRows(TrainingOptions options, int left)
    {
        var rows = Math.Min(options.StepRows, left);
        return options.DropLastBatch ? rows - rows % options.BatchSize : rows;
    }

    /// <summary>The steps of an epoch of so many rows.</summary>
    public static int Steps(TrainingOptions options, long rows)
    {
        if (options.DropLastBatch)
            rows -= rows % options.BatchSize;
        return (int)Math.Min(int.MaxValue, (rows + options.StepRows - 1) / options.StepRows);
    }

    // Counts the rows that do not fit, since schedules, learning rates and observation must know the length of an epoch before the first
    // one.
    static (long Rows, ulong Hash) CountRest(IExampleReader reader, ExampleBuffer buffer, CancellationToken cancellation)
    {
        var row = new float[buffer.Width];
        var (count, hash) = (0L, 0UL);
        for (; reader.Read(row, out var label); count++)
        {
            if ((count & 1023) == 0)
                cancellation.ThrowIfCancellationRequested();
            hash = buffer.Hash(hash, row, new(label, reader.Target, reader.Weight));
        }
        return (count, hash);
    }
}

/// <summary>All rows in memory, or the first of them: an epoch is a permutation of these.</summary>
/// <param name="examples">The rows.</param>
/// <param name="options">Batches and order.</param>
/// <param name="first">At most so many, and the buffer stays its owner's; null for all, and the buffer is the feed's.</param>
sealed class MemoryFeed(ExampleBuffer examples, TrainingOptions options, int? first = null) : IFeed
{
    readonly int[] order = new int[Math.Min(first ?? examples.Count, examples.Count)];
    int position;

    public ExampleBuffer Examples => examples;

    public long RowCount => order.Length;

    public int StepsPerEpoch => Feed.Steps(options, order.Length);

    public void BeginEpoch(int epoch, CancellationToken cancellation)
    {
        for (var i = 0; i < order.Length; i++)
            order[i] = i;
        if (options.Shuffle)
            new ShuffleRandom(options.Seed, epoch).Shuffle(order);
        position = 0;
    }

    public ReadOnlySpan<int> Upcoming => order.AsSpan(position, Feed.StepRows(options, order.Length - position));

    public ReadOnlySpan<int> Next(CancellationToken cancellation)
    {
        var batch = Upcoming;
        position += batch.Length;
        return batch;
    }

    public void Dispose()
    {
        if (first is null)
            examples.Dispose();
    }
}
