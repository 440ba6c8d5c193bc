using System.Diagnostics;
using System.Globalization;
using System.IO.Enumeration;

namespace MLNet.Pruning;

/// <summary>Neuron pruning in one run: observes the epochs before events, then ranks and removes neurons between epochs.</summary>
sealed class NeuronPruningHook : ITrainingHook, IStateful
{
    const string Kind = "neurons", SoftKind = "neurons, softly", BackKind = "neurons, taken back";

    readonly NeuronPruning given;
    readonly EventMeasure measure;
    NeuronPruning settings; // with the schedule for this run
    IReadOnlyList<int> times = []; // of its events
    PrunedNeurons? pruned;
    IReadOnlyList<NeuronGroup> groups = [];
    Observation? observation;
    IReadOnlyList<double[]>? seen;
    WeightSnapshot? snapshot;
    BudgetGauge? gauge;
    BudgetProgress? budget;
    double part; // of the neurons, found to meet the budget before training
    int decidedFor = -1;
    bool watched;
    int regularizedFor = -1;
    bool regularizes;

    public NeuronPruningHook(NeuronPruning given) => (this.given, settings, measure) = (given, given, new(given.MeasuredRows));

    PrunedNeurons Pruned => pruned ?? throw new InvalidOperationException("The run has not started.");

    public void Started(TrainingRun run)
    {
        if (pruned is not null)
            throw new InvalidOperationException($"This hook has pruned a run already; "
                + $"{nameof(NeuronPruning)}.{nameof(NeuronPruning.Begin)} gives a new one for each.");
        settings.Validate(run.Options);
        if (settings.Rewind is not null && run.Hooks.OfType<WeightPruningHook>().Any())
            throw new ArgumentException($"{nameof(NeuronPruning)}.{nameof(NeuronPruning.Rewind)} cannot be combined with "
                + $"{nameof(WeightPruning)}: "
                + "weights that go back would have to give up what they learnt while they were inactive.");
        if (run.Hooks.OfType<WeightPruningHook>().Any(hook => hook.KeepsAccuracy))
            throw new ArgumentException($"Pruning.Budget of a {nameof(WeightPruning)} has an accuracy, and the run has a "
                + $"{nameof(NeuronPruning)}, whose events would be taken back as well.");
        settings = settings.For(run.Options.Epochs);
        times = PlannedEvents.Times(settings.Schedule!, run.Options.Epochs); // no budget changes them
        pruned = PrunedNeurons.Of(run, settings);
        groups = Chosen(pruned.Map);
        settings.Importance.Check(groups);
        if (given.Budget is not null)
            BeginBudget(run);
        if (budget is not { Ended: true })
            RequireEvent();
        if (!settings.Importance.NeedsData)
            Scores(); // reports errors before training
        DryRunWithoutNeurons.Run(run, pruned.Map, groups, measure.On(run) is not null);
        if (settings.Rewind is null)
            run.Optimizer.RequireStates(); // reports errors before training
        if (settings.Rewind == 0)
            snapshot = new WeightSnapshot(run.Model);
        foreach (var warning in settings.Warnings(run.Options.Epochs))
            run.Warn(warning);
        foreach (var layer in pruned.Map.Skipped.Where(s => s.IsUnknown && settings.Groups is null))
            run.Warn($"Not pruned: {layer}.");
    }

    public void BeforeEpoch(TrainingRun run)
    {
        if (run.Epoch == 0 && IsDue(0))
            Prune(run, 0);
    }

    public void BeforeForward(TrainingRun run)
    {
        if (decidedFor != run.Epoch)
            (decidedFor, watched) = (run.Epoch, settings.Importance.NeedsData && IsDue(run.Epoch + 1));
        if (!watched || observation is not null || run.StepInEpoch < Math.Floor((1 - settings.ObserveFraction) * run.StepsPerEpoch))
            return;
        Pruned.RequireOwnModel();
        observation = new Observation(settings.Importance, Pruned.Map.Of(groups), run.EnsureReplicas().Modules, Pruned.Forward);
    }

    public void AfterBatch(TrainingRun run) => observation?.AfterBackward(run.Batches, run.StepRows);

