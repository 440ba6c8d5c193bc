using System.Diagnostics;
using System.Runtime.InteropServices;
using MLNet.Pruning.Masks;
using MLNet.Pruning.Neurons;
using MLNet.Pruning.Persistence;
using MLNet.Pruning.Training;

namespace MLNet.Pruning;

/// <summary>Weight masks in one run: they lie over the weights in every step, and are cut anew when it is time.</summary>
sealed class WeightPruningHook(WeightPruning settings) : ITrainingHook, IStateful
{
    const string Kind = "weights", FixedKind = "weights, fixed";

    MaskedWeights? masked;
    MaskPlan? plan;
    MaskCutter? cutter;
    float[] gradients = [];

    MaskedWeights Masked => masked ?? throw new InvalidOperationException("The run has not started.");

    public void Started(TrainingRun run)
    {
        if (masked is not null)
            throw new InvalidOperationException($"This hook has pruned a run already; {nameof(WeightPruning)}.{nameof(WeightPruning.Begin)} gives a new one for each.");
        settings.Validate(run.Options);
        if (run.Masked is not null)
            throw new ArgumentException($"The run has two {nameof(WeightPruning)}s; one model has one set of masks.");
        if (run.Options.Hooks.SelectMany(CombinedHook.Parts).OfType<NeuronPruningHook>().Any(hook => hook.Rewinds))
            throw new ArgumentException($"{nameof(NeuronPruning)}.{nameof(NeuronPruning.Rewind)} cannot be combined with {nameof(WeightPruning)}: weights that go back would have to give up what they learnt while they were off.");
        settings.Fixed?.CheckFits(run.Model);
        plan = settings.Fixed is null ? new MaskPlan(settings, run.Options.Epochs, run.StepsPerEpoch) : null;
        var layers = MaskedLayer.Find(run.Model, settings.Fixed?.Masks.Select(m => m.Name).ToArray() ?? settings.Weights, settings.Except);
        masked = run.Masked = new MaskedWeights(run.Trained, layers, settings.Fixed is null ? settings.Reactivation : Reactivation.Frozen)
        {
            // Clipping must not count what will not move.
            MasksGradientsInStep = run.Options.GradientClipNorm is null,
            Kept = (float)(1 - settings.Fading),
        };
        cutter = new MaskCutter(settings, masked);
        foreach (var warning in settings.Warnings(run.Options.Epochs, run.StepsPerEpoch))
            run.Warn(warning);
        if (settings is { Fixed: null, Weights: null })
            foreach (var (name, _) in UnknownLayers.Of(run.Model))
                run.Warn($"Not masked: the weights of {name}. Masks lie over those of linear layers and convolutions, unless {nameof(WeightPruning)}.{nameof(WeightPruning.Weights)} names others.");
    }

    public void BeforeForward(TrainingRun run)
    {
        Masked.Settle();
        if (run.Step > 0)
            return;
        if (settings.Fixed is { } masks)
        {
            if (masks.Misfit(run.Model) is { } misfit)
                throw new InvalidOperationException($"Neurons have gone before the first step; let them go later, as {misfit}");
            Record(run, FixedKind, () => cutter!.Set(masks));
        }
        else if (plan!.IsDue(0))
            Cut(run);
    }

    public void AfterBackward(TrainingRun run)
    {
        // Before anything changes them: the gradients of what is off as well, and not yet clipped.
        if ((settings.Criterion.NeedsGradient || settings.Rule.NeedsGradient) && plan is not null && plan.IsDue(run.Step + 1))
            gradients = Masked.Gradients();
        if (!Masked.Persistent && !Masked.MasksGradientsInStep)
            run.OverSlices(Masked.MaskGradients);
    }

    public void AfterStep(TrainingRun run)
    {
        if (plan is not null && plan.IsDue(run.Step))
            Cut(run);
    }

    public void Ended(TrainingRun run)
    {
        if (masked is null || !ReferenceEquals(run.Masked, masked))
            return;
        // Whatever ended it: a step may have been under way.
        masked.Restore();
        run.Masked = null;
        masked.Dispose();
    }

    void Cut(TrainingRun run)
    {
        Record(run, Kind, () => cutter!.Cut(plan!.Fraction(run.Step), plan.Progress(run.Step), gradients));
        gradients = [];
    }

    void Record(TrainingRun run, string kind, Func<IReadOnlyList<LayerChange>> change)
    {
        var began = Stopwatch.GetTimestamp();
        var changes = change();
        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        var parameters = run.Trained.Parameters.Where(p => p.requires_grad).Sum(p => p.NumberOfElements);
        run.History.Events.Add(new PruningRecord
        {
            Epoch = run.Epoch + 1,
            Step = run.Step,
            Kind = kind,
            ParametersBefore = parameters - changes.Sum(c => (long)c.Count - c.Before),
            ParametersAfter = parameters - changes.Sum(c => (long)c.Count - c.After),
            Seconds = seconds,
            Weights = changes.Sum(c => (long)c.Count),
            WeightsOn = changes.Sum(c => (long)c.After),
            Reactivated = changes.Sum(c => (long)c.Reactivated),
            Deactivated = changes.Sum(c => (long)c.Before + c.Reactivated - c.After),
            Groups = [.. changes.Select(c => new PrunedGroupRecord(c.Name, c.Before, c.After, []) { Reactivated = c.Reactivated })],
        });
    }

    public string StateName => "weight pruning";

    public void SaveState(TrainingRun run, BinaryWriter writer)
    {
        writer.Write(settings.Described);
        var masks = Masked.Masks().Masks;
        writer.Write(masks.Count);
        for (var l = 0; l < masks.Count; l++)
        {
            writer.Write(masks[l].Name);
            Write(masks[l].ToBytes());
            Write(MemoryMarshal.AsBytes(Masked.Dense(l).AsSpan()));
        }

        void Write(ReadOnlySpan<byte> bytes)
        {
            writer.Write(bytes.Length);
            writer.Write(bytes);
        }
    }

    public void LoadState(TrainingRun run, BinaryReader reader)
    {
        if (reader.ReadString() is var then && then != settings.Described)
            throw new InvalidDataException($"The checkpoint is of a run with other pruning: {then}; this run's is {settings.Described}. Delete the file or set {nameof(CheckpointOptions)}.{nameof(CheckpointOptions.Resume)} to false to start anew.");
        var saved = new (WeightMask, float[])[reader.ReadCount()];
        for (var l = 0; l < saved.Length; l++)
        {
            var name = reader.ReadString();
            var mask = WeightMask.FromBytes(name, reader.ReadBlob());
            var weights = MemoryMarshal.Cast<byte, float>(reader.ReadBlob()).ToArray();
            if (weights.Length != mask.Count)
                throw new InvalidDataException($"The checkpoint has {weights.Length} weights of '{name}' and a mask of {mask.Count}.");
            saved[l] = (mask, weights);
        }
        Masked.Take(saved);
    }
}
