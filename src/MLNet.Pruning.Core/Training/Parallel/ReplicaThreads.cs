using System.Diagnostics;
using System.Runtime.ExceptionServices;

namespace MLNet.Pruning.Training;

/// <summary>A few threads that run the same action at the same time; number 0 is the caller.</summary>
/// <remarks>
/// A step takes some hundred microseconds, and waking a sleeping thread takes a good part of that, so a waiting thread spins first and
/// blocks only after a while. It does not yield while it spins: to the scheduler, two threads that yield to each other look like one, and
/// both stay on one core when another process is busy.
/// </remarks>
sealed class ReplicaThreads : IDisposable
{
    static readonly long SpinTicks = Stopwatch.Frequency / 16_000;

    readonly Thread[] threads;
    readonly Exception?[] failures;
    readonly object gate = new();
    Action<int>? body, after;
    Action? onFailure;
    int active;
    int sleepers;
    volatile int generation;
    volatile int running, busy;
    bool closed;

    public ReplicaThreads(int count, Action<int> onStart)
    {
        failures = new Exception?[count];
        threads = new Thread[count - 1];
        for (var i = 0; i < threads.Length; i++)
        {
            var number = i + 1;
            threads[i] = new Thread(() => Work(number, onStart), 16 << 20) { IsBackground = true, Name = $"replica {number}" };
            threads[i].Start();
        }
    }

    public int Count => failures.Length;

    /// <summary>
    /// Calls <paramref name="action"/> with 0 to <paramref name="count"/> - 1, each on its own thread, and returns when all are done.
    /// </summary>
    /// <param name="count">The number of threads, including the caller.</param>
    /// <param name="action">The action of each thread. Its exceptions are thrown here.</param>
    /// <param name="leisure">Background work for the workers after <paramref name="action"/>; it must not throw.</param>
    /// <param name="failed">Called on each thread whose action throws, at once: other threads may be waiting for it.</param>
    public void Run(int count, Action<int> action, Action<int>? leisure = null, Action? failed = null)
    {
        if (count <= 1)
        {
            action(0);
            return;
        }
        Rest(); // background work still reads what is written here
        (body, after, active, onFailure) = (action, leisure, count, failed);
        running = busy = threads.Length;
        Release();
        Try(0);
        Await(static (self, _) => self.running == 0, 0);
        body = null;
        foreach (ref var failure in failures.AsSpan())
        {
            if (failure is null)
                continue;
            var first = failure;
            Array.Clear(failures);
            ExceptionDispatchInfo.Throw(first);
        }
    }

    /// <summary>Waits for the background work.</summary>
    public void Rest()
    {
        if (busy > 0)
            Await(static (self, _) => self.busy == 0, 0);
    }

    void Work(int number, Action<int> onStart)
    {
        var seen = 0;
        var started = false;
        while (true)
        {
            Await(static (self, last) => self.generation != last, seen);
            seen = generation;
            if (closed)
                return;
            if (number < active)
            {
                Try(number, started ? null : onStart);
                started = true;
            }
            var then = number < active ? after : null;
            if (Interlocked.Decrement(ref running) == 0)
                Wake();
            then?.Invoke(number);
            if (Interlocked.Decrement(ref busy) == 0)
                Wake();
        }
    }

    void Try(int number, Action<int>? first = null)
    {
        try
        {
            first?.Invoke(number);
            body!(number);
        }
#pragma warning disable CA1031 // Whatever happens on a replica's thread is thrown on the caller's.
        catch (Exception e)
#pragma warning restore CA1031
        {
            failures[number] = e;
            onFailure?.Invoke();
        }
    }

    void Release()
    {
        generation++;
        Wake();
    }

    void Wake()
    {
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref sleepers) == 0)
            return;
        lock (gate)
            Monitor.PulseAll(gate);
    }

    void Await(Func<ReplicaThreads, int, bool> met, int argument)
    {
        for (var start = Stopwatch.GetTimestamp(); Stopwatch.GetTimestamp() - start < SpinTicks;)
        {
            if (met(this, argument))
                return;
            Thread.SpinWait(8);
        }
        lock (gate)
        {
            Interlocked.Increment(ref sleepers);
            while (!met(this, argument))
                Monitor.Wait(gate);
            Interlocked.Decrement(ref sleepers);
        }
    }

    public void Dispose()
    {
        closed = true;
        Release();
        foreach (var thread in threads)
            thread.Join();
    }
}

/// <summary>Lets replicas pass one after the other, in the order of their numbers.</summary>
/// <remarks>
/// LibTorch draws dropout masks and noise from one generator for all threads. Replicas whose forward pass uses it take turns, so that the
/// same seed gives the same numbers to the same replica. Their backward passes still run in parallel.
/// </remarks>
sealed class ForwardOrder
{
    volatile int turn;
    volatile bool broken;

    public void Reset() => (turn, broken) = (0, false);

    /// <summary>Lets all replicas pass: after a failure, none should wait for the failed one.</summary>
    public void Break() => broken = true;

    public void Enter(int number)
    {
        var spinner = new SpinWait();
        while (turn != number && !broken)
            spinner.SpinOnce(-1);
    }

    public void Leave(int number) => turn = number + 1;
}
