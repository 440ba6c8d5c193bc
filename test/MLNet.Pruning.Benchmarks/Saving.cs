using System.Diagnostics;
using MLNet.Pruning.Plans;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace MLNet.Pruning.Benchmarks;

/// <summary>Saving and loading the largest autoencoder of the rank-based paper, beside copying the bytes of its file.</summary>
static class Saving
{
    public static void Run(string[] args)
    {
        int rounds = args.Length > 0 ? int.Parse(args[0]) : 5;
        string folder = Directory.CreateTempSubdirectory("mlprune").FullName;
        try
        {
            Measure(rounds, folder);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    static void Measure(int rounds, string folder)
    {
        var context = new MLContext(seed: 1).UsePruning();
        var shape = VaeBlueprint.CelebA;
        string model = Path.Combine(folder, "model"), copy = Path.Combine(folder, "copy"), zip = Path.Combine(folder, "model.zip");
        using var transformer = Trained(context, shape, out var schema);
        using var network = transformer.Module;
        Write();
        Console.WriteLine($"{network.parameters().Sum(p => p.NumberOfElements):N0} parameters; load {Table.Load()}");
        (string What, Action Do)[] parts =
        [
            ("copying the file", () => File.Copy(model, copy, overwrite: true)),
            ("ModelFile.Save", () => ModelFile.Save(model, shape, network)),
            ("ModelFile.Load", () => ModelFile.Load(model).Model.Dispose()),
            ("ScoringPlan.Load", () => ScoringPlan.Load(model)),
            ("WriteTo", Write),
            ("ReadFrom", Read),
            ("mlContext.Model.Save", () => context.Model.Save(transformer, schema, zip)),
            ("mlContext.Model.Load", () => ((IDisposable)context.Model.Load(zip, out _)).Dispose()),
        ];
        var seconds = parts.ToDictionary(part => part.What, _ => new List<double>());
        for (int round = 0; round < rounds; round++)
        {
            foreach (var (what, action) in parts)
            {
                if (what == "ModelFile.Load")
                    ModelFile.Save(model, shape, network);
                if (what == "ReadFrom")
                    Write();
                GC.Collect();
                var watch = Stopwatch.StartNew();
                action();
                seconds[what].Add(watch.Elapsed.TotalSeconds);
            }
        }
        double bytes = Table.Median(seconds["copying the file"]);
        foreach (var (what, all) in seconds)
            Table.Row(what, $"{Table.Median(all):F2} s", $"{Table.Median(all) / bytes:F1}x of copying");

        void Write()
        {
            using var stream = File.Create(model);
            transformer.WriteTo(stream);
        }

        void Read()
        {
            using var stream = File.OpenRead(model);
            PrunedVaeTransformer.ReadFrom(context, stream).Dispose();
        }
    }

    static PrunedVaeTransformer Trained(MLContext context, VaeBlueprint shape, out DataViewSchema schema)
    {
        var definition = SchemaDefinition.Create(typeof(Row));
        definition[nameof(Row.Pixels)].ColumnType = new VectorDataViewType(NumberDataViewType.Single, 3 * 64 * 64);
        var rows = context.Data.LoadFromEnumerable(Enumerable.Range(0, 2).Select(_ => new Row { Pixels = new float[3 * 64 * 64] }), definition);
        schema = rows.Schema;
        return new PrunedVaeEstimator(context, new()
        {
            InputColumnName = "Pixels",
            ImageChannels = 3,
            Channels = shape.Channels,
            HiddenSizes = shape.Hidden,
            LatentSize = shape.Latent,
            Optimizer = OptimizerKind.Sgd,
            Epochs = 1,
        }).Fit(rows);
    }

    sealed class Row
    {
        public float[] Pixels { get; set; } = [];
    }
}
