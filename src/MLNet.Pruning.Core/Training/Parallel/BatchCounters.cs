using System.Runtime.CompilerServices;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning.Training;

/// <summary>
/// Counts the batches of a model's batch norms in training, since TorchSharp's own counting adds a scalar that may be freed too early (see
/// <see cref="Scalars"/>). For a norm that averages over all batches, where the count matters, TorchSharp continues to count.
/// </summary>
sealed class BatchCounters : IDisposable
{
    readonly List<(BatchNorm Norm, Tensor Count)> counters = [];

    public BatchCounters(nn.Module model)
    {
        foreach (var norm in model.modules().Prepend(model).OfType<BatchNorm>())
        {
            if (norm.momentum is null || norm.num_batches_tracked is not { } count)
                continue;
            counters.Add((norm, count));
            Counter(norm) = null;
        }
    }

    /// <summary>Counts a batch.</summary>
    public void Add()
    {
        foreach (var (norm, count) in counters)
            if (norm.training)
                count.add_(Scalars.One, Scalars.One);
    }

    /// <summary>Restores the norms' own counters.</summary>
    public void Dispose()
    {
        foreach (var (norm, count) in counters)
            Counter(norm) = count;
        counters.Clear();
    }

    // The buffer stays registered under its name; only the norm's forward method no longer finds it.
    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_num_batches_tracked")]
    static extern ref Tensor? Counter(NormBase norm);
}