    public void AfterBackward(TrainingRun run)
    {
        // What prepares for events ends with them: the rest of the run is fine-tuning.
        if (regularizedFor != run.Epoch)
            (regularizedFor, regularizes) = (run.Epoch, !IsSettled(run));
        if (regularizes)
            settings.Importance.Regularize(groups);
    }

    public void AfterEpoch(TrainingRun run)
    {
        // Score before validation, which need not be observed.
        seen = observation?.Scores();
        StopWatching();
    }

    public void BetweenEpochs(TrainingRun run)
    {
        var time = run.Epoch + 1;
        // A run that was told to stop ends with the present model.
        var due = run.StopReason is null && IsDue(time) && (seen is not null || !settings.Importance.NeedsData);
        var over = time == run.Options.Epochs || run.StopReason is not null;
        measure.Recovered(run, time, e => e.Kind is Kind or SoftKind or BackKind, due || over || budget?.IsOpen(time, over) == true);
        if (settings.Rewind == time)
            snapshot ??= new WeightSnapshot(run.Model);
        if (budget is not null)
            due = Judge(run, time, over) && due;
        if (due)
            Prune(run, time);
        if (budget is not null && over)
            Conclude(run, time);
        seen = null;
    }

    public bool IsSettled(TrainingRun run) => budget is { Ended: true } || (budget is not { CanTakeBack: true }
        && !times.Any(time => time > run.Epoch && IsDue(time)));

    public void Ended(TrainingRun run)
    {
        StopWatching();
        snapshot?.Dispose();
        pruned?.Dispose();
    }

    bool IsDue(int time) => budget is not { Ended: true } && times.Contains(time)
        && (IsFinal(time) ? Sizes.Any(s => s.Current > settings.MinimumNeurons) : NeuronSelector.Count(settings, time, Sizes) > 0);

    IReadOnlyList<(int Original, int Current)> Sizes => [.. groups.Select(g => (Pruned.Original(g), g.Size))];

    void Prune(TrainingRun run, int time)
    {
        Pruned.RequireOwnModel();
        var softly = settings.Soft && times[^1] != time;
        var (before, macs, parameters) = (measure.At(run, time), Pruned.Macs(), run.ParameterCount);

        var began = Stopwatch.GetTimestamp();
        var scores = Scores();
        var (bottom, reading) = Bottom(time, scores);
        var records = groups.Select((g, i) => new PrunedGroupRecord(g.Name, g.Size, g.Size - (softly ? 0 : bottom[i].Length), scores[i])
        {
            Removed = bottom[i],
            RemovedOriginal = Pruned.Originally(g, bottom[i]),
        }).ToArray();
        var selections = groups.Select((g, i) => new NeuronSelection(g, bottom[i])).Where(s => s.Neurons.Count > 0).ToArray();
        budget?.Opens(Until(run, time));
        if (softly)
            Pruned.Map.Silence(selections);
        else
            Pruned.Remove(selections, snapshot, settings.Verify);
        run.EnsureReplicas();
        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;

        var after = measure.Now(run);
        run.History.Events.Add(new PruningRecord
        {
            Epoch = time,
            Step = run.Step,
            Kind = softly ? SoftKind : Kind,
            ParametersBefore = parameters,
            ParametersAfter = run.ParameterCount,
            MacsBefore = macs,
            MacsAfter = Pruned.Macs(),
            Seconds = seconds,
            MeasuredOn = measure.On(run),
            LossBefore = before?.Loss,
            LossAfter = after?.Loss,
            AccuracyBefore = before?.Accuracy,
            AccuracyAfter = after?.Accuracy,
            Scheduled = budget is null ? settings.Schedule?.FractionAt(time) : null,
            Groups = records,
            Budget = reading?.Measurements ?? [],
        });
        if (reading is not null)
            Landed(time, reading);
    }

