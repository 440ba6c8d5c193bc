using System.Reflection;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning.Training;

/// <summary>
/// Counts the batches that a model's batch norms have seen, while it trains, in their place: TorchSharp's own counting adds a scalar that
/// nothing holds (see <see cref="Scalars"/>). Where a norm averages over all batches, its count decides how, and TorchSharp goes on
/// counting.
/// </summary>
sealed class BatchCounters : IDisposable
{
    // The buffer stays registered under its name; only the norm's forward no longer finds it.
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

    /// <summary>Counts a batch that went forward.</summary>
    public void Add()
    {
        foreach (var (norm, count) in counters)
            if (norm.training)
                count.add_(Scalars.One, Scalars.One);
    }

    /// <summary>Gives the counters back.</summary>
    public void Dispose()
    {
        foreach (var (norm, count) in counters)
            field!.SetValue(norm, count);
        counters.Clear();
    }
}
