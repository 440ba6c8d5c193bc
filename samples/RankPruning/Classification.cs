using MLNet.Pruning.Models;
using Microsoft.ML;
using static System.FormattableString;

namespace MLNet.Pruning.Samples.RankPruning;

/// <summary>An experiment of the paper on classification: every method on the same seeds, side by side.</summary>
sealed record Classification
{
    public required string Name { get; init; }

    public required string Network { get; init; }

    /// <summary>Loads the training and the test set.</summary>
    public required Func<MLContext, Settings, (IDataView Train, IDataView Test)> Load { get; init; }

    public required Func<MLContext, Action<PrunedTrainerOptions>, IEstimator<PrunedModelTransformer>> Trainer { get; init; }

    /// <summary>The network as a blueprint, for methods that use no ML.NET.</summary>
    public required Blueprint Blueprint { get; init; }

    /// <summary>The same network with batch norms, for methods that use their scales.</summary>
    public required Func<MLContext, Action<PrunedTrainerOptions>, IEstimator<PrunedModelTransformer>> Normalized { get; init; }

    /// <summary>The groups to prune; null for all.</summary>
    public IReadOnlyList<string>? Groups { get; init; }

    /// <summary>The groups to prune in the network with batch norms: those that a norm follows; null for all.</summary>
    public IReadOnlyList<string>? NormalizedGroups { get; init; }

    public required int Maturity { get; init; }

    public required int Every { get; init; }

    public required double Amount { get; init; }

    public required double Target { get; init; }

    public required int Epochs { get; init; }

    public required int Seeds { get; init; }

    /// <summary>
    /// The paper's results: methods, and their accuracy if it is reported. For its own methods this is training accuracy, for the others
    /// as printed.
    /// </summary>
    public required IReadOnlyList<(string Method, double? Accuracy, double? Pruned)> Paper { get; init; }

    /// <summary>The fractions of pruned neurons that have a row in the table.</summary>
    public IReadOnlyList<double> Rows { get; init; } = [0.3, 0.4, 0.5, 0.6, 0.7, 0.8];

    public void Run(Settings settings)
    {
        var (epochs, seeds) = (settings.Epochs ?? Epochs, settings.Seeds ?? Seeds);
        var schedule = Schedule.Stepwise(settings.Maturity ?? Maturity, settings.Every ?? Every, settings.Amount ?? Amount,
            settings.Target ?? Target);
        var (methods, comparators) = Chosen(settings);
        var mlContext = new MLContext();
        var (train, test) = Load(mlContext, settings);
        if (settings.Rows is { } maximum)
            train = mlContext.Data.TakeRows(train, maximum);
        Directory.CreateDirectory(settings.Output);
        Console.WriteLine(Invariant($"{Name}: {Network}, {epochs} epochs, {seeds} {(seeds == 1 ? "seed" : "seeds")}; ")
            + Invariant($"{schedule.InWords()}."));
        var (runs, compressed) = (new List<Outcome>(), new List<Compressed>());
        var dense = default(PrunedModelTransformer);
        var pruned = default(PrunedModelTransformer);
        try
        {
            for (var seed = 1; seed <= seeds; seed++)
            {
                foreach (var method in methods)
                {
                    var (outcome, model) = Fit(method, seed, epochs, schedule, train, test, settings);
                    runs.Add(outcome);
                    Console.WriteLine(outcome.Line());
                    var keep = seed == 1 && method.Name is "unpruned" or "rank";
                    if (!keep)
                        model.Dispose();
                    else if (method.Name == "rank")
                        pruned = model;
                    else
                        dense = model;
                }
                foreach (var comparator in comparators)
                {
                    compressed.Add(Compress(comparator, seed, epochs, train, test, settings));
                    Console.WriteLine(compressed[^1].Line());
                }
            }
            if (methods.Length > 0)
            {
                Console.WriteLine();
                Console.Write(AccuracyTable.Of(runs, methods, Rows, r => r.TestAccuracy, "test accuracy after recovery"));
                Console.WriteLine();
                Console.Write(AccuracyTable.Of(runs, methods, Rows, r => r.TrainAccuracy,
                    "training accuracy of the same epochs, as the paper measures it"));
            }
            if (Paper.Count > 0 || compressed.Count > 0)
            {
                Console.WriteLine();
                Console.Write(AccuracyTable.BesidePaper(runs, compressed, Paper));
                Console.WriteLine("A@P: accuracy A with P % of the neurons pruned. A dash: not in the paper, not among this "
                    + "run's methods, or not pruned so far.");
            }
            if (dense is not null && pruned is not null)
            {
                Console.WriteLine();
                Console.Write(SpeedTable.Of(dense.Module, pruned.Module,
                    ((Microsoft.ML.Data.VectorDataViewType)train.Schema["Pixels"].Type).Size));
            }
            if (runs.Count > 0)
                Files.Curves(settings.Output, Name, runs, accuracy: true);
        }
        finally
        {
            dense?.Dispose();
            pruned?.Dispose();
        }
    }

    (Outcome Outcome, PrunedModelTransformer Model) Fit(Method method, int seed, int epochs, Schedule schedule, IDataView train,
        IDataView test, Settings settings)
    {
        var mlContext = new MLContext(seed);
        var labels = mlContext.Transforms.Conversion.MapValueToKey("Label").Fit(train);
        var began = System.Diagnostics.Stopwatch.GetTimestamp();
        using var bar = new Bar($"{method.Name}, seed {seed}", epochs);
        var trainer = (method.Normalized ? Normalized : Trainer)(mlContext, options =>
        {
            options.Epochs = epochs;
            options.Seed = seed;
            options.ValidationSet = labels.Transform(test);
            options.Pruning = method.Pruning(seed, schedule, method.Normalized ? NormalizedGroups : Groups);
            options.Progress = bar;
            options.Cancellation = settings.Cancellation;
        });
        var model = trainer.Fit(labels.Transform(train));
        settings.Cancellation.ThrowIfCancellationRequested();
        return (new Outcome(method.Name, seed, model.History!, System.Diagnostics.Stopwatch.GetElapsedTime(began).TotalSeconds), model);
    }

    Compressed Compress(Comparator comparator, int seed, int epochs, IDataView train, IDataView test, Settings settings)
    {
        var labels = new MLContext(seed).Transforms.Conversion.MapValueToKey("Label").Fit(train);
        var options = new TrainingOptions { Epochs = epochs, Seed = seed };
        return comparator.Run(new(Blueprint, labels.Transform(train), options, settings.Cancellation), labels.Transform(test), seed);
    }

    static (Method[], Comparator[]) Chosen(Settings settings)
    {
        IReadOnlyList<string> names = settings.Methods.Count > 0 ? settings.Methods : ["unpruned", "random", "rank"];
        if (names.FirstOrDefault(name => !All.Contains(name)) is { } unknown)
            throw new ArgumentException($"There is no method '{unknown}'; there are {string.Join(", ", All)}.");
        return ([.. Method.All.Where(m => names.Contains(m.Name))], [.. Comparator.All.Where(c => names.Contains(c.Name))]);
    }

    /// <summary>All methods.</summary>
    public static IReadOnlyList<string> All { get; } = [.. Method.All.Select(m => m.Name), .. Comparator.All.Select(c => c.Name)];
}
