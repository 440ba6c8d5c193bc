using Microsoft.ML;
using MLNet.Pruning.Schedules;
using MLNet.Pruning.Trainers;
using static System.FormattableString;

namespace MLNet.Pruning.Samples.RankPruning;

/// <summary>An experiment of the paper on classification: every method on the same seeds, side by side.</summary>
sealed record Classification
{
    public required string Name { get; init; }

    public required string Network { get; init; }

    /// <summary>Training and test set.</summary>
    public required Func<MLContext, Settings, (IDataView Train, IDataView Test)> Load { get; init; }

    public required Func<MLContext, Action<PrunedTrainerOptions>, IEstimator<PrunedModelTransformer>> Trainer { get; init; }

    /// <summary>The groups to prune; null for all.</summary>
    public IReadOnlyList<string>? Groups { get; init; }

    public required int Maturity { get; init; }

    public required int Every { get; init; }

    public required double Amount { get; init; }

    public required double Target { get; init; }

    public required int Epochs { get; init; }

    public required int Seeds { get; init; }

    /// <summary>What the paper reports: methods, and their accuracy where it reports one. Training accuracy for its own, as printed for the others.</summary>
    public required IReadOnlyList<(string Method, double? Accuracy, double? Pruned)> Paper { get; init; }

    /// <summary>The fractions of pruned neurons for which the table has a row.</summary>
    public IReadOnlyList<double> Rows { get; init; } = [0.3, 0.4, 0.5, 0.6, 0.7, 0.8];

    public void Run(Settings settings)
    {
        var (epochs, seeds) = (settings.Epochs ?? Epochs, settings.Seeds ?? Seeds);
        var schedule = Schedule.Stepwise(settings.Maturity ?? Maturity, settings.Every ?? Every, settings.Amount ?? Amount, settings.Target ?? Target);
        var methods = (settings.Methods.Count > 0 ? settings.Methods : ["unpruned", "random", "rank"]).Select(Method.Named).ToArray();
        var mlContext = new MLContext();
        var (train, test) = Load(mlContext, settings);
        if (settings.Rows is { } most)
            train = mlContext.Data.TakeRows(train, most);
        Directory.CreateDirectory(settings.Output);
        Console.WriteLine(Invariant($"{Name}: {Network}, {epochs} epochs, {seeds} {(seeds == 1 ? "seed" : "seeds")}; {schedule.InWords()}."));
        var runs = new List<Outcome>();
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
            }
            Console.WriteLine();
            Console.Write(AccuracyTable.Of(runs, methods, Rows, r => r.TestAccuracy, "test accuracy after recovery"));
            Console.WriteLine();
            Console.Write(AccuracyTable.Of(runs, methods, Rows, r => r.TrainAccuracy, "training accuracy of the same epochs, as the paper measures it"));
            if (Paper.Count > 0)
            {
                Console.WriteLine();
                Console.Write(AccuracyTable.BesidePaper(runs, Paper));
                Console.WriteLine("A@P: accuracy A with P % of the neurons pruned. A dash: not in the paper, not among this run's methods, or not pruned so far.");
            }
            if (dense is not null && pruned is not null)
            {
                Console.WriteLine();
                Console.Write(SpeedTable.Of(dense.Module, pruned.Module, ((Microsoft.ML.Data.VectorDataViewType)train.Schema["Pixels"].Type).Size));
            }
            Files.Curves(settings.Output, Name, runs, dense is not null || pruned is not null);
        }
        finally
        {
            dense?.Dispose();
            pruned?.Dispose();
        }
    }

    (Outcome Outcome, PrunedModelTransformer Model) Fit(Method method, int seed, int epochs, Schedule schedule, IDataView train, IDataView test, Settings settings)
    {
        var mlContext = new MLContext(seed);
        var labels = mlContext.Transforms.Conversion.MapValueToKey("Label").Fit(train);
        var began = System.Diagnostics.Stopwatch.GetTimestamp();
        using var bar = new Bar($"{method.Name}, seed {seed}", epochs);
        var trainer = Trainer(mlContext, options =>
        {
            options.Epochs = epochs;
            options.Seed = seed;
            options.ValidationSet = labels.Transform(test);
            options.Pruning = method.Pruning(seed, schedule, Groups);
            options.Progress = bar;
            options.Cancellation = settings.Cancellation;
        });
        var model = trainer.Fit(labels.Transform(train));
        return (new Outcome(method.Name, seed, model.History!, System.Diagnostics.Stopwatch.GetElapsedTime(began).TotalSeconds), model);
    }
}
