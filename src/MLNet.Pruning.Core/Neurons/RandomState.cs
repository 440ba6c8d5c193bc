using static TorchSharp.torch;

namespace MLNet.Pruning.Neurons;

/// <summary>LibTorch's random numbers as they stand, to draw the same ones again and to leave the generator as it was.</summary>
sealed class RandomState : IDisposable
{
    readonly Tensor state = get_rng_state().DetachFromDisposeScope();

    public bool HasMoved
    {
        get
        {
            using var now = get_rng_state();
            return !now.bytes.SequenceEqual(state.bytes);
        }
    }

    public void Rewind() => set_rng_state(state);

    public void Dispose()
    {
        Rewind();
        state.Dispose();
    }
}
