using MLNet.Pruning.Persistence;

namespace MLNet.Pruning;

/// <summary>
/// Measures the burden of pruning on the remaining neurons: for each neuron the mean |gradient| and mean |weight| over its active weights,
/// in windows of steps and cumulated from epoch to epoch. The results are in <see cref="TrainingHistory.Burden"/>. Settings only: one
/// monitor serves any number of runs, with masks or without.
/// </summary>
public sealed record BurdenMonitor
{
    /// <summary>Steps in a window; at least 1. All steps count.</summary>
    public int Interval { get; init; } = 100;

    /// <summary>
    /// The parameters to watch, by name, such as "layers.linear1.weight"; * is a wildcard. Null for the weights of all linear layers and
    /// convolutions, and all parameters under masks.
    /// </summary>
    public IReadOnlyList<string>? Weights { get; init; }

    /// <summary>Exceptions from <see cref="Weights"/>; * is a wildcard.</summary>
    public IReadOnlyList<string>? Except { get; init; }

    /// <summary>Makes a hook for one run; every run needs one of its own. Put it after the hook that prunes.</summary>
    public ITrainingHook Begin()
    {
        TrainingOptions.Require(Interval >= 1, $"{nameof(BurdenMonitor)}.{nameof(Interval)}", Interval, "at least 1");
        return new BurdenHook(this);
    }
}

/// <summary>
/// Watches the burden in one run. It sums over steps, and divides by the number of active weights whenever that may change.
/// </summary>
sealed class BurdenHook(BurdenMonitor settings) : ITrainingHook, IStateful, IStepObserver
{
    readonly Dictionary<string, LayerSums> kept = [];
    BurdenSums? sums;
    RunOptimizer? optimizer;
    MaskedWeights? masked;
    int[] active = []; // per neuron, its active weights
    int version, steps; // the masks' version; steps since the sums were last taken
    bool used;

    /// <summary>Whether to sum with LibTorch's operators on the CPU too, as on a device.</summary>
    internal bool ByOperators { get; init; }

    public void Started(TrainingRun run)
    {
        if (used)
            throw new InvalidOperationException($"This hook has watched a run already; "
                + $"{nameof(BurdenMonitor)}.{nameof(BurdenMonitor.Begin)} gives a new one for each.");
        used = true;
        // Report unknown names before training.
        _ = Find(run);
        // Take the gradients as backward left them: if they are going to be clipped, they cannot wait for the step.
        if (run.Options.GradientClipNorm is null)
            run.Share(this);
    }

    public void AfterBackward(TrainingRun run)
    {
        if (!ReferenceEquals(optimizer, run.Optimizer))
            Begin(run);
        else if (masked is not null && version != masked.Version)
        {
            Take();
            CountActive();
        }
        if (run.Options.GradientClipNorm is not null)
            run.OverPieces(BeforeStep);
    }

    public void BeforeStep(long from, long to) => sums!.Add(from);

    public void AfterStep(TrainingRun run)
    {
        steps++;
        if (run.Step % settings.Interval != 0)
            return;
        Take();
        foreach (var layer in sums!.Layers)
            RecordOf(run, layer).Windows.Add(kept[layer.Name].Window(run.Step, run.Epoch + 1, Density(layer)));
    }

    public void AfterEpoch(TrainingRun run)
    {
        Take();
        foreach (var layer in sums?.Layers ?? [])
            RecordOf(run, layer).Epochs.Add(kept[layer.Name].Cumulative(run.Step, run.Epoch + 1, Density(layer)));
    }

    public void Ended(TrainingRun run)
    {
        run.Unshare(this);
        sums?.Dispose();
    }

    static BurdenRecord RecordOf(TrainingRun run, NeuronRows layer)
    {
        // Looked up each time, as a checkpoint replaces the history.
        if (run.History.Burden.Find(r => r.Layer == layer.Name) is not { } record)
            run.History.Burden.Add(record = new(layer.Name));
        return record;
    }

    double Density(NeuronRows layer) => active.AsSpan(layer.FirstRow, layer.Count).ToArray().Sum(n => (double)n) / layer.Length;

