using MLNet.Pruning.Reporting.Text;
using Microsoft.ML;
using Microsoft.ML.Data;
using static System.FormattableString;

namespace MLNet.Pruning.Samples.RankPruning;

/// <summary>
/// The paper's experiment on generative models: a variational autoencoder that loses 30 % of its neurons as it trains, beside an unpruned
/// one.
/// </summary>
static class Autoencoder
{
    const int Shown = 8;

    // The hidden layers on both sides. The latents and the images' own channels cannot be replaced by other neurons, so they are not
    // pruned.
    static readonly string[] Hidden = ["encoder.linear1", "encoder.linear2", "expansion.linear1", "expansion.linear2"];

    public static void Run(Settings settings)
    {
        var (epochs, seeds) = (settings.Epochs ?? 40, settings.Seeds ?? 1);
        var schedule = Schedule.Stepwise(settings.Maturity ?? 10, settings.Every ?? 5, settings.Amount ?? 0.10, settings.Target ?? 0.30);
        var methods = (settings.Methods.Count > 0 ? settings.Methods : ["unpruned", "random", "rank"]).Select(Named).ToArray();
        var (all, test, channels) = Load(settings);
        var train = new MLContext().Data.TakeRows(all, settings.Rows ?? 10_000);
        Directory.CreateDirectory(settings.Output);
        Console.WriteLine(Invariant($"vae: blocks of 16 and 32 channels, hidden layers of 512 and 256, 32 latents, {epochs} ")
            + Invariant($"epochs; {schedule.InWords()}."));
        var runs = new List<Outcome>();
        var rows = new List<(string Name, float[][] Images)> { ("images", Column(test, "Pixels")) };
        for (var seed = 1; seed <= seeds; seed++)
        {
            foreach (var method in methods)
            {
                var (outcome, images) = Fit(method, seed, epochs, schedule, train, test, channels, settings);
                runs.Add(outcome);
                var last = outcome.Plateaus[^1];
                Console.WriteLine(Invariant($"  seed {seed}  {method.Name,-9} {Numbers.Duration(outcome.Seconds),9}  ")
                    + Invariant($"{100 * last.Pruned,4:0} % pruned  {Numbers.Count(last.Parameters),11} parameters  ")
                    + Invariant($"validation loss {outcome.History.Epochs[^1].ValidationLoss:F3}"));
                if (seed == 1)
                    rows.Add((method.Name, images));
            }
        }
        Console.WriteLine();
        Console.Write(LossTable(runs));
        Files.Curves(settings.Output, "vae", runs, accuracy: false);
        var picture = Path.Combine(settings.Output, "vae.png");
        PictureGrid.Of([.. rows.Select(r => r.Images)], channels).SavePng(picture);
        Console.WriteLine(Invariant($"{Path.GetFileName(picture)} shows, row by row: {string.Join(", ", rows.Select(r => r.Name))}."));
    }

    // The hidden layers have no batch norm.
    static Method Named(string name) => Method.All.FirstOrDefault(m => m.Name == name && !m.Normalized)
        ?? throw new ArgumentException($"There is no method '{name}' for the autoencoder; there are "
            + $"{string.Join(", ", Method.All.Where(m => !m.Normalized).Select(m => m.Name))}.");

    static (IDataView Train, IDataView Test, int Channels) Load(Settings settings)
    {
        var data = new MLContext().Data;
        if (settings.Data is not { } folder)
        {
            Console.WriteLine("No --data: digits are drawn. A folder may hold CelebA's pictures (64 x 64 of them are used), "
                + "CIFAR-10 or MNIST.");
            return (data.SynthesizeDigits(10_000, seed: 1), data.SynthesizeDigits(2_000, seed: 2), 1);
        }
        if (Directory.EnumerateFiles(folder, "*-ubyte*").Any())
            return (data.LoadMnist(folder), data.LoadMnist(folder, DatasetSplit.Test), 1);
        if (Directory.EnumerateFiles(folder, "*batch*.bin*").Any())
            return (data.LoadCifar10(folder), data.LoadCifar10(folder, DatasetSplit.Test), 3);
        return (data.LoadCelebA(folder, 64, 148, split: DatasetSplit.Train), data.LoadCelebA(folder, 64, 148, split: DatasetSplit.Test), 3);
    }

    static (Outcome, float[][]) Fit(Method method, int seed, int epochs, Schedule schedule, IDataView train, IDataView test,
        int channels, Settings settings)
    {
        var mlContext = new MLContext(seed);
        using var bar = new Bar($"{method.Name}, seed {seed}", epochs);
        var began = System.Diagnostics.Stopwatch.GetTimestamp();
        using var model = mlContext.Transforms.PrunedVae(new PrunedVaeEstimator.Options
        {
            InputColumnName = "Pixels",
            ImageChannels = channels,
            Channels = [16, 32],
            HiddenSizes = [512, 256],
            LatentSize = 32,
            Epochs = epochs,
            Seed = seed,
            ValidationSet = test,
            Pruning = method.Pruning(seed, schedule, Hidden),
            Progress = bar,
            Cancellation = settings.Cancellation,
        }).Fit(train);
        settings.Cancellation.ThrowIfCancellationRequested();
        return (new Outcome(method.Name, seed, model.History!, System.Diagnostics.Stopwatch.GetElapsedTime(began).TotalSeconds),
            Column(model.Transform(test), "Reconstruction"));
    }

    static float[][] Column(IDataView view, string name) =>
        [.. new MLContext().Data.TakeRows(view, Shown).GetColumn<VBuffer<float>>(name).Select(v => v.DenseValues().ToArray())];

    static TextTable LossTable(IReadOnlyList<Outcome> runs)
    {
        var table = new TextTable("", "seed#", "parameters#", "pruned#", "validation loss#", "against unpruned#");
        foreach (var run in runs)
        {
            var loss = run.History.Epochs[^1].ValidationLoss ?? double.NaN;
            var dense = runs.FirstOrDefault(r => r.Method == "unpruned" && r.Seed == run.Seed)?.History.Epochs[^1].ValidationLoss;
            foreach (var plateau in run.Plateaus.SkipLast(1))
            {
                table.Add(Invariant($"{run.Method}, epoch {plateau.Epoch}"), Invariant($"{run.Seed}"), Numbers.Count(plateau.Parameters),
                    Invariant($"{100 * plateau.Pruned:0} %"),
                    Invariant($"{run.History.Epochs[plateau.Epoch - 1].ValidationLoss:F3}"), "");
            }
            var last = run.Plateaus[^1];
            table.Add(Invariant($"{run.Method}, epoch {last.Epoch}, the last"), Invariant($"{run.Seed}"), Numbers.Count(last.Parameters),
                Invariant($"{100 * last.Pruned:0} %"),
                Invariant($"{loss:F3}"), dense is { } d ? Invariant($"{100 * (loss / d - 1):+0.00;-0.00} %") : "");
        }
        return table;
    }
}
