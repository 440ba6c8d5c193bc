using static TorchSharp.torch;

namespace MLNet.Pruning.Training;

/// <summary>LibTorch's own threads set to one, and back when disposed of.</summary>
sealed class SingleThreaded : IDisposable
{
    readonly int before = get_num_threads();

    public SingleThreaded() => set_num_threads(1);

    public void Dispose() => set_num_threads(before);
}
