using System.Diagnostics;
using MLNet.Pruning.Datasets;
using MLNet.Pruning.Importance;
using MLNet.Pruning.Reporting;
using MLNet.Pruning.Reporting.Text;
using MLNet.Pruning.Schedules;
using MLNet.Pruning.Trainers;
using MLNet.Pruning.Training;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms;
using Spectre.Console;
using static MLNet.Pruning.Reporting.Text.Numbers;
using static Microsoft.ML.Transforms.ValueToKeyMappingEstimator;

namespace MLNet.Pruning.Tool;

/// <summary>What <c>mlprune quickstart</c> does: the pipeline a user would write, with a word about each step.</summary>
internal sealed class Quickstart
{
    const int PredictionCount = 2_000;

    internal string? Mnist { get; init; }
    internal int? TrainCount { get; init; }
    internal int? TestCount { get; init; }
    internal required int[] HiddenSizes { get; init; }
    internal int Epochs { get; init; }
    internal double Prune { get; init; }
    internal int Seed { get; init; }
    internal required string Output { get; init; }

    internal void Run(CancellationToken cancellation)
    {
        if (Prune > 0 && Epochs < 3)
            throw new ArgumentException($"--epochs is {Epochs}; pruning needs at least 3: one to learn in, one to prune in, one to recover in. Or say --prune 0.");
        // Where the results go is made sure of before anything takes time.
        Directory.CreateDirectory(Output);
        var mlContext = new MLContext(Seed).UsePruning();
        var (train, test) = Load(mlContext);

        using var dense = Prune > 0 ? Dense(mlContext, train, cancellation) : null;

        Heading(Prune > 0 ? "Train and prune" : "Train");
        using var model = Fit(mlContext, train, Pruning, cancellation);
        var history = Trained(model).History!;
        Console.Write(HistoryTables.Epochs(history));
        foreach (var e in history.Events)
            Console.WriteLine($"after epoch {e.Epoch}: {string.Join(", ", e.Groups.Select(g => $"{g.Name} {g.Before} to {g.After}"))}; training accuracy {Percent(e.AccuracyBefore)}, right after {Percent(e.AccuracyAfter)}, recovered {Percent(e.AccuracyRecovered)}");

        Heading("Evaluate");
        var metrics = mlContext.MulticlassClassification.Evaluate(model.Transform(test));
        Console.WriteLine(metrics.ConfusionMatrix.GetFormattedConfusionTable().Trim('\r', '\n'));

        var tables = new List<(string, TextTable)>();
        if (dense is not null)
        {
            Heading("What pruning was worth");
            var worth = Comparison.Of(Trained(dense), Trained(model), mlContext.MulticlassClassification.Evaluate(dense.Transform(test)).MicroAccuracy, metrics.MicroAccuracy);
            Console.Write(worth);
            tables.Add(("What pruning was worth", worth));
        }

        Heading("Save, load, predict");
        var modelFile = Path.Combine(Output, "model.zip");
        mlContext.Model.Save(model, train.Schema, modelFile);
        // Disposing of a prediction engine disposes of its model: the models are needed no more after this.
        using var loaded = (IDisposable)new MLContext().UsePruning().Model.Load(modelFile, out _);
        var (latency, predictions, same) = Predict(mlContext, model, (ITransformer)loaded, test, cancellation);

        var facts = Facts(history, metrics, latency, predictions, same, modelFile);
        var page = Path.Combine(Output, "report.html");
        File.WriteAllText(page, HistoryPage.ToHtml(history, "Quickstart: " + history.Model, facts, tables));
        Summarize(facts, modelFile, page);
    }

    // A third of the epochs to learn in, a third to prune in, a third to recover in.
    NeuronPruning? Pruning => Prune == 0 ? null : new NeuronPruning
    {
        Importance = new Contribution(),
        Schedule = Schedule.Cubic(start: Math.Max(1, Epochs / 3), end: Math.Max(2, 2 * Epochs / 3), target: Prune),
    };

    TransformerChain<KeyToValueMappingTransformer> Dense(MLContext mlContext, IDataView train, CancellationToken cancellation)
    {
        Heading("Train without pruning, to compare with");
        var dense = Fit(mlContext, train, null, cancellation);
        Console.Write(HistoryTables.Epochs(Trained(dense).History!));
        return dense;
    }

    TransformerChain<KeyToValueMappingTransformer> Fit(MLContext mlContext, IDataView train, NeuronPruning? pruning, CancellationToken cancellation)
    {
        using var progress = new TrainingBar(Epochs);
        var pipeline = mlContext.Transforms.Conversion.MapValueToKey("Label", keyOrdinality: KeyOrdinality.ByValue)
            .Append(mlContext.MulticlassClassification.Trainers.PrunedFeedForward(new PrunedFeedForwardTrainer.Options
            {
                FeatureColumnName = "Pixels",
                HiddenSizes = HiddenSizes,
                Epochs = Epochs,
                Seed = Seed,
                Pruning = pruning,
                Progress = progress,
                Cancellation = cancellation,
            }))
            .Append(mlContext.Transforms.Conversion.MapKeyToValue("PredictedLabel"));
        var model = pipeline.Fit(train);
        cancellation.ThrowIfCancellationRequested();
        return model;
    }

