using System.Globalization;
using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>
/// What pruning costs the neurons that stay, and what merging tokens gives back: trainings of the same length, first weights and batches,
/// for several seeds, each with and without merging. One is pruned while it trains, one trains from scratch under the masks that the
/// first ended with, one under random masks of the same density.
/// </summary>
public sealed record BurdenStudy
{
    /// <summary>
    /// Makes what is trained, for a seed, with merging or without; called for each run anew. LibTorch's generator has the seed already,
    /// so that the model draws the same first weights each time. The model is disposed of when its run is over.
    /// </summary>
    public required Func<int, bool, TrainingTask> Task { get; init; }

    /// <summary>How each run goes. The seed is that of the run; hooks and checkpoints must be left out, since they serve one run.</summary>
    public required TrainingOptions Options { get; init; }

    /// <summary>How the dynamic run is pruned.</summary>
    public required WeightPruning Pruning { get; init; }

    /// <summary>The seeds; at least one, each 0 or more.</summary>
    public IReadOnlyList<int> Seeds { get; init; } = [1, 2, 3];

    /// <summary>Without merging, with, or both.</summary>
    public IReadOnlyList<bool> Merging { get; init; } = [false, true];

    /// <summary>Which trainings; those under fixed masks need the dynamic one.</summary>
    public IReadOnlyList<BurdenRunKind> Kinds { get; init; } = [BurdenRunKind.Dynamic, BurdenRunKind.Optimal, BurdenRunKind.Random];

    /// <summary>What is watched.</summary>
    public BurdenMonitor Monitor { get; init; } = new();

    /// <summary>Examples that costs are measured on, the first of those to learn from; at least 1.</summary>
    public int CostExamples { get; init; } = 1000;

    /// <summary>Runs the model to measure costs; null for one that takes and gives one tensor.</summary>
    public Action<nn.Module, Tensor>? Forward { get; init; }

    /// <summary>Where finished runs are kept, so that a study that was interrupted goes on; null to keep none.</summary>
    public string? Folder { get; init; }

    /// <summary>Told how the study goes.</summary>
    public IProgress<BurdenProgress>? Progress { get; init; }

    /// <summary>Trains all of it.</summary>
    /// <exception cref="ArgumentException">A setting is wrong.</exception>
    /// <exception cref="InvalidDataException">The folder has runs of another study.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled; finished runs are in the folder.</exception>
    public BurdenResult Run(CancellationToken cancellation = default)
    {
        Validate();
        BurdenRunKind[] kinds = [.. Kinds.Order()];
        var (runs, count) = (new List<BurdenRun>(), Seeds.Count * Merging.Count * kinds.Length);
        foreach (var seed in Seeds)
            foreach (var merged in Merging)
            {
                var trial = new BurdenTrial(this, seed, merged);
                foreach (var kind in kinds)
                {
                    cancellation.ThrowIfCancellationRequested();
                    var number = runs.Count + 1;
                    runs.Add(trial.Run(kind, training => Progress?.Report(new(number, count, kind, seed, merged, training, null)),
                        cancellation));
                    Progress?.Report(new(number, count, kind, seed, merged, null, runs[^1]));
                }
            }
        return new(runs);
    }

    /// <summary>What must be the same for a finished run to be this study's.</summary>
    internal string Plan => string.Create(CultureInfo.InvariantCulture,
        $"epochs {Options.Epochs}, batches of {Options.BatchSize}, {Options.Optimizer}, learning rate {Options.LearningRate}, "
        + $"weight decay {Options.WeightDecay}, momentum {Options.Momentum}{(Options.Nesterov ? " (Nesterov)" : "")}, "
        + $"schedule {Options.Schedule?.ToString() ?? "none"}, clip {(Options.GradientClipNorm is { } norm ? norm : "none")}, "
        + $"windows of {Monitor.Interval} of {Listed(Monitor.Weights) ?? "the usual weights"} except {Listed(Monitor.Except) ?? "none"}, "
        + $"costs by {CostExamples}, {Pruning.Described}");

    void Validate()
    {
        Require(Task is not null, nameof(Task), Task, "a function that makes what is trained");
        Require(Options is not null, nameof(Options), Options, "options");
        Require(Pruning is not null, nameof(Pruning), Pruning, "a way to prune weights");
        Options!.Validate();
        Pruning!.Validate(Options);
        Require(Options.Hooks.Count == 0, $"{nameof(Options)}.{nameof(Options.Hooks)}", Options.Hooks.Count,
            "empty: a hook serves one run");
        Require(Options.Checkpoint is null, $"{nameof(Options)}.{nameof(Options.Checkpoint)}", Options.Checkpoint,
            $"null: a checkpoint is of one run; {nameof(Folder)} keeps finished ones");
        Require(Pruning.Fixed is null, $"{nameof(Pruning)}.{nameof(Pruning.Fixed)}", Pruning.Fixed,
            "null: the dynamic run finds its masks");
        Require(Seeds is { Count: > 0 } && Seeds.All(s => s >= 0) && Seeds.Distinct().Count() == Seeds.Count, nameof(Seeds),
            Listed(Seeds), "different seeds of 0 or more");
        Require(Merging is { Count: > 0 } && Merging.Distinct().Count() == Merging.Count, nameof(Merging), Listed(Merging),
            "false, true or both");
        Require(Kinds is { Count: > 0 } && Kinds.All(Enum.IsDefined) && Kinds.Distinct().Count() == Kinds.Count, nameof(Kinds),
            Listed(Kinds), "different kinds of training");
        Require(Kinds!.Contains(BurdenRunKind.Dynamic) || !Kinds.Any(k => k > BurdenRunKind.Dynamic), nameof(Kinds), Listed(Kinds),
            $"with {BurdenRunKind.Dynamic}, which finds the masks of the others");
        Require(Monitor is not null, nameof(Monitor), Monitor, "what is watched");
        Require(CostExamples >= 1, nameof(CostExamples), CostExamples, "at least 1");
        _ = Monitor!.Begin();
        if (Folder is not null)
            Directory.CreateDirectory(Folder);
    }

    static string? Listed<T>(IReadOnlyList<T>? values) => values is null ? null : $"[{string.Join(", ", values)}]";

    static void Require(bool holds, string setting, object? value, string wanted) =>
        TrainingOptions.Require(holds, $"{nameof(BurdenStudy)}.{setting}", value, wanted);
}

/// <summary>How far a study has come.</summary>
/// <param name="Number">The run that trains, from 1.</param>
/// <param name="Count">How many there are in all.</param>
/// <param name="Kind">Which training it is.</param>
/// <param name="Seed">Its seed.</param>
/// <param name="Merged">Whether tokens are merged in it.</param>
/// <param name="Training">How far it has come; null where it was found finished.</param>
/// <param name="Finished">The run when it has just ended or was found finished, else null.</param>
public sealed record BurdenProgress(int Number, int Count, BurdenRunKind Kind, int Seed, bool Merged, TrainingProgress? Training,
    BurdenRun? Finished);
