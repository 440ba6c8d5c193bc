using System.Diagnostics;
using System.Globalization;
using Microsoft.ML;
using Microsoft.ML.Data;
using MLNet.Pruning.Schedules;

namespace MLNet.Pruning.Benchmarks;

/// <summary>
/// The quickstart's pipeline, from image to prediction: merging of 16 tokens to 8, and a transformer of 4 blocks with 80 % of its weights
/// inactive. One prediction in ML.NET's engine and what it allocates, and rows a second from a view.
/// </summary>
static class Predicting
{
    const int Rows = 8_192, Singles = 2_000;

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
        Table.Row("the network alone, one row", Microseconds(trained.MeasureScoring().Latency));
        Table.Row("the network alone, batches, one thread", $"{trained.MeasureScoring().RowsPerSecond:N0} rows/s");

        var rows = context.Data.Cache(context.Data.SynthesizeDigits(Rows, 2));
        var digits = context.Data.CreateEnumerable<Image>(rows, reuseRowObject: false).Take(256).ToArray();
        var engine = context.Model.CreatePredictionEngine<Image, Prediction>(model, train.Schema);
        var (single, many) = (new List<double>(), new List<double>());
        string[] columns = ["Pixels", "Tokens", "Score"];
        var reading = columns.Select(_ => new List<double>()).ToArray();
        for (var turn = 0; turn <= turns; turn++)
        {
            var began = Stopwatch.GetTimestamp();
            for (var i = 0; i < Singles; i++)
                engine.Predict(digits[i % digits.Length]);
            var one = Stopwatch.GetElapsedTime(began).TotalSeconds / Singles;
            var view = model.Transform(rows);
            began = Stopwatch.GetTimestamp();
            var count = view.GetColumn<float[]>("Score").Count();
            var each = Stopwatch.GetElapsedTime(began).TotalSeconds / count;
            for (var i = 0; i < columns.Length; i++)
            {
                began = Stopwatch.GetTimestamp();
                Read(view, columns[i]);
                var read = Stopwatch.GetElapsedTime(began).TotalSeconds / count;
                if (turn > 0)
                    reading[i].Add(read);
            }
            if (turn > 0)
            {
                single.Add(one);
                many.Add(each);
            }
        }
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < Singles; i++)
            engine.Predict(digits[i % digits.Length]);
        var bytes = (GC.GetAllocatedBytesForCurrentThread() - before) / Singles;
        Table.Row("PredictionEngine.Predict, merging included", Microseconds(Table.Median(single)), $"{Microseconds(single.Min())} at best; {bytes} bytes allocated a call");
        Table.Row("GetColumn of scores from a view", $"{1 / Table.Median(many):N0} rows/s");
        for (var i = 0; i < columns.Length; i++)
            Table.Row($"a cursor over {columns[i]}", $"{1 / Table.Median(reading[i]):N0} rows/s", $"{Microseconds(reading[i].Min())} a row at best");
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
