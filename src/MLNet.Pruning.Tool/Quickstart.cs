using System.Diagnostics;
using MLNet.Pruning.Reporting;
using MLNet.Pruning.Tokens;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms;
using Spectre.Console;
using static MLNet.Pruning.Reporting.Text.Numbers;
using static Microsoft.ML.Transforms.ValueToKeyMappingEstimator;

namespace MLNet.Pruning.Tool;

/// <summary>The work of <c>mlprune quickstart</c>: the pipeline that a user would write, with a comment on each step.</summary>
internal sealed class Quickstart
{
    // Patches of 7x7 give 16 tokens, 8 after merging half: few enough to train in seconds rather than minutes.
    const int Side = 28, PatchSize = 7, PredictionCount = 1_000, RowsForSpeed = 256;
    const string Worth = "What merging and pruning were worth";

    internal string? Mnist { get; init; }
    internal int? TrainCount { get; init; }
    internal int? TestCount { get; init; }
    internal int Epochs { get; init; }
    internal double Sparsity { get; init; }
    internal double Merge { get; init; }
    internal bool Compare { get; init; }
    internal int Seed { get; init; }
    internal required string Output { get; init; }

    internal void Run(CancellationToken cancellation)
    {
        // Check the output folder before anything takes time.
        Directory.CreateDirectory(Output);
        var mlContext = new MLContext(Seed).UsePruning();
        var (train, test) = Load(mlContext);

        if (Sparsity > 0 && Epochs < 3)
        {
            throw new ArgumentException($"--epochs is {Epochs}; pruning needs at least 3: one to learn in, one to prune in, "
                + "one to recover in. Or say --sparsity 0.");
        }
        using var plain = Plain(mlContext, train, cancellation);

        Heading(Sparsity > 0 ? "Merge tokens, train and prune" : "Merge tokens and train");
        using var model = Fit(mlContext, train, Merge, Sparsity, Epochs, cancellation);
        var history = Trained(model).History!;
        var modelFile = Path.Combine(Output, "model.zip");
        if (history.IsCanceled)
            Keep(mlContext, model, train.Schema, modelFile);
        cancellation.ThrowIfCancellationRequested();
        Console.Write(HistoryTables.Epochs(history));
        if (history.Events.LastOrDefault() is { Weights: { } weights, WeightsOn: { } active })
        {
            Console.WriteLine($"{Count(weights - active)} of {Count(weights)} weights are inactive "
                + $"({Percent(1 - ((double)active / weights))}), after {history.Events.Count} cuts of the masks.");
        }

        Heading("Evaluate");
        var metrics = mlContext.MulticlassClassification.Evaluate(model.Transform(test));
        Console.WriteLine(metrics.ConfusionMatrix.GetFormattedConfusionTable().Trim('\r', '\n'));

        Heading("Save, load, predict");
        mlContext.Model.Save(model, train.Schema, modelFile);
        DrawMerged(mlContext, test, Path.Combine(Output, "merged.png"));
        using var loaded = (TransformerChain<ITransformer>)new MLContext().UsePruning().Model.Load(modelFile, out _);
        var (predictions, same) = Predict(mlContext, model, loaded, test, cancellation);

        Heading(Worth);
        var plainFile = Path.Combine(Output, "plain.zip");
        mlContext.Model.Save(plain, train.Schema, plainFile);
        var worth = Comparison.Of(mlContext, test, Compared(plain, plainFile, Compare), Compared(model, modelFile, true));
        Console.Write(worth);
        if (!Compare)
            Console.WriteLine("The plain network was made to be timed, not to learn; --compare trains it as long as the other.");

        var facts = Facts(history, metrics, predictions, same, modelFile);
        var page = Path.Combine(Output, "report.html");
        HistoryPage.Save(page, history, "Quickstart: " + history.Model, facts, [(Worth, worth)]);
        Summarize(facts, modelFile, page);

        Compared Compared(TransformerChain<KeyToValueMappingTransformer> chain, string file, bool learnt) => new(
            chain,
            Trained(chain).Module,
            learnt ? mlContext.MulticlassClassification.Evaluate(chain.Transform(test)).MicroAccuracy : null,
            learnt ? Trained(chain).History!.Epochs.Sum(e => e.Seconds) : null,
            new FileInfo(file).Length,
            Exported(mlContext, chain, file));
    }