    /// <summary>The scores of the chosen groups, in their order.</summary>
    IReadOnlyList<double[]> Scores()
    {
        using var still = seen is null ? new Observation(settings.Importance, Pruned.Map.Of(groups), [Pruned.Model], Pruned.Forward) : null;
        var (scores, name) = (seen ?? still!.Scores(), settings.Importance.GetType().Name);
        if (scores?.Count != groups.Count)
            throw new InvalidOperationException($"{name} gives scores of {scores?.Count ?? 0} groups; {groups.Count} are to be pruned. "
                + "Nothing was removed.");
        for (var i = 0; i < groups.Count; i++)
        {
            if (scores[i]?.Length != groups[i].Size)
                throw new InvalidOperationException($"{name} gives {scores[i]?.Length ?? 0} scores for '{groups[i].Name}', which has "
                    + $"{groups[i].Size} neurons; nothing was removed.");
            if (Array.FindIndex(scores[i], score => !double.IsFinite(score)) is var neuron and >= 0)
                throw new InvalidOperationException($"{name} scores neuron {neuron} of '{groups[i].Name}' as "
                    + $"{scores[i][neuron].ToString(CultureInfo.InvariantCulture)}; scores must be finite to be ranked. Nothing was "
                    + "removed.");
        }
        return scores;
    }

    void RequireEvent()
    {
        // Nothing is removed before the first event that removes something.
        if (!times.Any(time => NeuronSelector.Count(settings, time, Sizes) > 0))
            throw new ArgumentException(string.Create(CultureInfo.InvariantCulture,
                $"Pruning would remove no neuron: the schedule takes at most {settings.Schedule!.FractionAt(times[^1]):P1}, "
                + $"Pruning.{nameof(NeuronPruning.MinimumNeurons)} is {settings.MinimumNeurons}, and the groups have "
                + $"{string.Join(", ", groups.Select(g => $"{g.Size} ({g.Name})"))} neurons. Set a larger target or a smaller minimum."));
    }

    NeuronGroup[] Chosen(NeuronMap map)
    {
        if (settings.Groups is { } names)
            foreach (var name in names)
                if (!map.Groups.Any(g => Matches(name, g)))
                    throw new ArgumentException($"Pruning.{nameof(NeuronPruning.Groups)} names '{name}', which the model does not have. "
                        + $"{Listed(map)}");
        NeuronGroup[] chosen = [.. map.Groups.Where(g => settings.Groups?.Any(name => Matches(name, g)) ?? true)];
        return chosen.Length > 0 ? chosen : throw new InvalidOperationException($"The model has no neurons that can be pruned. "
            + $"{Listed(map)}");

        static bool Matches(string pattern, NeuronGroup group) => FileSystemName.MatchesSimpleExpression(pattern, group.Name, false);

        static string Listed(NeuronMap map) => $"What was found:{Environment.NewLine}{map}";
    }

    void StopWatching()
    {
        observation?.Dispose();
        observation = null;
    }

    /// <summary>Measures the network and smaller ones, and sets the schedule's target so that the budget is met.</summary>
    void BeginBudget(TrainingRun run)
    {
        var others = run.Hooks.OfType<NeuronPruningHook>().Any(hook => hook != this);
        if (given.Budget!.Floor is not null && others)
            throw new ArgumentException($"Pruning.{nameof(NeuronPruning.Budget)} has an accuracy, and the run has another "
                + $"{nameof(NeuronPruning)}, whose events would be taken back as well.");
        if (!given.Budget.IsMeasured)
        {
            budget = BudgetProgress.Begin(given.Budget, run, null);
            return;
        }
        gauge = new BudgetGauge(given.Budget, run, Pruned.Forward, deflated: false, given.Seconds);
        var now = gauge.Read(run.Model, carefully: true);
        budget = BudgetProgress.Begin(given.Budget, run, now);
        if (now.Load <= 1)
        {
            budget.End(0, $"The budget ({given.Budget}) is met by the network as it is: {now}.");
            run.Warn($"Nothing is pruned: {run.History.Budget!.Ended}");
            return;
        }
        var smallest = Read(BudgetPlan.Last(groups, BudgetSchedule.All, settings.MinimumNeurons), carefully: true);
        if (smallest.Load > 1)
        {
            budget.End(0, $"The budget ({given.Budget}) cannot be met: with no more than {settings.MinimumNeurons} "
                + $"neuron{(settings.MinimumNeurons == 1 ? "" : "s")} in each group, the network still measures {smallest}; as it is, "
                    + $"{now}.");
            run.Warn($"Nothing is pruned: {run.History.Budget!.Ended}");
            return;
        }
        part = BudgetPlan.Part(part => Read(BudgetPlan.Last(groups, part, settings.MinimumNeurons), carefully: false).Load);
        Towards(run);
        if (IsBounded && PlannedEvents.Reached(settings.Schedule!, times, false) is var reached && reached < part - 0.005)
            run.Warn(string.Create(CultureInfo.InvariantCulture, $"The schedule prunes {100 * reached:0.#} % of the neurons in ")
                + string.Create(CultureInfo.InvariantCulture,
                    $"{run.Options.Epochs} epochs; the budget ({given.Budget}) needs about {100 * part:0.#} %."));
    }

