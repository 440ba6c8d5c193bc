using System.Diagnostics;
using MLNet.Pruning.Neurons;

namespace MLNet.Pruning;

/// <summary>Weight masks in one run: applies them in every step, and updates them when it is time.</summary>
sealed class WeightPruningHook(WeightPruning settings) : ITrainingHook, IStateful
{
    const string Kind = "weights", FixedKind = "weights, fixed", InitialKind = "weights, initial", BackKind = "weights, taken back";

    // Without a validation set, as many training rows as neuron pruning measures.
    readonly EventMeasure measure = new(512);

    MaskedWeights? masked;
    MaskPlan? plan;
    MaskUpdate? update;
    WeightBudget? budget;
    float[] gradients = [];
    (double[] ByLayer, double Sparsity)? initial; // what is inactive in the initial masks

    MaskedWeights Masked => masked ?? throw new InvalidOperationException("The run has not started.");

    /// <summary>Whether cuts are taken back where an accuracy is lost.</summary>
    public bool KeepsAccuracy => settings.Budget?.Floor is not null;

    public void Started(TrainingRun run)
    {
        if (masked is not null)
            throw new InvalidOperationException($"This hook has pruned a run already; "
                + $"{nameof(WeightPruning)}.{nameof(WeightPruning.Begin)} gives a new one for each.");
        settings.Validate(run.Options);
        if (run.Find<MaskedWeights>() is not null)
            throw new ArgumentException($"The run has two {nameof(WeightPruning)}s; one model has one set of masks.");
        (settings.Fixed ?? settings.InitialMasks)?.CheckFits(run.Model);
        plan = settings.Fixed is null ? new MaskPlan(settings, run.Options.Epochs, run.StepsPerEpoch) : null;
        var layers = MaskedLayer.Find(run.Model, settings.Fixed?.Masks.Select(m => m.Name).ToArray() ?? settings.Weights, settings.Except);
        masked = new MaskedWeights(run.Flat, layers, settings.Fixed is null ? settings.Reactivation : Reactivation.Frozen)
        {
            // Clipping must not count the gradients of weights that do not change.
            MasksGradientsInStep = run.Options.GradientClipNorm is null,
            Kept = (float)(1 - settings.InactiveDecay),
        };
        if (settings.InitialMasks is { } masks)
        {
            var sparsity = layers.ToDictionary(l => l.Name, l => 1 - (Find(masks, l.Name)?.Density ?? 1));
            var inactive = layers.Sum(l => sparsity[l.Name] * l.Parameter.NumberOfElements);
            initial = ([.. layers.Select(l => sparsity[l.Name])], inactive / layers.Sum(l => l.Parameter.NumberOfElements));
        }
        run.Share(masked);
        update = new MaskUpdate(settings, masked);
        if (settings.Budget is not null)
            budget = new WeightBudget(settings, run, masked, plan!);
        if (plan is not null && settings.Warning(plan) is { } warning)
            run.Warn(warning);
        if (settings is { Fixed: null, Weights: null })
            foreach (var (name, _) in UnknownLayers.Of(run.Model))
                run.Warn($"Not masked: the weights of {name}. Masks lie over those of linear layers and convolutions, unless "
                    + $"{nameof(WeightPruning)}.{nameof(WeightPruning.Weights)} names others.");
    }

    public void BeforeForward(TrainingRun run)
    {
        Masked.ApplyPending();
        Masked.ReadsGradients = CutsByGradients(run.Step + 1);
        if (run.Step > 0)
            return;
        if (settings.Fixed is { } masks)
        {
            if (masks.Misfit(run.Model) is { } misfit)
                throw new InvalidOperationException($"Neurons have gone before the first step; let them go later, as {misfit}");
            Record(run, FixedKind, () => Masked.Set(masks));
            return;
        }
        if (settings.InitialMasks is { } first)
        {
            if (first.Misfit(run.Model) is { } misfit)
                throw new InvalidOperationException($"Neurons have gone before the first step; let them go later, as {misfit}");
            Record(run, InitialKind, () => Masked.Set(new(Masked.Masks().Masks.Select(mask => Find(first, mask.Name) ?? mask))));
        }
        if (IsDue(0))
            Cut(run);
    }

    static WeightMask? Find(WeightMasks masks, string name) => masks.Masks.FirstOrDefault(mask => mask.Name == name);

    bool IsDue(long step) => plan is not null && budget is not { IsIdle: true } && plan.IsDue(step);

    bool CutsByGradients(long step) => (settings.Criterion.NeedsGradient || settings.Rule.NeedsGradient) && IsDue(step);

