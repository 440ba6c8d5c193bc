using System.Diagnostics;
using System.Globalization;
using System.IO.Enumeration;
using MLNet.Pruning.Neurons;
using MLNet.Pruning.Training;

namespace MLNet.Pruning;

/// <summary>Neuron pruning in one run: watches the epochs before events, and between epochs ranks and removes.</summary>
sealed class NeuronPruningHook(NeuronPruning settings) : ITrainingHook, IStateful
{
    const string Kind = "neurons", SoftKind = "neurons, softly";

    readonly EventMeasure measure = new(settings.MeasuredRows);
    PrunedNeurons? pruned;
    IReadOnlyList<NeuronGroup> groups = [];
    Observation? observation;
    IReadOnlyList<double[]>? seen;
    Rewinding? rewinding;
    int decidedFor = -1;
    bool watched;

    /// <summary>Whether weights go back to what they were.</summary>
    public bool Rewinds => settings.Rewind is not null;

    PrunedNeurons Pruned => pruned ?? throw new InvalidOperationException("The run has not started.");

    public void Started(TrainingRun run)
    {
        if (pruned is not null)
            throw new InvalidOperationException($"This hook has pruned a run already; {nameof(NeuronPruning)}.{nameof(NeuronPruning.Begin)} gives a new one for each.");
        settings.Validate(run.Options);
        settings = settings.For(run.Options.Epochs);
        pruned = PrunedNeurons.Of(run, settings);
        groups = Chosen(pruned.Map);
        settings.Importance.Check(groups);
        RequireEvent(run);
        if (!settings.Importance.NeedsData)
            Scores(); // What is wrong with them is found before training.
        SmallerTrial.Run(run, pruned.Map, groups, measure.On(run) is not null);
        if (settings.Rewind is null)
            run.Optimizer.RequireStates(); // It is found out now.
        if (settings.Rewind == 0)
            rewinding = new Rewinding(run.Model);
        foreach (var warning in settings.Warnings(run.Options.Epochs))
            run.Warn(warning);
        foreach (var layer in pruned.Map.Skipped.Where(s => s.IsUnknown && settings.Groups is null))
            run.Warn($"Not pruned: {layer}.");
    }

    public void BeforeEpoch(TrainingRun run)
    {
        if (run.Epoch == 0 && IsDue(run, 0))
            Prune(run, 0);
    }

    public void BeforeForward(TrainingRun run)
    {
        if (decidedFor != run.Epoch)
            (decidedFor, watched) = (run.Epoch, settings.Importance.NeedsData && IsDue(run, run.Epoch + 1));
        if (!watched || observation is not null || run.StepInEpoch < Math.Floor((1 - settings.Observe) * run.StepsPerEpoch))
            return;
        Pruned.RequireOwnModel();
        observation = new Observation(settings.Importance, Pruned.Map.Of(groups), run.EnsureReplicas().Modules, Pruned.Forward);
    }

    public void AfterBackward(TrainingRun run)
    {
        observation?.AfterBackward(run.Batches);
        settings.Importance.Regularize(groups);
    }

    public void AfterEpoch(TrainingRun run)
    {
        // Before validation, which need not be watched.
        seen = observation?.Scores();
        StopWatching();
    }

    public void BetweenEpochs(TrainingRun run)
    {
        var time = run.Epoch + 1;
        // A run that was told to stop ends with the model that it has.
        var due = run.StopReason is null && IsDue(run, time) && (seen is not null || !settings.Importance.NeedsData);
        measure.Recovered(run, time, e => e.Kind is Kind or SoftKind, due || time == run.Options.Epochs || run.StopReason is not null);
        if (settings.Rewind == time)
            rewinding ??= new Rewinding(run.Model);
        if (due)
            Prune(run, time);
        seen = null;
    }

    public void Ended(TrainingRun run)
    {
        StopWatching();
        rewinding?.Dispose();
        pruned?.Dispose();
    }

    bool IsDue(TrainingRun run, int time) => PlannedEvents.Times(settings.Schedule!, run.Options.Epochs).Contains(time) && NeuronChoice.Count(settings, time, Sizes) > 0;

    IReadOnlyList<(int Original, int Current)> Sizes => [.. groups.Select(g => (Pruned.Original(g), g.Size))];

