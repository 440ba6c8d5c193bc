using static TorchSharp.torch;

namespace MLNet.Pruning.Training;

/// <summary>LibTorch's own threads set to one, and back when the last that asked for it is disposed of.</summary>
/// <remarks>
/// The count is partly the process's (the BLAS under LibTorch, threads that have not computed yet) and partly the calling thread's. A run that ends while
/// another goes on therefore gives its own thread the count back, and has the process's set to one again from a thread of no other use.
/// </remarks>
sealed class SingleThreaded : IDisposable
{
    static readonly Lock Gate = new();
    static int users;
    static int before;

    [ThreadStatic]
    static int usersHere;

    public SingleThreaded()
    {
        lock (Gate)
        {
            if (users++ == 0)
                before = get_num_threads();
            usersHere++;
            set_num_threads(1);
        }
    }

    public void Dispose()
    {
        lock (Gate)
        {
            users--;
            if (--usersHere > 0)
                return;
            set_num_threads(before);
            if (users == 0)
                return;
            var other = new Thread(() => set_num_threads(1));
            other.Start();
            other.Join();
        }
    }
}
