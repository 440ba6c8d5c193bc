using System.Diagnostics;
using System.Globalization;
using MLNet.Pruning.Reporting.Text;
using Microsoft.ML;
using Microsoft.ML.Data;
using static MLNet.Pruning.Reporting.Text.Numbers;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tool;

/// <summary>A trained pipeline and facts about it.</summary>
/// <param name="Pipeline">The pipeline from images to predictions.</param>
/// <param name="Network">The network in the pipeline.</param>
/// <param name="Accuracy">Accuracy on the test set; null if it was not trained.</param>
/// <param name="Seconds">Seconds of training; null if it was not trained.</param>
/// <param name="Bytes">The size of its file in bytes.</param>
/// <param name="Onnx">The same pipeline as an ONNX file.</param>
internal sealed record Compared(
    ITransformer Pipeline, nn.Module<Tensor, Tensor> Network, double? Accuracy, double? Seconds, long Bytes, string Onnx);

/// <summary>
/// Compares two pipelines: their sizes, their measured speed from image to prediction, and their accuracy; and the speed of their ONNX
/// files in ONNX Runtime, if the program has it.
/// </summary>
/// <param name="Table">All figures.</param>
/// <param name="Weights">Weights of the plain network that are not zero.</param>
/// <param name="Active">Those of the pruned one.</param>
/// <param name="Slow">Seconds from an image to its prediction in the plain pipeline, in batches.</param>
/// <param name="Fast">Seconds in the pruned one.</param>
internal sealed record Comparison(TextTable Table, long Weights, long Active, double Slow, double Fast)
{
    const int Rows = 1_024, Turns = 15, Singles = 200;

    // Just-in-time compilers optimize code while it runs; they are done within a second.
    static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(1);

    internal static Comparison Of(MLContext mlContext, IDataView test, Compared plain, Compared pruned)
    {
        var rows = mlContext.Data.Cache(mlContext.Data.TakeRows(test, Rows));
        var pictures = mlContext.Data.CreateEnumerable<GreyPicture>(rows, reuseRowObject: false).ToArray();
        float[][] images = [.. pictures.Select(picture => picture.Pixels)];
        using var plainPeer = OnnxPeer.Of(plain.Onnx, images);
        using var prunedPeer = OnnxPeer.Of(pruned.Onnx, images);
        var times = Measure(pictures.Length,
        [
            Ours(mlContext, plain.Pipeline, rows, pictures), Ours(mlContext, pruned.Pipeline, rows, pictures),
            .. new[] { plainPeer, prunedPeer }.OfType<OnnxPeer>().Select(peer => new Timed(peer.ScoreAll, peer.ScoreOne)),
        ]);

        var (tokens, left) = (Tokens(plain), Tokens(pruned));
        var (weights, active) = (NotZero(plain.Network), NotZero(pruned.Network));
        var table = new TextTable("", "plain#", "merged, pruned#", "#");
        if (plain is { Accuracy: { } before, Seconds: { } slow } && pruned is { Accuracy: { } after, Seconds: { } fast })
        {
            var points = ((after - before) * 100).ToString("+0.00;-0.00", CultureInfo.InvariantCulture);
            table.Add("test accuracy", Percent(before), Percent(after), $"{points} points")
                .Add("training", Duration(slow), Duration(fast), Times(slow, fast, "faster"));
        }
        table
            .Add("tokens an image", Count(tokens), Count(left), Times(tokens, left, "fewer"))
            .Add("weights that are not zero", Count(weights), Count(active), Times(weights, active, "fewer"))
            .Add("model file", Bytes(plain.Bytes), Bytes(pruned.Bytes), Times(plain.Bytes, pruned.Bytes, "smaller"));
        AddTimes("pictures/s, from image to prediction", "one prediction", times[0], times[1]);
        if (times.Length == 4)
            AddTimes("pictures/s in ONNX Runtime", "one prediction in ONNX Runtime", times[2], times[3]);
        return new(table, weights, active, times[0].Row, times[1].Row);

        void AddTimes(string many, string one, (double Row, double Single) slow, (double Row, double Single) fast) => table
            .Add(many, Count(1 / slow.Row), Count(1 / fast.Row), Times(slow.Row, fast.Row, "faster"))
            .Add(one, Duration(slow.Single), Duration(fast.Single), Times(slow.Single, fast.Single, "faster"));
    }

    /// <summary>A way to predict from images: all of them, or one by its number.</summary>
    readonly record struct Timed(Action All, Action<int> One);

    static Timed Ours(MLContext mlContext, ITransformer pipeline, IDataView rows, GreyPicture[] pictures)
    {
        var engine = mlContext.Model.CreatePredictionEngine<GreyPicture, Prediction>(pipeline, rows.Schema);
        return new(
            () => _ = pipeline.Transform(rows).GetColumn<float[]>("Score").Count(), i => engine.Predict(pictures[i % pictures.Length]));
    }

    /// <summary>Seconds per row in batches, and for a single row: medians over turns, so that other programs slow all alike.</summary>
    static (double Row, double Single)[] Measure(int rows, Timed[] ways)
    {
        var times = ways.Select(_ => (Row: new List<double>(), Single: new List<double>())).ToArray();
        foreach (var way in ways)
        {
            var began = Stopwatch.GetTimestamp();
            while (Stopwatch.GetElapsedTime(began) < WarmUp)
                Turn(rows, way);
        }
        for (var turn = 0; turn < Turns; turn++)
        {
            for (var i = 0; i < ways.Length; i++)
            {
                var (row, single) = Turn(rows, ways[i]);
                times[i].Row.Add(row);
                times[i].Single.Add(single);
            }
        }
        return [.. times.Select(t => (Median(t.Row), Median(t.Single)))];
    }

    static (double Row, double Single) Turn(int rows, Timed way)
    {
        var began = Stopwatch.GetTimestamp();
        way.All();
        var row = Stopwatch.GetElapsedTime(began).TotalSeconds / rows;
        began = Stopwatch.GetTimestamp();
        for (var i = 0; i < Singles; i++)
            way.One(i);
        return (row, Stopwatch.GetElapsedTime(began).TotalSeconds / Singles);
    }

    static int Tokens(Compared one) => ((VitBlueprint)Blueprint.Of(one.Network)).Tokens;

    static long NotZero(nn.Module network)
    {
        using var scope = NewDisposeScope();
        using var withoutGradients = no_grad();
        return network.parameters().Sum(p => p.count_nonzero().item<long>());
    }

    static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    // Says so if a pruned model is not faster.
    static string Times(double more, double less, string word) =>
        string.Create(CultureInfo.InvariantCulture, $"{more / less:F2}x {(more < less ? "(not " + word + ")" : word)}");
}
