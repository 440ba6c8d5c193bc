namespace MLNet.Pruning;

static class ParallelFor
{
    /// <summary>
    /// Runs <paramref name="body"/> for 0 .. count - 1, on no more threads than the work is worth. Bodies must not depend on one
    /// another: what they compute is then the same on any number of threads.
    /// </summary>
    public static void Run(int count, long worth, int threads, Action<int> body)
    {
        var useful = (int)Math.Min(Math.Min(threads, count), worth);
        if (useful <= 1)
        {
            for (var i = 0; i < count; i++)
                body(i);
            return;
        }
        Parallel.For(0, count, new ParallelOptions { MaxDegreeOfParallelism = useful }, body);
    }
}
