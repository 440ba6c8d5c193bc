using System.Diagnostics;
using MLNet.Pruning.Reporting;
using MLNet.Pruning.Reporting.Text;
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
    internal bool Drawn { get; init; }
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
        var data = Load(mlContext);
        var (train, test) = (data.Train, data.Test);

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
        var answers = model.Transform(test);
        var metrics = mlContext.MulticlassClassification.Evaluate(answers);
        Console.Write(Confusion(metrics.ConfusionMatrix, data.Classes));

        Heading("Save, load, predict");
        Trained(model).MeasureScoring(); // travels with the model
        mlContext.Model.Save(model, train.Schema, modelFile);
        DrawMerged(mlContext, test, Path.Combine(Output, "merged.png"));
        using var loaded = (TransformerChain<ITransformer>)new MLContext().UsePruning().Model.Load(modelFile, out _);
        bool same = Predict(mlContext, model, loaded, data, cancellation);

        Heading(Worth);
        var plainFile = Path.Combine(Output, "plain.zip");
        mlContext.Model.Save(plain, train.Schema, plainFile);
        var worth = Comparison.Of(mlContext, test, Compared(plain, plainFile, Compare), Compared(model, modelFile, true));
        Console.Write(worth.Table);
        if (!Compare)
            Console.WriteLine("The plain network was made to be timed, not to learn; --compare trains it as long as the other.");

        var page = Path.Combine(Output, "report.html");
        HistoryPage.Save(page, history, "Quickstart",
            [("Data", data.Name), ("Loaded model", same ? "predicts the same, bit for bit" : "DIFFERS from the one that was saved")],
            [(Worth, worth.Table)],
            TestAnswers.Of(model, answers, "Label", metrics, data.Classes),
            Tool.Output.CommandLine(Environment.GetCommandLineArgs().Skip(1)));
        Summarize(metrics.MicroAccuracy, QuickstartData.Rows(test), worth, modelFile, page);

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

    QuickstartData Load(MLContext mlContext)
    {
        Heading("Data");
        var watch = Stopwatch.StartNew();
        var data = QuickstartData.Load(mlContext, Mnist, Drawn, TrainCount, TestCount, Seed);
        Console.WriteLine($"{data.Name}: {Count(QuickstartData.Rows(data.Train))} to train on, {Count(QuickstartData.Rows(data.Test))} to "
            + $"test with, ready in {Duration(watch.Elapsed.TotalSeconds)}. The first of the test set:");
        Console.WriteLine();
        foreach (var line in TextDrawing.Lines(First(mlContext, data.Test).Pixels))
            Console.WriteLine("  " + line);
        return data;
    }

    static GreyPicture First(MLContext mlContext, IDataView pictures) =>
        mlContext.Data.CreateEnumerable<GreyPicture>(pictures, reuseRowObject: false).First();

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
    static bool Predict(
        MLContext mlContext, ITransformer model, ITransformer loaded, QuickstartData data, CancellationToken cancellation)
    {
        // Disposing of an engine disposes of its model, which is still needed.
        var ours = mlContext.Model.CreatePredictionEngine<GreyPicture, Prediction>(model, data.Test.Schema);
        var theirs = mlContext.Model.CreatePredictionEngine<GreyPicture, Prediction>(loaded, data.Test.Schema);
        var (count, same) = (0, true);
        foreach (var picture in mlContext.Data.CreateEnumerable<GreyPicture>(
            mlContext.Data.TakeRows(data.Test, PredictionCount), reuseRowObject: false))
        {
            cancellation.ThrowIfCancellationRequested();
            var (expected, found) = (ours.Predict(picture), theirs.Predict(picture));
            same &= found.PredictedLabel == expected.PredictedLabel && found.Score.AsSpan().SequenceEqual(expected.Score);
            if (count++ == 0)
                Console.WriteLine($"The picture above is \"{data.Classes[(int)picture.Label]}\"; the loaded model says "
                    + $"\"{data.Classes[(int)found.PredictedLabel]}\" with a probability of {Percent(found.Score.Max())}.");
        }
        Console.WriteLine($"The loaded model {(same ? "predicts the same as" : "DIFFERS from")} the saved one for {Count(count)} pictures"
            + $"{(same ? ", bit for bit" : "")}.");
        return same;
    }

    /// <summary>How often a class was taken for each; the columns are numbered to stay narrow.</summary>
    static TextTable Confusion(ConfusionMatrix confusion, IReadOnlyList<string> classes)
    {
        var table = new TextTable(["", .. classes.Select((_, column) => $"{column}#"), "recall#"]);
        for (int row = 0; row < classes.Count; row++)
        {
            string[] counts = [.. confusion.Counts[row].Select(count => count > 0 ? Count((long)count) : "")];
            string name = classes[row] == $"{row}" ? classes[row] : $"{row} {classes[row]}";
            table.Add([name, .. counts, Percent(confusion.PerClassRecall[row])]);
        }
        return table;
    }

    void Summarize(double accuracy, long tested, Comparison worth, string modelFile, string page)
    {
        Heading("In short");
        Line("test accuracy", Percent(accuracy), $"of {Count(tested)} pictures that it has not learned from");
        Line("weights", $"{Ratio(worth.Weights, worth.Active)} fewer", $"{Count(worth.Active)} of {Count(worth.Weights)} are left");
        Line("predictions", $"{Ratio(worth.Slow, worth.Fast)} {(worth.Fast < worth.Slow ? "faster" : "as fast")}",
            $"{Count(1 / worth.Fast)} pictures/s instead of {Count(1 / worth.Slow)} with all tokens and weights");
        Console.WriteLine();
        Console.WriteLine($"Report  {page}");
        Console.WriteLine($"Model   {modelFile}");
        Console.WriteLine($"ONNX    {Path.ChangeExtension(modelFile, ".onnx")}");
        Console.WriteLine($"Tokens  {Path.Combine(Path.GetDirectoryName(modelFile)!, "merged.png")}");
        Heading("What next");
        Console.WriteLine("  Open the report in a browser. README.md shows the same in C#.");
        Console.WriteLine("  The plain network trained as well, to see what pruning costs:");
        Console.WriteLine($"    {Tool.Output.Program} quickstart --compare");
        Console.WriteLine("  Pictures of your own, a folder a class:");
        Console.WriteLine($"    {Tool.Output.Program} new images DIR");

        static void Line(string name, string value, string note) => Console.WriteLine($"  {name,-14}{value,12}   {note}");

        static string Ratio(double more, double less) => FormattableString.Invariant($"{more / Math.Max(less, 1e-12):0.0}x");
    }

    static void Heading(string text)
    {
        Console.WriteLine();
        AnsiConsole.MarkupLine($"[bold]{text}[/]");
    }
}