    void Towards(TrainingRun run)
    {
        if (given.Budget!.IsMeasured && part > 0)
            settings = given.Towards(run.Options.Epochs, part);
    }

    /// <summary>Whether the settings limit how much each event removes, whatever the budget needs.</summary>
    bool IsBounded => given.Schedule is StepwiseSchedule;

    /// <summary>Whether an event removes all that the budget needs, as the schedule's last event does.</summary>
    bool IsFinal(int time)
    {
        if (gauge is null || IsBounded)
            return false;
        var schedule = settings.Schedule!;
        return given.Schedule is null ? times[^1] == time : schedule.FractionAt(time) >= schedule.FractionAt(int.MaxValue);
    }

    /// <summary>The neurons to remove: by the schedule, but no more than the budget needs.</summary>
    (int[][] Bottom, BudgetReading? Reading) Bottom(int time, IReadOnlyList<double[]> scores)
    {
        if (gauge is null)
            return (NeuronSelector.Bottom(settings, time, Sizes, scores), null);
        var maximum = NeuronSelector.Maximum(settings, time, Sizes, IsFinal(time));
        var careful = new Dictionary<string, BudgetReading>();
        var counts = RemovalSearch.Find(maximum, settings.Scope == PruningScope.PerGroup,
            counts => Read(Selections(counts), carefully: false).Load, counts => Careful(counts).Load);
        return (NeuronSelector.Bottom(settings, counts, scores), Careful(counts));

        BudgetReading Careful(int[] counts)
        {
            var key = string.Join(' ', counts);
            return careful.TryGetValue(key, out var reading) ? reading : careful[key] = Read(Selections(counts), carefully: true);
        }

        NeuronSelection[] Selections(int[] counts) =>
            [.. NeuronSelector.Bottom(settings, counts, scores).Select((neurons, g) => new NeuronSelection(groups[g], neurons))];
    }

    /// <summary>Measures the network without some neurons, and restores it.</summary>
    BudgetReading Read(IReadOnlyCollection<NeuronSelection> without, bool carefully)
    {
        BudgetReading? reading = null;
        Pruned.Map.Without([.. without.Where(s => s.Neurons.Count > 0)], () => reading = gauge!.Read(Pruned.Model, carefully));
        return reading!;
    }

    /// <summary>The epoch by which the accuracy must have recovered from an event: when the next one comes, or would come.</summary>
    int Until(TrainingRun run, int time)
    {
        var next = times.FirstOrDefault(t => t > time);
        var interval = settings.Schedule!.Interval;
        return next > 0 ? next : interval > 0 ? (int)Math.Min(run.Options.Epochs, time + interval) : run.Options.Epochs;
    }

    void Landed(int time, BudgetReading reading)
    {
        budget!.Measured(reading, reading.Load > 1 ? null : $"The budget is met: {reading}." + (reading.Load >= BudgetPlan.NearEnough ? ""
            : " Its measure moves in steps: of the networks that were measured, the next larger one was above."));
        if (given.Budget!.Floor is null)
            budget.Confirm(time);
        if (!budget.Ended && reading.Load > 1 && groups.All(g => g.Size <= settings.MinimumNeurons))
            budget.End(time, $"The budget cannot be met: every group is at its minimum of {settings.MinimumNeurons}, "
                + $"and the network measures {reading}.");
    }

