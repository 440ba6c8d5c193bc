using System.Text.Json;
using MLNet.Pruning.Persistence;
using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>The trainings of a study for one seed, with merging or without. Those under fixed masks follow the dynamic one.</summary>
sealed class BurdenTrial(BurdenStudy study, int seed, bool merged)
{
    WeightMasks? found;
    IReadOnlyList<LayerCost> foundCosts = [], randomCosts = [];

    public BurdenRun Run(BurdenRunKind kind, Action<TrainingProgress> progress, CancellationToken cancellation)
    {
        var run = Finished(kind) ?? Train(kind, progress, cancellation);
        if (kind == BurdenRunKind.Dynamic)
            (found, foundCosts) = (run.Masks, run.Costs);
        return run;
    }

    BurdenRun Train(BurdenRunKind kind, Action<TrainingProgress> progress, CancellationToken cancellation)
    {
        var task = RandomState.Draw(() => study.Task(seed, merged), seed)
            ?? throw new InvalidOperationException($"{nameof(BurdenStudy)}.{nameof(BurdenStudy.Task)} gave null for seed {seed}.");
        using var model = task.Model;
        var pruning = kind switch
        {
            BurdenRunKind.Dense => null,
            BurdenRunKind.Dynamic => study.Pruning,
            BurdenRunKind.Optimal => new WeightPruning { Fixed = found },
            _ => new WeightPruning { Fixed = found!.Shuffled(seed) },
        };
        var beneath = new WeightsBeneath();
        var options = study.Options with
        {
            Seed = seed,
            Hooks = [.. pruning is null ? Array.Empty<ITrainingHook>() : [pruning.Begin()], study.Monitor.Begin(), beneath],
            Progress = new Listener(progress, study.Options.Progress),
        };
        var result = new TrainingLoop(options).Run(task, cancellation);
        if (kind == BurdenRunKind.Dynamic)
        {
            beneath.PutInto(model);
            foundCosts = ReconstructionCost.Of(model, result.Masks!, task.Examples, study.CostExamples, study.Forward);
            // A later study in the same folder may train under random masks.
            if (study.Folder is not null || study.Kinds.Contains(BurdenRunKind.Random))
                randomCosts = ReconstructionCost.Of(model, result.Masks!.Shuffled(seed), task.Examples, study.CostExamples, study.Forward);
        }
        var run = new BurdenRun
        {
            Kind = kind,
            Seed = seed,
            Merged = merged,
            History = result.History,
            Masks = result.Masks,
            Costs = kind switch { BurdenRunKind.Dense => [], BurdenRunKind.Random => randomCosts, _ => foundCosts },
        };
        Keep(run);
        return run;
    }

    string? PathOf(BurdenRunKind kind) => study.Folder is null ? null : Path.Combine(study.Folder,
        FormattableString.Invariant($"{kind.ToString().ToLowerInvariant()}-{seed}{(merged ? "-merged" : "")}.json"));

    void Keep(BurdenRun run)
    {
        // The persistent weights are lost with their run, so the cost of random masks is stored beside it.
        if (PathOf(run.Kind) is { } path)
            WholeFile.Write(path, stream => JsonSerializer.Serialize(stream,
                new FinishedRun(study.Plan, run, run.Kind == BurdenRunKind.Dynamic ? randomCosts : null), BurdenJson.Default.FinishedRun));
    }

    BurdenRun? Finished(BurdenRunKind kind)
    {
        if (PathOf(kind) is not { } path || !File.Exists(path))
            return null;
        FinishedRun? kept;
        try
        {
            using var stream = File.OpenRead(path);
            kept = GuardedStream.Json(stream, BurdenJson.Default.FinishedRun, BurdenResult.MemoryFactor);
        }
        catch (Exception e) when (e is JsonException or InvalidDataException)
        {
            throw new InvalidDataException($"'{path}' is no finished run of a burden study: {e.Message}", e);
        }
        if (kept?.Plan != study.Plan)
            throw new InvalidDataException($"'{path}' is of another study: {kept?.Plan}; this one is {study.Plan}. Delete the file or "
                + $"name another {nameof(BurdenStudy.Folder)}.");
        randomCosts = kept.Chance ?? randomCosts;
        return kept.Run;
    }

    /// <summary>Keeps the persistent weights, including inactive ones, when the run ends.</summary>
    sealed class WeightsBeneath : ITrainingHook
    {
        readonly Dictionary<string, float[]> weights = [];

        public void AfterEpoch(TrainingRun run)
        {
            if (run.Find<MaskedWeights>() is { } masked && (run.Epoch + 1 == run.Options.Epochs || run.StopReason is not null))
                for (var l = 0; l < masked.Layers.Count; l++)
                    weights[masked.Layers[l].Name] = masked.Dense(l);
        }

        public void PutInto(nn.Module model)
        {
            using var noGrad = no_grad();
            using var scope = NewDisposeScope();
            foreach (var (name, values) in weights)
            {
                var parameter = model.get_parameter(name)!;
                parameter.detach().copy_(tensor(values, parameter.shape));
            }
        }
    }

    sealed class Listener(Action<TrainingProgress> study, IProgress<TrainingProgress>? own) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            study(value);
            own?.Report(value);
        }
    }
}