    void Prune(TrainingRun run, int time)
    {
        Pruned.RequireOwnModel();
        var softly = settings.Soft && PlannedEvents.Times(settings.Schedule!, run.Options.Epochs)[^1] != time;
        var (before, macs, parameters) = (measure.At(run, time), Pruned.Macs(), Parameters(run));

        var began = Stopwatch.GetTimestamp();
        var scores = Scores();
        var bottom = NeuronChoice.Bottom(settings, time, Sizes, scores);
        var records = groups.Select((g, i) => new PrunedGroupRecord(g.Name, g.Size, g.Size - (softly ? 0 : bottom[i].Length), scores[i])
        {
            Removed = bottom[i],
            RemovedOriginal = Pruned.Originally(g, bottom[i]),
        }).ToArray();
        var selections = groups.Select((g, i) => new NeuronSelection(g, bottom[i])).Where(s => s.Neurons.Count > 0).ToArray();
        if (softly)
            Pruned.Map.Silence(selections);
        else
            Pruned.Remove(selections, rewinding, settings.Verify);
        run.EnsureReplicas();
        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;

        var after = measure.Now(run);
        run.History.Events.Add(new PruningRecord
        {
            Epoch = time,
            Step = run.Step,
            Kind = softly ? SoftKind : Kind,
            ParametersBefore = parameters,
            ParametersAfter = Parameters(run),
            MacsBefore = macs,
            MacsAfter = Pruned.Macs(),
            Seconds = seconds,
            MeasuredOn = measure.On(run),
            LossBefore = before?.Loss,
            LossAfter = after?.Loss,
            AccuracyBefore = before?.Accuracy,
            AccuracyAfter = after?.Accuracy,
            Groups = records,
        });
    }

    /// <summary>Of the chosen groups, in their order.</summary>
    IReadOnlyList<double[]> Scores()
    {
        using var still = seen is null ? new Observation(settings.Importance, Pruned.Map.Of(groups), [Pruned.Model], Pruned.Forward) : null;
        var (scores, name) = (seen ?? still!.Scores(), settings.Importance.GetType().Name);
        if (scores?.Count != groups.Count)
            throw new InvalidOperationException($"{name} gives scores of {scores?.Count ?? 0} groups; {groups.Count} are to be pruned. Nothing was removed.");
        for (var i = 0; i < groups.Count; i++)
        {
            if (scores[i]?.Length != groups[i].Size)
                throw new InvalidOperationException($"{name} gives {scores[i]?.Length ?? 0} scores for '{groups[i].Name}', which has {groups[i].Size} neurons; nothing was removed.");
            if (Array.FindIndex(scores[i], score => !double.IsFinite(score)) is var neuron and >= 0)
                throw new InvalidOperationException($"{name} scores neuron {neuron} of '{groups[i].Name}' as {scores[i][neuron].ToString(CultureInfo.InvariantCulture)}; scores must be finite to be ranked. Nothing was removed.");
        }
        return scores;
    }

    void RequireEvent(TrainingRun run)
    {
        var times = PlannedEvents.Times(settings.Schedule!, run.Options.Epochs);
        // Nothing has gone before the first event that takes something.
        if (!times.Any(time => NeuronChoice.Count(settings, time, Sizes) > 0))
            throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"Pruning would remove no neuron: the schedule takes at most {settings.Schedule!.Fraction(times[^1]):P1}, Pruning.{nameof(NeuronPruning.MinimumNeurons)} is {settings.MinimumNeurons}, and the groups have {string.Join(", ", groups.Select(g => $"{g.Size} ({g.Name})"))} neurons. Set a larger target or a smaller minimum."));
    }

    NeuronGroup[] Chosen(NeuronMap map)
    {
        if (settings.Groups is { } names)
            foreach (var name in names)
                if (!map.Groups.Any(g => Matches(name, g)))
                    throw new ArgumentException($"Pruning.{nameof(NeuronPruning.Groups)} names '{name}', which the model does not have. {Listed(map)}");
        NeuronGroup[] chosen = [.. map.Groups.Where(g => settings.Groups?.Any(name => Matches(name, g)) ?? true)];
        return chosen.Length > 0 ? chosen : throw new InvalidOperationException($"The model has no neurons that can be pruned. {Listed(map)}");

        static bool Matches(string pattern, NeuronGroup group) => FileSystemName.MatchesSimpleExpression(pattern, group.Name, false);

        static string Listed(NeuronMap map) => $"What was found:{Environment.NewLine}{map}";
    }

    void StopWatching()
    {
        observation?.Dispose();
        observation = null;
    }

    static long Parameters(TrainingRun run) => run.Trained.Parameters.Where(p => p.requires_grad).Sum(p => p.NumberOfElements);

    public string StateName => "neuron pruning";

    /// <summary>What observers have seen of an epoch is not saved: a run goes on from before they began.</summary>
    public bool CanSave(TrainingRun run) => observation is null;

    public void SaveState(TrainingRun run, BinaryWriter writer)
    {
        writer.Write(settings.Described);
        Pruned.Write(writer);
        writer.Write(rewinding is not null);
        rewinding?.Write(writer);
    }

    public void LoadState(TrainingRun run, BinaryReader reader)
    {
        if (reader.ReadString() is var then && then != settings.Described)
            throw new InvalidDataException($"The checkpoint is of a run with other pruning: {then}; this run's is {settings.Described}. Delete the file or set {nameof(CheckpointOptions)}.{nameof(CheckpointOptions.Resume)} to false to start anew.");
        Pruned.Read(reader);
        rewinding?.Dispose();
        rewinding = null;
        if (reader.ReadBoolean())
            (rewinding = new Rewinding(run.Model)).Read(reader);
    }
}
