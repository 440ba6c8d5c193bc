using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>
/// Makes LibTorch compute on the calling thread alone, until disposed of on the same thread; then the earlier number of threads applies.
/// Other threads are not affected.
/// </summary>
/// <remarks>
/// LibTorch 2.10 has two counts per thread, OpenMP's and MKL's. <c>set_num_threads</c> sets both, but also the initial counts of new
/// threads of the process, and it empties a cache of convolutions; so the two are set directly. Windows' LibTorch does not export MKL's;
/// there <c>set_num_threads</c> has to do.
/// </remarks>
sealed unsafe class SingleThreaded : IDisposable
{
    static readonly nint library = OperatingSystem.IsWindows() ? 0 : Library();
    static readonly delegate* unmanaged<int, void> setOpenMP = (delegate* unmanaged<int, void>)Export("omp_set_num_threads");
    static readonly delegate* unmanaged<int, int> setMkl = (delegate* unmanaged<int, int>)Export("MKL_Set_Num_Threads_Local");

    // Reading the count makes LibTorch initialise it on a thread that has not computed yet; otherwise it would do so later.
    readonly int before = get_num_threads();
    readonly int mklBefore;

    public SingleThreaded()
    {
        if (before > 1)
            mklBefore = Set(1, 1);
    }

    /// <summary>For a thread that has no other use.</summary>
    public static void UntilThreadEnds()
    {
        if (get_num_threads() > 1)
            Set(1, 1);
    }

    public void Dispose()
    {
        if (before > 1)
            Set(before, mklBefore);
    }

    static int Set(int count, int mkl)
    {
        if (setOpenMP == null)
        {
            set_num_threads(count);
            return 0;
        }
        setOpenMP(count);
        return setMkl == null ? 0 : setMkl(mkl); // the earlier value; 0 if the thread has none of its own
    }

    static nint Library() => NativeLibrary.TryLoad("libtorch_cpu", typeof(torch).Assembly, null, out var found) ? found : 0;

    // A search in LibTorch's library continues in the libraries that it was linked with, such as OpenMP's.
    static nint Export(string name) => library != 0 && NativeLibrary.TryGetExport(library, name, out var found) ? found : 0;
}