    /// <summary>Undoes the last event if the accuracy has not recovered.</summary>
    /// <returns>Whether the accuracy is kept, so that an event may follow.</returns>
    bool Judge(TrainingRun run, int time, bool over)
    {
        if (!budget!.IsOpen(time, over))
            return budget.IsKept;
        if (!budget.IsKept)
        {
            TakeBack(run, time);
            return false;
        }
        budget.Confirm(time);
        return !budget.Ended;
    }

    void TakeBack(TrainingRun run, int time)
    {
        var taken = run.History.Events.FindLast(e => e.Kind == Kind)!;
        var (missed, before, macs, parameters) = (budget!.Missed, measure.At(run, time), Pruned.Macs(), run.ParameterCount);
        var began = Stopwatch.GetTimestamp();
        var sizes = groups.Select(g => g.Size).ToArray();
        var after = budget.TakeBack(measure);
        taken.TakenBack = true;
        var reading = gauge?.Read(run.Model, carefully: true);
        if (reading is not null)
            budget.Measured(reading, null);
        run.History.Events.Add(new PruningRecord
        {
            Epoch = time,
            Step = run.Step,
            Kind = BackKind,
            ParametersBefore = parameters,
            ParametersAfter = run.ParameterCount,
            MacsBefore = macs,
            MacsAfter = Pruned.Macs(),
            Seconds = Stopwatch.GetElapsedTime(began).TotalSeconds,
            MeasuredOn = measure.On(run),
            LossBefore = before?.Loss,
            LossAfter = after?.Loss,
            AccuracyBefore = before?.Accuracy,
            AccuracyAfter = after?.Accuracy,
            Groups = [.. groups.Select((g, i) => new PrunedGroupRecord(g.Name, sizes[i], g.Size, []))],
            Budget = reading?.Measurements ?? [],
        });
        budget.End(time, $"The event after epoch {taken.Epoch} was taken back: {missed}"
            + (reading is null ? "." : $", and the network measures {reading} without it."));
    }

    /// <summary>Ends pruning with the run.</summary>
    void Conclude(TrainingRun run, int time)
    {
        if (!budget!.Ended)
            budget.End(time, run.History.Events.All(e => e.Kind != Kind)
                ? $"Nothing was removed by the end of the run{(budget.IsKept ? "" : $": {budget.Missed}")}."
                : gauge is null ? "The schedule's events are over, and the accuracy is kept."
                : "The run ended before the budget was met: the schedule has no further event in it.");
        budget.Conclude();
    }

    public string StateName => "neuron pruning";

    /// <summary>The state of observers is not saved: a run continues from before the observation.</summary>
    public bool CanSave(TrainingRun run) => observation is null;

    public void SaveState(TrainingRun run, BinaryWriter writer)
    {
        writer.Write(Described(run));
        if (budget is not null)
        {
            writer.Write(part);
            budget.Write(writer);
        }
        Pruned.Write(writer);
        writer.Write(snapshot is not null);
        snapshot?.Write(writer);
    }

    // A budget's fraction is measured, and differs a little each time, so it is left out.
    string Described(TrainingRun run) => given.For(run.Options.Epochs).Described;

    public void LoadState(TrainingRun run, BinaryReader reader)
    {
        if (reader.ReadString() is var then && then != Described(run))
            throw new InvalidDataException($"The checkpoint is of a run with other pruning: {then}; this run's is {Described(run)}. "
                + $"Delete the file or set {nameof(CheckpointOptions)}.{nameof(CheckpointOptions.Resume)} to false to start anew.");
        if (budget is not null)
        {
            part = reader.ReadDouble();
            if (part is < 0 or > 1)
                throw new InvalidDataException($"The checkpoint's budget is met with {part} of the neurons gone.");
            Towards(run);
            budget.Read(reader);
        }
        Pruned.Read(reader);
        snapshot?.Dispose();
        snapshot = null;
        if (reader.ReadBoolean())
            (snapshot = new WeightSnapshot(run.Model)).Read(reader);
    }
}
