namespace MLNet.Pruning.Training;

/// <summary>Streams more rows than fit in memory through a pool, from which each batch is drawn at random.</summary>
/// <remarks>
/// A slot that was drawn is refilled with the next row of the source when the following batch is requested; by then the row has been
/// copied. Without shuffling the pool is a queue.
/// </remarks>
sealed class StreamingFeed(IExampleSource source, long count, ExampleBuffer pool, TrainingOptions options, int? classCount) : IFeed
{
    readonly int[] live = new int[pool.Count]; // the first `filled` slots have a row; those of the last batch are at their end
    ShuffleRandom random = new(0, 0);
    IExampleReader? reader;
    long row;
    int filled, handedOut, head;

    public ExampleBuffer Examples => pool;

    public long RowCount => count;

    public int StepsPerEpoch => Feed.Steps(options, count);

    public void BeginEpoch(int epoch, CancellationToken cancellation)
    {
        reader?.Dispose();
        reader = source.Open();
        random = new ShuffleRandom(options.Seed, epoch);
        (row, filled, handedOut, head) = (0, 0, 0, 0);
        FillPool(cancellation);
    }

    public ReadOnlySpan<int> Next(CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        return options.Shuffle ? NextDrawn() : NextInOrder(cancellation);
    }

    ReadOnlySpan<int> NextDrawn()
    {
        // Refill the slots of the last batch; drop those for which no row is left.
        for (var i = filled - handedOut; i < filled;)
        {
            if (Fill(live[i]))
                i++;
            else
                live[i] = live[--filled];
        }
        handedOut = Feed.StepRows(options, filled);
        for (var i = 0; i < handedOut; i++)
        {
            var last = filled - 1 - i;
            var drawn = random.Below(last + 1);
            (live[last], live[drawn]) = (live[drawn], live[last]);
        }
        return live.AsSpan(filled - handedOut, handedOut);
    }

    ReadOnlySpan<int> NextInOrder(CancellationToken cancellation)
    {
        // Move the window down row by row in the buffer's own order, so that a batch is one run of slots.
        if (head == filled)
        {
            filled = 0;
            if (row > 0 && reader is not null && head > 0)
                FillPool(cancellation);
            head = 0;
        }
        var rows = Feed.StepRows(options, filled - head);
        head += rows;
        return live.AsSpan(head - rows, rows);
    }

    // The pool may be half of the machine's memory: reading that much takes a while.
    void FillPool(CancellationToken cancellation)
    {
        for (var slot = 0; slot < live.Length && Fill(slot); slot++)
        {
            if ((slot & 1023) == 0)
                cancellation.ThrowIfCancellationRequested();
            live[filled++] = slot;
        }
    }

    bool Fill(int slot)
    {
        if (reader is null)
            return false;
        if (pool.Read(reader, slot, classCount, row))
        {
            row++;
            return true;
        }
        reader.Dispose();
        reader = null;
        return count == row ? false : throw new InvalidDataException(
            $"The source of examples promised {count} rows and gave {row}.");
    }

    public void Dispose()
    {
        reader?.Dispose();
        pool.Dispose();
    }
}