    IReadOnlyList<MaskedLayer> Find(TrainingRun run)
    {
        var names = settings.Weights;
        if (names is null && run.Find<MaskedWeights>() is { } masked)
            names = [.. MaskedLayer.Find(run.Model, null, settings.Except, nameof(BurdenMonitor)).Concat(masked.Layers)
                .Select(l => l.Name)];
        return MaskedLayer.Find(run.Model, names, settings.Except, nameof(BurdenMonitor));
    }

    /// <summary>Starts with the model, or with its new shape.</summary>
    void Begin(TrainingRun run)
    {
        Take();
        sums?.Dispose();
        (masked, optimizer) = (run.Find<MaskedWeights>(), run.Optimizer);
        sums = new BurdenSums(run, Find(run), masked, byOperators: ByOperators || !run.Options.IsCpu);
        // Neurons that are renumbered have no past.
        foreach (var layer in sums.Layers)
            if (!kept.TryGetValue(layer.Name, out var before) || before.Count != layer.Count)
                kept[layer.Name] = new(layer.Count);
        CountActive();
    }

    void CountActive() => (version, active) = (masked?.Version ?? 0, sums!.CountActive());

    /// <summary>Moves the sums to the layers while the number of active weights that they cover is known.</summary>
    void Take()
    {
        if (steps == 0)
            return;
        var totals = sums!.Take();
        foreach (var layer in sums.Layers)
            for (var row = 0; row < layer.Count; row++)
                if (active[layer.FirstRow + row] is > 0 and var count && totals[layer.FirstRow + row] is var (gradients, weights))
                    kept[layer.Name].Add(row, steps, gradients / count, weights / count);
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
            throw new InvalidDataException($"The checkpoint is of a run with burden windows of {interval} steps; this run's are of "
                + $"{settings.Interval}. Delete the file or set {nameof(CheckpointOptions)}.{nameof(CheckpointOptions.Resume)} to false "
                + "to start anew.");
        for (var left = reader.ReadInt32(); left > 0; left--)
            kept[reader.ReadString()] = LayerSums.Load(reader);
    }
}

/// <summary>Sums over steps of a neuron's mean gradient and weight: in the current window, and since the beginning.</summary>
sealed class LayerSums(int count)
{
    readonly (long Steps, double Gradients, double Weights)[] window = new (long, double, double)[count],
        all = new (long, double, double)[count];

    public int Count => count;

    /// <summary>Adds the sums of a neuron's means over <paramref name="steps"/> steps.</summary>
    public void Add(int row, int steps, double gradients, double weights)
    {
        foreach (var sums in (ReadOnlySpan<(long Steps, double Gradients, double Weights)[]>)[window, all])
            sums[row] = (sums[row].Steps + steps, sums[row].Gradients + gradients, sums[row].Weights + weights);
    }

    /// <summary>The means of the window, which ends here.</summary>
    public BurdenPoint Window(long step, int epoch, double density)
    {
        var point = Means(window, step, epoch, density);
        Array.Clear(window);
        return point;
    }

    /// <summary>The means since the beginning.</summary>
    public BurdenPoint Cumulative(long step, int epoch, double density) => Means(all, step, epoch, density);

    // 0 / 0 is NaN, for a neuron that never had an active weight.
    static BurdenPoint Means((long Steps, double Gradients, double Weights)[] sums, long step, int epoch, double density) =>
        new(step, epoch, density, [.. sums.Select(s => (float)(s.Gradients / s.Steps))],
            [.. sums.Select(s => (float)(s.Weights / s.Steps))]);

    public void Save(BinaryWriter writer)
    {
        writer.Write(count);
        foreach (var (steps, gradients, weights) in window.Concat(all))
        {
            writer.Write(steps);
            writer.Write(gradients);
            writer.Write(weights);
        }
    }

    public static LayerSums Load(BinaryReader reader)
    {
        var layer = new LayerSums(reader.ReadCount(sizeof(long)));
        foreach (var sums in new[] { layer.window, layer.all })
            for (var row = 0; row < sums.Length; row++)
                sums[row] = (reader.ReadInt64(), reader.ReadDouble(), reader.ReadDouble());
        return layer;
    }
}