    static PrunedModelTransformer Trained(TransformerChain<KeyToValueMappingTransformer> model) => model.OfType<PrunedModelTransformer>().Single();

    (IDataView Train, IDataView Test) Load(MLContext mlContext)
    {
        Heading("Data");
        var watch = Stopwatch.StartNew();
        var (train, test) = Mnist is { } folder
            ? (Take(mlContext, mlContext.Data.LoadMnist(folder), TrainCount), Take(mlContext, mlContext.Data.LoadMnist(folder, DatasetSplit.Test), TestCount))
            : (mlContext.Data.SynthesizeDigits(TrainCount ?? 30_000, Seed), mlContext.Data.SynthesizeDigits(TestCount ?? 5_000, Seed + 1));
        Console.WriteLine($"{Count(Rows(train))} digits to train on, {Count(Rows(test))} to test with, {(Mnist is null ? "synthesized" : "read")} in {Duration(watch.Elapsed.TotalSeconds)}. The first of the test set:");
        Console.WriteLine();
        var first = mlContext.Data.CreateEnumerable<Digit>(test, reuseRowObject: false).First();
        foreach (var line in DigitDrawing.Lines(first.Pixels))
            Console.WriteLine("  " + line);
        return (train, test);
    }

    static IDataView Take(MLContext mlContext, IDataView digits, int? count) =>
        count is { } n && n < digits.GetRowCount() ? mlContext.Data.TakeRows(digits, n) : digits;

    // A view cut short does not say how many rows it has.
    static long Rows(IDataView digits) => digits.GetRowCount() ?? digits.GetColumn<uint>("Label").LongCount();

    /// <summary>The median time of a single prediction, and whether the loaded model predicts what the one in memory does.</summary>
    static (double Latency, int Count, bool Same) Predict(MLContext mlContext, ITransformer model, ITransformer loaded, IDataView test, CancellationToken cancellation)
    {
        using var ours = mlContext.Model.CreatePredictionEngine<Digit, Prediction>(model, test.Schema);
        using var theirs = mlContext.Model.CreatePredictionEngine<Digit, Prediction>(loaded, test.Schema);
        var same = true;
        var times = new List<double>();
        foreach (var digit in mlContext.Data.CreateEnumerable<Digit>(mlContext.Data.TakeRows(test, PredictionCount), reuseRowObject: false))
        {
            cancellation.ThrowIfCancellationRequested();
            var expected = ours.Predict(digit);
            var began = Stopwatch.GetTimestamp();
            var found = theirs.Predict(digit);
            times.Add(Stopwatch.GetElapsedTime(began).TotalSeconds);
            same &= found.PredictedLabel == expected.PredictedLabel && found.Score.AsSpan().SequenceEqual(expected.Score);
            if (times.Count == 1)
                Console.WriteLine($"The digit above is a {digit.Label}; the loaded model says {found.PredictedLabel} with a probability of {Percent(found.Score.Max())}.\n");
        }
        times.Sort();
        return (times[times.Count / 2], times.Count, same);
    }

    List<(string Name, string Value)> Facts(TrainingHistory history, MulticlassClassificationMetrics metrics, double latency, int predictions, bool same, string modelFile) =>
    [
        ("Data", Mnist ?? "synthesized digits"),
        ("Test accuracy", Percent(metrics.MicroAccuracy)),
        ("Test log-loss", Fixed(metrics.LogLoss)),
        ("Training speed", $"{Count(history.Epochs.Max(e => e.RowsPerSecond))} digits/s (best epoch)"),
        ("One prediction", $"{Duration(latency)} (median of {Count(predictions)})"),
        ("Model file", Bytes(new FileInfo(modelFile).Length)),
        ("Loaded model", same ? "predicts the same, bit for bit" : "DIFFERS from the one that was saved"),
    ];

    static void Summarize(List<(string Name, string Value)> facts, string modelFile, string page)
    {
        var table = new Table().Border(TableBorder.Rounded).HideHeaders().AddColumn("").AddColumn("");
        foreach (var (name, value) in facts)
            table.AddRow(Markup.Escape(name), Markup.Escape(value));
        AnsiConsole.Write(table);
        // Below the box, as a path that is broken to fit into it can be neither clicked nor copied.
        Console.WriteLine($"Model   {modelFile}");
        Console.WriteLine($"Report  {page}");
    }

    static void Heading(string text)
    {
        Console.WriteLine();
        AnsiConsole.MarkupLine($"[bold]{text}[/]");
    }

    sealed class Digit
    {
        public uint Label { get; set; }

        [VectorType(784)]
        public float[] Pixels { get; set; } = [];
    }

    sealed class Prediction
    {
        public uint PredictedLabel { get; set; }

        public float[] Score { get; set; } = [];
    }
}
