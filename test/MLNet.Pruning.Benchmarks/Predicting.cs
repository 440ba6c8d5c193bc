using System.Diagnostics;
using System.Globalization;
using MLNet.Pruning.Models;
using MLNet.Pruning.Tokens;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace MLNet.Pruning.Benchmarks;

/// <summary>
/// The quickstart's pipeline, from image to prediction: merging of 16 tokens to 8, and a transformer of 4 blocks with 80 % of its weights
/// inactive. One prediction in ML.NET's engine and what it allocates, and rows a second from a view.
/// </summary>
static class Predicting
{
    const int Rows = 8_192;

    public static void Run(string[] args)
    {
        int turns = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 9;
        var context = new MLContext(seed: 1);
        var train = context.Data.SynthesizeDigits(512, 1);
        var pipeline = context.Transforms.Conversion.MapValueToKey("Label")
            .Append(context.Transforms.MergeTokens("Tokens", "Pixels", 28, 28, patchSize: 7))
            .Append(context.MulticlassClassification.Trainers.PrunedVit(new()
            {
                FeatureColumnName = "Tokens",
                Epochs = 3,
                Seed = 1,
                Pruning = new WeightPruning { Schedule = Schedule.Constant(0.8), Every = 4 },
            }))
            .Append(context.Transforms.Conversion.MapKeyToValue("PredictedLabel"));
        using var model = pipeline.Fit(train);
        var trained = model.OfType<PrunedModelTransformer>().Single();
        Console.WriteLine($"  kernels: {string.Join(", ", trained.Scoring.GroupBy(layer => layer.Kernel).Select(g => $"{g.Count()} {g.Key}"))}");
        var rows = context.Data.Cache(context.Data.SynthesizeDigits(Rows, 2));
        var digits = context.Data.CreateEnumerable<Image>(rows, reuseRowObject: false).Take(256).ToArray();
        var engine = context.Model.CreatePredictionEngine<Image, Prediction>(model, train.Schema);
        var plan = NetworkPlans.Compile(trained.Module);
        var merging = new TokenMerging(new PatchGrid(28, 28, patchSize: 7), 8);
        var (tokens, sizes, sources) = (new float[256 * 8 * 49], new float[256 * 8], new int[256 * 16]);
        var images = digits.SelectMany(digit => digit.Pixels).ToArray();
        var (features, outputs) = (new float[256 * plan.InputWidth], new float[256 * plan.OutputWidth]);
        Array.Fill(features, 0.5f);
        var view = model.Transform(rows);
        var predictor = context.Model.CreatePredictor<Image, Prediction>(model);
        var next = 0;
        (string What, int Rows, Action Run)[] parts =
        [
            ("merging alone, one image", 1, () => merging.Merge(images.AsSpan(0, 784), tokens.AsSpan(0, 392), sizes.AsSpan(0, 8), sources.AsSpan(0, 16))),
            ("the network alone, one row", 1, () => plan.Score(features.AsSpan(0, plan.InputWidth), outputs.AsSpan(0, plan.OutputWidth))),
            ("PredictionEngine.Predict, both included", 1, () => engine.Predict(digits[next++ % digits.Length])),
            ("the predictor, both included", 1, () => predictor.Predict(digits[next++ % digits.Length])),
            ("merging alone, batches of 256, one thread", 256, () => merging.Merge(images, tokens, sizes, sources, threads: 1)),
            ("the network alone, batches, one thread", 256, () => plan.Score(features, outputs)),
            ("the network alone, batches, all threads", 256, () => plan.Score(features, outputs, threads: 0)),
            ("a cursor over pixels", Rows, () => Read(view, "Pixels")),
            ("a cursor over tokens", Rows, () => Read(view, "Tokens")),
            ("a cursor over scores", Rows, () => Read(view, "Score")),
            ("GetColumn of scores", Rows, () => _ = view.GetColumn<float[]>("Score").Count()),
        ];
        var times = parts.Select(_ => new List<double>()).ToArray();
        for (var turn = 0; turn <= turns; turn++)
        {
            for (var i = 0; i < parts.Length; i++)
            {
                var calls = Math.Max(1, Rows / 4 / parts[i].Rows);
                var began = Stopwatch.GetTimestamp();
                for (var call = 0; call < calls; call++)
                    parts[i].Run();
                var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds / calls / parts[i].Rows;
                // The first turn is for compilers and caches.
                if (turn > 0)
                    times[i].Add(seconds);
            }
        }
        for (var i = 0; i < parts.Length; i++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var call = 0; call < 16; call++)
                parts[i].Run();
            var bytes = (GC.GetAllocatedBytesForCurrentThread() - before) / 16.0 / parts[i].Rows;
            Table.Row(parts[i].What, Microseconds(Table.Median(times[i])), $"{Microseconds(times[i].Min()),8} at best, {1 / Table.Median(times[i]),9:N0} rows/s, {bytes,5:F0} bytes allocated a row");
        }
        Console.WriteLine($"  load of the machine: {Table.Load()}");
    }

    static void Read(IDataView view, string column)
    {
        using var cursor = view.GetRowCursor([view.Schema[column]]);
        var get = cursor.GetGetter<VBuffer<float>>(view.Schema[column]);
        VBuffer<float> values = default;
        while (cursor.MoveNext())
            get(ref values);
    }

    static string Microseconds(double seconds) => string.Create(CultureInfo.InvariantCulture, $"{seconds * 1e6:F1} us");

    sealed class Image
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
