using MLNet.Pruning.Training;

namespace MLNet.Pruning.Burden;

/// <summary>Watches the burden in one run: sums step by step, divided by how many weights were active whenever that may change.</summary>
sealed class BurdenHook(BurdenMonitor settings) : ITrainingHook, IStateful, IStepObserver
{
    readonly Dictionary<string, LayerSums> kept = [];
    NeuronRows[] rows = [];
    IBurdenSums? sums;
    FlatModel? model;
    RunOptimizer? optimizer;
    MaskedWeights? masked;
    int[] active = [];
    int version, steps; // since the sums were last taken
    bool used;

    /// <summary>Whether sums are taken with LibTorch's operators on the CPU too, as they are on a device.</summary>
    internal bool ByOperators { get; init; }

    public void Started(TrainingRun run)
    {
        if (used)
            throw new InvalidOperationException($"This hook has watched a run already; {nameof(BurdenMonitor)}.{nameof(BurdenMonitor.Begin)} gives a new one for each.");
        used = true;
        // Names that are not there are told before anything is trained.
        _ = Find(run);
    }

    public void AfterBackward(TrainingRun run)
    {
        if (optimizer is null && run.Options.GradientClipNorm is null)
            run.Share(this); // behind the masks, which put others in the place of the weights of the step
        if (!ReferenceEquals(optimizer, run.Optimizer))
            Begin(run);
        else if (masked is not null && version != masked.Version)
        {
            Take();
            CountActive();
        }
        // The gradients as backward left them: where they are going to be clipped, they cannot wait for the step.
        if (run.Options.GradientClipNorm is not null)
            run.OverPieces(BeforeStep);
    }

    public void BeforeStep(long from, long to) => sums!.Add(from, to);

    public void AfterStep(TrainingRun run)
    {
        steps++;
        if (run.Step % settings.Interval != 0)
            return;
        Take();
        foreach (var (layer, kept) in Layers())
            RecordOf(run, layer).Windows.Add(kept.Window(run.Step, run.Epoch + 1, Density(layer)));
    }

    public void AfterEpoch(TrainingRun run)
    {
        Take();
        foreach (var (layer, kept) in Layers())
            RecordOf(run, layer).Epochs.Add(kept.Cumulative(run.Step, run.Epoch + 1, Density(layer)));
    }

    public void Ended(TrainingRun run)
    {
        run.Unshare(this);
        sums?.Dispose();
    }

    static BurdenRecord RecordOf(TrainingRun run, NeuronRows layer)
    {
        // Looked up each time: a checkpoint puts another history in place.
        var record = run.History.Burden.Find(r => r.Layer == layer.Name);
        if (record is null)
            run.History.Burden.Add(record = new(layer.Name));
        return record;
    }

    IEnumerable<(NeuronRows Layer, LayerSums Kept)> Layers() => rows.Select(layer => (layer, kept[layer.Name]));

    double Density(NeuronRows layer) => (double)active.AsSpan(layer.FirstRow, layer.Count).ToArray().Sum(n => (long)n) / layer.Length;

    IReadOnlyList<MaskedLayer> Find(TrainingRun run)
    {
        if (settings.Weights is not null || run.Find<MaskedWeights>() is not { } masked)
            return MaskedLayer.Find(run.Model, settings.Weights, settings.Except, nameof(BurdenMonitor));
        var usual = MaskedLayer.Find(run.Model, null, settings.Except, nameof(BurdenMonitor));
        var taken = MaskedLayer.Find(run.Model, [.. usual.Concat(masked.Layers).Select(l => l.Name)], settings.Except, nameof(BurdenMonitor));
        return taken;
    }

    /// <summary>Takes up the model, or the shape that it has now.</summary>
    void Begin(TrainingRun run)
    {
        if (sums is not null)
        {
            Take();
            sums.Dispose();
        }
        (model, masked, optimizer) = (run.Flat, run.Find<MaskedWeights>(), run.Optimizer);
        var (found, first) = (new List<NeuronRows>(), 0);
        foreach (var layer in Find(run))
        {
            found.Add(new(layer, model.OffsetOf(layer.Parameter), first, masked?.Layers.Any(l => l.Name == layer.Name) ?? false));
            first += found[^1].Count;
            // Neurons that are numbered anew have no past.
            if (!kept.TryGetValue(layer.Name, out var before) || before.Count != found[^1].Count)
                kept[layer.Name] = new(found[^1].Count);
        }
        rows = [.. found];
        sums = run.Options.IsCpu && !ByOperators ? new SliceSums(model, masked, rows, run.Optimizer.Pieces) : new DeviceSums(model, masked, rows);
        active = new int[first];
        CountActive();
    }

    void CountActive()
    {
        version = masked?.Version ?? 0;
        active.AsSpan().Clear();
        foreach (var layer in rows)
            if (!layer.Masked)
                active.AsSpan(layer.FirstRow, layer.Count).Fill(layer.Width);
            else
                foreach (var piece in layer.Pieces())
                    active[piece.Row] += MaskKernels.CountActive(masked!.On.Slice(piece.From, piece.Length));
    }

    /// <summary>Gives what was summed up to the layers, while it is known how many weights it is the sum over.</summary>
    void Take()
    {
        if (steps == 0)
            return;
        var (gradients, weights) = (new double[active.Length], new double[active.Length]);
        sums!.Take(gradients, weights);
        foreach (var (layer, kept) in Layers())
            for (var row = 0; row < layer.Count; row++)
                if (active[layer.FirstRow + row] is > 0 and var count)
                    kept.Add(row, steps, gradients[layer.FirstRow + row] / count, weights[layer.FirstRow + row] / count);
        steps = 0;
    }

    public string StateName => "burden";

    public void SaveState(TrainingRun run, BinaryWriter writer)
    {
        Take();
        writer.Write(settings.Interval);
        writer.Write(kept.Count);
        foreach (var (name, layer) in kept)
        {
            writer.Write(name);
            layer.Save(writer);
        }
    }

    public void LoadState(TrainingRun run, BinaryReader reader)
    {
        if (reader.ReadInt32() is var interval && interval != settings.Interval)
            throw new InvalidDataException($"The checkpoint is of a run with burden windows of {interval} steps; this run's are of {settings.Interval}. Delete the file or set {nameof(CheckpointOptions)}.{nameof(CheckpointOptions.Resume)} to false to start anew.");
        for (var left = reader.ReadInt32(); left > 0; left--)
            kept[reader.ReadString()] = LayerSums.Load(reader);
    }
}
