using System.Globalization;
using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>
/// Compares trainings of the same length, initial weights and batches, to find what pruning costs the remaining neurons and what token
/// merging gives back. One training is pruned dynamically, one runs from scratch under its final masks, and one under random masks of the
/// same density; for several seeds, each with and without merging.
/// </summary>
public sealed record BurdenStudy
{
    /// <summary>
    /// Makes the task for a seed, with merging or without; called anew for each run. LibTorch's generator is seeded already, so that the
    /// model draws the same initial weights each time. The model is disposed of when its run ends.
    /// </summary>
    public required Func<int, bool, TrainingTask> Task { get; init; }

    /// <summary>Training options. The seed comes from the run; hooks and checkpoints must be left out, since they serve one run.</summary>
    public required TrainingOptions Options { get; init; }

    /// <summary>How the dynamic run is pruned.</summary>
    public required WeightPruning Pruning { get; init; }

    /// <summary>The seeds; at least one, each at least 0.</summary>
    public IReadOnlyList<int> Seeds { get; init; } = [1, 2, 3];

    /// <summary>Whether to train without merging, with merging, or both.</summary>
    public IReadOnlyList<bool> Merging { get; init; } = [false, true];

    /// <summary>The trainings to run; those under fixed masks need the dynamic one.</summary>
    public IReadOnlyList<BurdenRunKind> Kinds { get; init; } = [BurdenRunKind.Dynamic, BurdenRunKind.Optimal, BurdenRunKind.Random];

    /// <summary>What to measure.</summary>
    public BurdenMonitor Monitor { get; init; } = new();

    /// <summary>How many training examples costs are measured on, taken from the start; at least 1.</summary>
    public int CostExamples { get; init; } = 1000;

    /// <summary>Runs the model to measure costs; null for a model that takes and gives one tensor.</summary>
    public Action<nn.Module, Tensor>? Forward { get; init; }

    /// <summary>The folder for finished runs, so that an interrupted study can continue; null to keep none.</summary>
    public string? Folder { get; init; }

    /// <summary>Receives the progress.</summary>
    public IProgress<BurdenProgress>? Progress { get; init; }

    /// <summary>Runs all trainings.</summary>
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

    /// <summary>The settings that must be equal for a finished run to belong to this study.</summary>
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

/// <summary>The progress of a study.</summary>
/// <param name="Number">The current run, from 1.</param>
/// <param name="Count">The total number of runs.</param>
/// <param name="Kind">The kind of training.</param>
/// <param name="Seed">Its seed.</param>
/// <param name="Merged">Whether tokens are merged in it.</param>
/// <param name="Training">The progress of the run; null if it was found finished.</param>
/// <param name="Finished">The run if it has just ended or was found finished, else null.</param>
public sealed record BurdenProgress(int Number, int Count, BurdenRunKind Kind, int Seed, bool Merged, TrainingProgress? Training,
    BurdenRun? Finished);