    TransformerChain<KeyToValueMappingTransformer> Plain(MLContext mlContext, IDataView train, CancellationToken cancellation)
    {
        if (!Compare)
            return Fit(mlContext, mlContext.Data.TakeRows(train, RowsForSpeed), 0, 0, 1, cancellation);
        Heading("Train on all tokens without pruning, to compare with");
        var plain = Fit(mlContext, train, 0, 0, Epochs, cancellation);
        cancellation.ThrowIfCancellationRequested();
        Console.Write(HistoryTables.Epochs(Trained(plain).History!));
        return plain;
    }

    // A quarter of the epochs to learn, half to prune, the rest to recover. Small layers stay denser. In so short a run, and at its
    // learning rate, too many persistent weights would come back at a time; therefore inactive weights are frozen.
    WeightPruning? Pruning(double sparsity) => sparsity == 0 ? null : new WeightPruning
    {
        Sparsity = sparsity,
        Distribution = MaskDistribution.ErdosRenyiKernel,
        Every = 50,
        Reactivation = Reactivation.Frozen,
        ScheduleIn = ScheduleUnit.Epochs,
        Schedule = Schedule.Cubic(start: Math.Max(1, Epochs / 4), end: Math.Max(2, 3 * Epochs / 4), target: sparsity),
    };

    TransformerChain<KeyToValueMappingTransformer> Fit(
        MLContext mlContext, IDataView train, double merge, double sparsity, int epochs, CancellationToken cancellation)
    {
        using var progress = new TrainingDisplay(epochs);
        var pipeline = mlContext.Transforms.Conversion.MapValueToKey("Label", keyOrdinality: KeyOrdinality.ByValue)
            .Append(mlContext.Transforms.MergeTokens(
                "Tokens", "Pixels", imageHeight: Side, imageWidth: Side, patchSize: PatchSize, merge: merge))
            .Append(mlContext.MulticlassClassification.Trainers.PrunedVit(new PrunedVitTrainer.Options
            {
                FeatureColumnName = "Tokens",
                Epochs = epochs,
                BatchSize = 64,
                LearningRate = 0.004,
                WeightDecay = 0.02,
                LearningRateSchedule = LearningRateSchedule.Cosine(minimum: 0.05, warmup: 0.5),
                Seed = Seed,
                Pruning = Pruning(sparsity),
                Progress = progress,
                Cancellation = cancellation,
            }))
            .Append(mlContext.Transforms.Conversion.MapKeyToValue("PredictedLabel"));
        return pipeline.Fit(train);
    }

    /// <summary>Saves what a cancelled run has learnt.</summary>
    static void Keep(MLContext mlContext, ITransformer model, DataViewSchema schema, string file)
    {
        mlContext.Model.Save(model, schema, file);
        Console.WriteLine($"The model as it was after the last whole step is in {file}.");
    }

    static string Exported(MLContext mlContext, ITransformer chain, string file)
    {
        var onnx = Path.ChangeExtension(file, ".onnx");
        mlContext.Model.ExportOnnx(chain, onnx);
        return onnx;
    }

    static PrunedModelTransformer Trained(IEnumerable<ITransformer> model) => model.OfType<PrunedModelTransformer>().Single();

    (IDataView Train, IDataView Test) Load(MLContext mlContext)
    {
        Heading("Data");
        var watch = Stopwatch.StartNew();
        var (train, test) = Mnist is { } folder
            ? (Take(mlContext, mlContext.Data.LoadMnist(folder), TrainCount),
                Take(mlContext, mlContext.Data.LoadMnist(folder, DatasetSplit.Test), TestCount))
            : (mlContext.Data.SynthesizeDigits(TrainCount ?? 110_000, Seed), mlContext.Data.SynthesizeDigits(TestCount ?? 3_000, Seed + 1));
        Console.WriteLine($"{Count(Rows(train))} digits to train on, {Count(Rows(test))} to test with, "
            + $"{(Mnist is null ? "synthesized" : "read")} in {Duration(watch.Elapsed.TotalSeconds)}. The first of the test set:");
        Console.WriteLine();
        foreach (var line in DigitDrawing.Lines(First(mlContext, test).Pixels))
            Console.WriteLine("  " + line);
        return (train, test);
    }

