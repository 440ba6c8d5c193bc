using MLNet.Pruning.Models;
using MLNet.Pruning.Neurons;
using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>
/// The neurons of a run's model: which are left, which are gone, and how to remove more. All hooks of a run that remove neurons share one
/// instance.
/// </summary>
sealed class PrunedNeurons : ISnapshotPart, IDisposable
{
    readonly TrainingRun run;
    readonly nn.Module model;
    readonly Tensor example;
    readonly NeuronMap whole;
    readonly NeuronLedger ledger;

    PrunedNeurons(TrainingRun run, Func<nn.Module, Tensor, IReadOnlyList<Tensor>> forward)
    {
        (this.run, model, Forward) = (run, run.Model, forward);
        example = run.Example().DetachFromDisposeScope();
        try
        {
            Map = NeuronMap.Discover(model, example, input => Forward(model, input));
            // The same groups once more, unchanged by removals: copies of the original model need them.
            whole = Map.For(model, input => Forward(model, input));
            ledger = new NeuronLedger(Map);
        }
        catch
        {
            example.Dispose();
            throw;
        }
    }

    public static PrunedNeurons Of(TrainingRun run, NeuronPruning settings)
    {
        var forward = settings.Forward ?? ModelOutputs.Of;
        if (run.Find<PrunedNeurons>() is not { } pruned)
            run.Share(pruned = new PrunedNeurons(run, forward));
        return pruned.Forward == forward ? pruned : throw new ArgumentException($"Two neuron prunings of one run have different "
            + $"Pruning.{nameof(NeuronPruning.Forward)}; both must find the same neurons.");
    }

    public Func<nn.Module, Tensor, IReadOnlyList<Tensor>> Forward { get; }

    public nn.Module Model => model;

    public NeuronMap Map { get; }

    /// <summary>Throws if another hook has replaced the model.</summary>
    public void RequireOwnModel()
    {
        if (!ReferenceEquals(run.Model, model))
            throw new InvalidOperationException("Another hook has replaced the model; neuron pruning prunes the one that the run began "
                + "with.");
    }

    public int Original(NeuronGroup group) => ledger.Original(group);

    public int[] Originally(NeuronGroup group, IEnumerable<int> neurons) => ledger.Originally(group, neurons);

    public long Macs() => MultiplyAccumulates.Of(model, example, input => Forward(model, input));

    /// <summary>
    /// Removes neurons from the model, its replicas and the optimizer state. From now on the run trains the smaller model.
    /// </summary>
    /// <param name="selections">The neurons to remove.</param>
    /// <param name="snapshot">The weights to reset to, together with a new optimizer state; null to keep both.</param>
    /// <param name="verify">Whether to check that the smaller model computes what the masked one does.</param>
    public void Remove(IReadOnlyCollection<NeuronSelection> selections, WeightSnapshot? snapshot, bool verify)
    {
        Reshape(() => Map.RemoveParameters(selections, verify ? example : null).Cuts, snapshot);
        foreach (var (group, neurons) in selections)
            ledger.Remove(group.Name, neurons);
    }

    public void Write(BinaryWriter writer) => ledger.Write(writer);

    /// <summary>Removes the neurons that are gone in a saved state.</summary>
    public void Read(BinaryReader reader)
    {
        var before = ledger.Left;
        ledger.Read(reader);
        // Another hook may have done so already.
        if (ledger.GoneSince(before, Map) is { Count: > 0 } gone)
            Reshape(() => Map.RemoveParameters(gone).Cuts, null);
    }

    public string EntryName => "neurons";

    public object Shape => Map.Shapes();

    public void Resume(BinaryReader reader) => Read(reader);

    /// <summary>Gives the model a shape that it had; its tensors, and the state that optimizer and masks keep of them, are zeros.</summary>
    public void Restore(object? shape, BinaryReader reader)
    {
        RequireOwnModel();
        run.Reshape(() =>
        {
            Map.Restore((NeuronShapes)shape!);
            return (parameter, kept) => zeros(parameter.shape, dtype: kept.dtype, device: kept.device);
        }, run.Task.Copy is null ? null : Copy);
        ledger.Read(reader);
    }

    void Reshape(Func<IReadOnlyList<TensorCut>> remove, WeightSnapshot? snapshot)
    {
        run.Reshape(() =>
        {
            var cuts = remove();
            if (snapshot is not null)
            {
                snapshot.Cut(model, cuts);
                snapshot.Restore(model);
                return null;
            }
            var byTensor = cuts.DistinctBy(c => c.Tensor, ReferenceEqualityComparer.Instance)
                .ToDictionary(c => (object)c.Tensor, ReferenceEqualityComparer.Instance);
            return (parameter, kept) => byTensor.TryGetValue(parameter, out var cut) ? cut.Of(kept) : kept;
        }, run.Task.Copy is null ? null : Copy);
    }

    // Removes all neurons that are gone since the start at once.
    nn.Module Copy()
    {
        var copy = run.Task.Copy!();
        try
        {
            var map = whole.For(copy, input => Forward(copy, input));
            map.RemoveParameters(ledger.Gone(map), blank: true); // a replica's parameters are replaced by the model's
            return copy;
        }
        catch
        {
            copy.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        run.Unshare(this);
        example.Dispose();
    }
}
