using MLNet.Pruning.Models;
using MLNet.Pruning.Neurons;
using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>
/// The neurons of the model that a run trains: which there are, which are gone, and how they go. All hooks of a run that remove some share
/// one.
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
            // The same groups once more, which stay those of the model as it was: what copies are made from.
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

    /// <summary>Throws if another hook has put another model in place.</summary>
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
    /// Removes neurons from the model, its replicas and its optimizer's memory; from now on the run trains the smaller one.
    /// </summary>
    /// <param name="selections">Which go.</param>
    /// <param name="snapshot">
    /// What the weights go back to, together with an optimizer that remembers nothing; null to go on with both.
    /// </param>
    /// <param name="verify">Whether the smaller model must compute what the masked one does.</param>
    public void Remove(IReadOnlyCollection<NeuronSelection> selections, WeightSnapshot? snapshot, bool verify)
    {
        Reshape(() => Map.RemoveParameters(selections, verify ? example : null).Cuts, snapshot);
        foreach (var (group, neurons) in selections)
            ledger.Remove(group.Name, neurons);
    }

    public void Write(BinaryWriter writer) => ledger.Write(writer);

    /// <summary>Makes the model as small as the one that was written.</summary>
    public void Read(BinaryReader reader)
    {
        var before = ledger.Left;
        ledger.Read(reader);
        // Another hook may have read the same already.
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

    // What has gone since the start goes at once.
    nn.Module Copy()
    {
        var copy = run.Task.Copy!();
        try
        {
            var map = whole.For(copy, input => Forward(copy, input));
            map.RemoveParameters(ledger.Gone(map), blank: true); // A replica's parameters become the model's.
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