    static Digit First(MLContext mlContext, IDataView digits) =>
        mlContext.Data.CreateEnumerable<Digit>(digits, reuseRowObject: false).First();

    static IDataView Take(MLContext mlContext, IDataView digits, int? count) =>
        count is { } n && n < digits.GetRowCount() ? mlContext.Data.TakeRows(digits, n) : digits;

    // A view that was cut short does not know its number of rows.
    static long Rows(IDataView digits) => digits.GetRowCount() ?? digits.GetColumn<uint>("Label").LongCount();

    /// <summary>Draws which patches of the first digit merged into one token.</summary>
    void DrawMerged(MLContext mlContext, IDataView test, string file)
    {
        var pixels = First(mlContext, test).Pixels;
        var grid = new PatchGrid(Side, Side, patchSize: PatchSize);
        var tokens = new float[grid.Count * grid.TokenWidth];
        grid.Cut(pixels, tokens);
        TokenPicture.Draw(TokenAssignment.Match(tokens, grid.TokenWidth, MergeAmount.Of(Merge, grid.Count)), grid, pixels).SavePng(file);
    }

    /// <summary>Whether the loaded model gives the same predictions as the one in memory.</summary>
    static (int Count, bool Same) Predict(
        MLContext mlContext, ITransformer model, ITransformer loaded, IDataView test, CancellationToken cancellation)
    {
        // Disposing of an engine disposes of its model, which is still needed.
        var ours = mlContext.Model.CreatePredictionEngine<Digit, Prediction>(model, test.Schema);
        var theirs = mlContext.Model.CreatePredictionEngine<Digit, Prediction>(loaded, test.Schema);
        var (count, same) = (0, true);
        foreach (var digit in mlContext.Data.CreateEnumerable<Digit>(mlContext.Data.TakeRows(test, PredictionCount), reuseRowObject: false))
        {
            cancellation.ThrowIfCancellationRequested();
            var (expected, found) = (ours.Predict(digit), theirs.Predict(digit));
            same &= found.PredictedLabel == expected.PredictedLabel && found.Score.AsSpan().SequenceEqual(expected.Score);
            if (count++ == 0)
                Console.WriteLine($"The digit above is a {digit.Label}; the loaded model says {found.PredictedLabel} with a probability "
                    + $"of {Percent(found.Score.Max())}.");
        }
        return (count, same);
    }

    List<(string Name, string Value)> Facts(
        TrainingHistory history, MulticlassClassificationMetrics metrics, int predictions, bool same, string modelFile) =>
    [
        ("Data", Mnist ?? "synthesized digits"),
        ("Test accuracy", Percent(metrics.MicroAccuracy)),
        ("Test log-loss", Fixed(metrics.LogLoss)),
        ("Training speed", $"{Count(history.Epochs.Max(e => e.RowsPerSecond))} digits/s (best epoch)"),
        ("Model file", Bytes(new FileInfo(modelFile).Length)),
        ("Loaded model", same ? $"predicts the same for {Count(predictions)} digits, bit for bit" : "DIFFERS from the one that was saved"),
    ];

    static void Summarize(List<(string Name, string Value)> facts, string modelFile, string page)
    {
        Console.WriteLine();
        var table = new Table().Border(TableBorder.Rounded).HideHeaders().AddColumn("").AddColumn("");
        foreach (var (name, value) in facts)
            table.AddRow(Markup.Escape(name), Markup.Escape(value));
        AnsiConsole.Write(table);
        // Below the box: a path that is broken to fit into it can be neither clicked nor copied.
        Console.WriteLine($"Model   {modelFile}");
        Console.WriteLine($"ONNX    {Path.ChangeExtension(modelFile, ".onnx")}");
        Console.WriteLine($"Tokens  {Path.Combine(Path.GetDirectoryName(modelFile)!, "merged.png")}");
        Console.WriteLine($"Report  {page}");
    }

    static void Heading(string text)
    {
        Console.WriteLine();
        AnsiConsole.MarkupLine($"[bold]{text}[/]");
    }
}
