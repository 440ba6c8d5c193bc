using System.Reflection;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning.Training;

/// <summary>
/// Counts the batches of a model's batch norms in training, since TorchSharp's own counting adds a scalar that may be freed too early (see
/// <see cref="Scalars"/>). For a norm that averages over all batches, where the count matters, TorchSharp continues to count.
/// </summary>
sealed class BatchCounters : IDisposable
{
    // The buffer stays registered under its name; only the norm's forward method no longer finds it.
    static readonly FieldInfo? field = typeof(NormBase).GetField("_num_batches_tracked", BindingFlags.Instance | BindingFlags.NonPublic);

    readonly List<(BatchNorm Norm, Tensor Count)> counters = [];

    public BatchCounters(nn.Module model)
    {
        foreach (var norm in model.modules().Prepend(model).OfType<BatchNorm>())
        {
            if (field is null || norm.momentum is null || norm.num_batches_tracked is not { } count)
                continue;
            counters.Add((norm, count));
            field.SetValue(norm, null);
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
            field!.SetValue(norm, count);
        counters.Clear();
    }
}
