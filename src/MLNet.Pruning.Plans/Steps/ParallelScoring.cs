namespace MLNet.Pruning.Plans.Steps;

unsafe delegate void RowScorer(float* rows, int count, float* scores);

/// <summary>
/// Scores a batch on several threads of the pool. It allocates nothing once as many batches have run in parallel before.
/// </summary>
sealed unsafe class ParallelScoring(RowScorer score, int inputWidth, int outputWidth)
{
    readonly Batch?[] idle = new Batch?[4];

    /// <param name="rows">[count x inputs]</param>
    /// <param name="scores">[count x outputs]; written.</param>
    /// <param name="threads">The maximum number of threads, including this one.</param>
    public void Run(float* rows, int count, int blockRows, float* scores, int threads)
    {
        var batch = Take();
        batch.Open(rows, count, blockRows, scores, threads);
        for (int i = 1; i < threads; i++)
            ThreadPool.UnsafeQueueUserWorkItem(batch, preferLocal: false);
        var failure = batch.Finish();
        Give(batch);
        if (failure is not null)
            throw new InvalidOperationException($"Scoring failed on one of {threads} threads: {failure.Message}", failure);
    }

    Batch Take()
    {
        for (int i = 0; i < idle.Length; i++)
        {
            if (Interlocked.Exchange(ref idle[i], null) is { } batch)
                return batch;
        }
        return new Batch(score, inputWidth, outputWidth);
    }

    void Give(Batch batch)
    {
        for (int i = 0; i < idle.Length; i++)
        {
            if (Interlocked.CompareExchange(ref idle[i], batch, null) is null)
                return;
        }
    }

    /// <summary>
    /// A batch in progress. A pool thread leaves at once if the batch is over or has enough threads; a thread that was queued for an
    /// earlier batch helps with this one.
    /// </summary>
    sealed class Batch(RowScorer score, int inputWidth, int outputWidth) : IThreadPoolWorkItem
    {
        const int Closed = int.MinValue / 2;

        float* rows, scores;
        int count, blockRows, threads, next;

        // The number of working threads; far below 0 while there is no batch.
        int working = Closed;
        Exception? failure;

        public void Open(float* rows, int count, int blockRows, float* scores, int threads)
        {
            this.rows = rows;
            this.scores = scores;
            (this.count, this.blockRows, this.threads) = (count, blockRows, threads);
            (next, failure) = (0, null);
            Volatile.Write(ref working, 1);
        }

        public void Execute()
        {
            int now = Volatile.Read(ref working);
            while (now >= 0 && now < threads)
            {
                int before = Interlocked.CompareExchange(ref working, now + 1, now);
                if (before == now)
                {
                    Work();
                    Interlocked.Decrement(ref working);
                    return;
                }
                now = before;
            }
        }

        /// <summary>Works on the batch, waits for the other threads, and closes the batch.</summary>
        public Exception? Finish()
        {
            Work();
            var spin = new SpinWait();
            while (Interlocked.CompareExchange(ref working, Closed, 1) != 1)
                spin.SpinOnce();
            return failure;
        }

        void Work()
        {
            try
            {
                // Several blocks at a time: fewer accesses to the counter, and the end is still shared.
                int part = Math.Max(1, count / (4 * threads * blockRows)) * blockRows;
                while (true)
                {
                    int start = Interlocked.Add(ref next, part) - part;
                    if (start >= count || start < 0)
                        return;
                    score(rows + ((long)start * inputWidth), Math.Min(part, count - start), scores + ((long)start * outputWidth));
                }
            }
            catch (Exception e)
            {
                failure = e;
            }
        }
    }
}
