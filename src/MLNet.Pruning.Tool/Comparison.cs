using System.Diagnostics;
using System.Globalization;
using Microsoft.ML;
using Microsoft.ML.Data;
using MLNet.Pruning.Reporting.Text;
using static MLNet.Pruning.Reporting.Text.Numbers;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tool;

/// <summary>A trained pipeline, and what is known of it.</summary>
/// <param name="Pipeline">From images to predictions.</param>
/// <param name="Network">The network in it.</param>
/// <param name="Accuracy">On the test set; null where it has learnt nothing.</param>
/// <param name="Seconds">Of training; null where it has learnt nothing.</param>
/// <param name="Bytes">Of its file.</param>
/// <param name="Onnx">The same pipeline as an ONNX file.</param>
internal sealed record Compared(ITransformer Pipeline, nn.Module<Tensor, Tensor> Network, double? Accuracy, double? Seconds, long Bytes, string Onnx);

/// <summary>
/// Two pipelines side by side: counted, measured by the clock from image to prediction, and by what they answer; and beside them the first
/// in ONNX Runtime, where the program has it.
/// </summary>
internal static class Comparison
{
    const int Rows = 1_024, Turns = 5, Singles = 200;

    internal static TextTable Of(MLContext mlContext, IDataView test, Compared plain, Compared pruned)
    {
        var rows = mlContext.Data.Cache(mlContext.Data.TakeRows(test, Rows));
        var digits = mlContext.Data.CreateEnumerable<Digit>(rows, reuseRowObject: false).Take(Singles).ToArray();
        Compared[] both = [plain, pruned];
        var engines = both.Select(one => mlContext.Model.CreatePredictionEngine<Digit, Prediction>(one.Pipeline, test.Schema)).ToArray();
        using var peer = OnnxPeer.Of(plain.Onnx, [.. mlContext.Data.CreateEnumerable<Digit>(rows, reuseRowObject: false).Select(digit => digit.Pixels)]);
        var (many, single) = (both.Append(plain).Select(_ => new List<double>()).ToArray(), both.Append(plain).Select(_ => new List<double>()).ToArray());
        // In turns, so that whatever else the machine does slows both alike.
        for (var turn = 0; turn <= Turns; turn++)
        {
            if (peer?.Measure(Singles) is var (row, first))
            {
                many[2].Add(row);
                single[2].Add(first);
            }
            for (var i = 0; i < both.Length; i++)
            {
                var count = 0;
                var began = Stopwatch.GetTimestamp();
                count += both[i].Pipeline.Transform(rows).GetColumn<float[]>("Score").Count();
                var each = Stopwatch.GetElapsedTime(began).TotalSeconds / count;
                began = Stopwatch.GetTimestamp();
                foreach (var digit in digits)
                    engines[i].Predict(digit);
                var one = Stopwatch.GetElapsedTime(began).TotalSeconds / digits.Length;
                // The first turn is for compilers and caches.
                if (turn > 0)
                    (many[i], single[i]) = ([.. many[i], each], [.. single[i], one]);
            }
        }
        var (eachOf, oneOf) = (many.Where(times => times.Count > 0).Select(Median).ToArray(), single.Where(times => times.Count > 0).Select(Median).ToArray());
        var (tokens, left) = (Tokens(plain), Tokens(pruned));
        var (weights, on) = (Weights(plain.Network), Weights(pruned.Network));
        var table = new TextTable("", "plain#", "merged, pruned#", "#");
        if (plain is { Accuracy: { } before, Seconds: { } slow } && pruned is { Accuracy: { } after, Seconds: { } fast })
        {
            table.Add("test accuracy", Percent(before), Percent(after), ((after - before) * 100).ToString("+0.00;-0.00", CultureInfo.InvariantCulture) + " points")
                .Add("training", Duration(slow), Duration(fast), Times(slow, fast, "faster"));
        }
        table
            .Add("tokens an image", Count(tokens), Count(left), Times(tokens, left, "fewer"))
            .Add("weights that are not zero", Count(weights), Count(on), Times(weights, on, "fewer"))
            .Add("model file", Bytes(plain.Bytes), Bytes(pruned.Bytes), Times(plain.Bytes, pruned.Bytes, "smaller"))
            .Add("digits/s, from image to prediction", Count(1 / eachOf[0]), Count(1 / eachOf[1]), Times(eachOf[0], eachOf[1], "faster"))
            .Add("one prediction", Duration(oneOf[0]), Duration(oneOf[1]), Times(oneOf[0], oneOf[1], "faster"));
        if (peer is not null)
        {
            table
                .Add("digits/s in ONNX Runtime, plain", Count(1 / eachOf[2]), "", Times(eachOf[2], eachOf[1], "faster here"))
                .Add("one prediction in ONNX Runtime, plain", Duration(oneOf[2]), "", Times(oneOf[2], oneOf[1], "faster here"));
        }
        return table;
    }

    static int Tokens(Compared one) => ((VitBlueprint)Blueprint.Of(one.Network)).Tokens;

    static long Weights(nn.Module network)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        return network.parameters().Sum(p => p.count_nonzero().item<long>());
    }

    static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    // Ours says so when a pruned model is not faster.
    static string Times(double more, double less, string word) =>
        string.Create(CultureInfo.InvariantCulture, $"{more / less:F2}x {(more < 0.95 * less ? "(not " + word + ")" : word)}");
}