    public void AfterBackward(TrainingRun run)
    {
        // Before anything changes them: including the gradients of inactive weights, and before clipping.
        if (CutsByGradients(run.Step + 1))
            gradients = Masked.Gradients();
        if (!Masked.Persistent && !Masked.MasksGradientsInStep)
            run.OverPieces(Masked.MaskGradients);
    }

    public void AfterStep(TrainingRun run)
    {
        if (IsDue(run.Step))
            Cut(run);
    }

    public void AfterEpoch(TrainingRun run) => RequireFinite(run);

    /// <summary>
    /// A finite loss may have a gradient that is not finite, and nothing shows it in inactive weights before they become active.
    /// </summary>
    void RequireFinite(TrainingRun run)
    {
        if (!Masked.IsFinite())
            throw new TrainingDivergedException(run.Epoch + 1, run.Step, "weights beneath the masks", run.Loss, run.LearningRate);
    }

    public void BetweenEpochs(TrainingRun run)
    {
        if (budget is null)
            return;
        var (done, over) = (run.Epoch + 1, run.Epoch + 1 == run.Options.Epochs || run.StopReason is not null);
        var before = Masked.Masks().Masks.Select(m => m.ActiveCount).ToArray();
        if (budget.Judge(done, over, measure))
        {
            foreach (var cut in run.History.Events.Where(e => e.Kind == Kind && e.Step > budget.KeptStep))
                cut.TakenBack = true;
            Record(run, BackKind, () => [.. Masked.Masks().Masks.Select((mask, l) =>
                new LayerChange(mask.Name, (int)mask.Count, (int)before[l], (int)mask.ActiveCount,
                    (int)Math.Max(0, mask.ActiveCount - before[l])))]);
        }
        if (over)
            budget.Conclude(done);
    }

    // Masks may still change after that, but not how much is inactive.
    public bool IsSettled(TrainingRun run) => plan is null || (budget?.IsOver(run.Step)
        ?? (run.Step >= plan.LastCut || (plan.Target > 0 && plan.Fraction(run.Step) >= plan.Fraction(plan.LastCut))));

    public void Ended(TrainingRun run)
    {
        // A run that was refused the hook of another run has masks of its own, or none.
        if (masked is null || run.Find<MaskedWeights>() != masked)
            return;
        // The run may have ended within a step.
        masked.Restore();
        if (run.IsComplete)
            run.Share(masked.Masks());
        run.Unshare(masked);
        masked.Dispose();
    }

    void Cut(TrainingRun run)
    {
        var (byLayer, sparsity) = budget?.Advance(run.Step) ?? (null, plan!.Fraction(run.Step));
        if (initial is var (inactive, all))
        {
            sparsity = Math.Max(sparsity, Math.Min(all, plan!.Target));
            byLayer = byLayer?.Zip(inactive, Math.Max).ToArray();
        }
        Record(run, Kind, () => update!.Cut(sparsity, plan!.Progress(run.Step), gradients, byLayer), plan!.Target > 0 ? sparsity : null);
        gradients = [];
    }

    void Record(TrainingRun run, string kind, Func<IReadOnlyList<LayerChange>> change, double? scheduled = null)
    {
        var began = Stopwatch.GetTimestamp();
        var changes = change();
        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        var parameters = run.ParameterCount;
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
            Scheduled = scheduled,
            Reactivated = changes.Sum(c => (long)c.Reactivated),
            Deactivated = changes.Sum(c => (long)c.Before + c.Reactivated - c.After),
            Groups = [.. changes.Select(c => new PrunedGroupRecord(c.Name, c.Before, c.After, []) { Reactivated = c.Reactivated })],
            Budget = budget?.Measure(run.Epoch + 1) ?? [],
        });
    }

    public string StateName => "weight pruning";

    public void SaveState(TrainingRun run, BinaryWriter writer)
    {
        RequireFinite(run);
        writer.Write(settings.Described);
        budget?.Write(writer);
        Masked.Write(writer);
    }

    public void LoadState(TrainingRun run, BinaryReader reader)
    {
        if (reader.ReadString() is var then && then != settings.Described)
            throw new InvalidDataException($"The checkpoint is of a run with other pruning: {then}; this run's is {settings.Described}. "
                + $"Delete the file or set {nameof(CheckpointOptions)}.{nameof(CheckpointOptions.Resume)} to false to start anew.");
        budget?.Read(reader);
        Masked.Read(reader);
    }

    public void StateLoaded(TrainingRun run) => Masked.ApplyPending();
}
