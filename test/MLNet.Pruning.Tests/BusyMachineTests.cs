using System.Diagnostics;
using MLNet.Pruning.Tests.Trainers;
using Microsoft.ML;
using Microsoft.ML.Data;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests;

/// <summary>What a model computes, and what it leaves behind, whatever else the machine does.</summary>
[TestClass]
[DoNotParallelize] // it sets the process's number of threads
public sealed class BusyMachineTests
{
    readonly MLContext context = new MLContext(seed: 1).UsePruning();

    ITransformer Fit() => context.Transforms.Conversion.MapValueToKey("Kind").Append(
        context.MulticlassClassification.Trainers.PrunedFeedForward(new()
        {
            LabelColumnName = "Kind",
            FeatureColumnName = "Pixels",
            HiddenSizes = [128, 70],
            Epochs = 2,
            BatchSize = 16,
            Pruning = new WeightPruning { Schedule = Schedule.Constant(0.8), Every = 2 },
            Seed = 3,
        })).Fit(Patterns.View(context, 90));

    // Not disposed of: with it would go the model.
    PredictionEngine<Pattern, Guess> Engine(ITransformer model) =>
        context.Model.CreatePredictionEngine<Pattern, Guess>(model, Patterns.View(context, 1).Schema);

    static void OnCountsOfThreads(int count, Action body)
    {
        var before = get_num_threads();
        set_num_threads(count);
        try
        {
            body();
        }
        finally
        {
            set_num_threads(before);
        }
    }

    [TestMethod]
    public void A_model_that_is_saved_and_loaded_while_others_burn_all_cores_scores_the_same_bits()
    {
        using var folder = new TemporaryFolder();
        var rows = Patterns.View(context, 1000, seed: 5);
        using var burning = new Burning();
        var model = Fit();
        using (model as IDisposable)
        {
            context.Model.Save(model, rows.Schema, folder["model.zip"]);
            var loaded = context.Model.Load(folder["model.zip"], out _);
            using (loaded as IDisposable)
            {
                ConvNetPipelineTests.AreSame(model.Transform(rows), loaded.Transform(rows));
                var engine = Engine(model);
                var other = Engine(loaded);
                foreach (var row in Patterns.Draw(1000, seed: 5))
                    CollectionAssert.AreEqual(engine.Predict(row).Score, other.Predict(row).Score);
                context.Model.Save(loaded, rows.Schema, folder["again.zip"]);
            }
        }
    }

    [TestMethod]
    [DataRow("feedforward")]
    [DataRow("convnet")]
    [DataRow("vit")]
    [DataRow("vae")]
    public void Engines_and_views_of_a_model_saved_and_loaded_give_the_same_bits_while_others_burn_all_cores(string name)
    {
        using var folder = new TemporaryFolder();
        var images = Patterns.Draw(1000, seed: 5);
        var rows = Patterns.View(context, images);
        using var burning = new Burning();
        var model = context.Model.Load(Path.Combine(AppContext.BaseDirectory, "Models", $"{name}.zip"), out _);
        context.Model.Save(model, rows.Schema, folder["model.zip"]);
        var again = context.Model.Load(folder["model.zip"], out _);
        var expected = Numbers(model.Transform(rows), name);
        AreSame(expected, Numbers(again.Transform(rows), name));
        foreach (var one in new[] { model, again })
        {
            AreSame(expected, name == "vae"
                ? Predictions<Reconstructed>(one, images, found => [.. found.Latent, .. found.Reconstruction, found.Loss])
                : Predictions<Guess>(one, images, found => found.Score));
            (one as IDisposable)?.Dispose();
        }
    }

    // Not disposed of: with it would go the model.
    float[][] Predictions<T>(ITransformer model, Pattern[] images, Func<T, float[]> numbers)
        where T : class, new()
    {
        var engine = context.Model.CreatePredictionEngine<Pattern, T>(model, Patterns.View(context, 1).Schema);
        return [.. images.Select(image => numbers(engine.Predict(image)))];
    }

    static float[][] Numbers(IDataView scored, string name) => name == "vae"
        ? [.. scored.GetColumn<float[]>("Latent").Zip(scored.GetColumn<float[]>("Reconstruction"), scored.GetColumn<float>("Loss"))
            .Select(row => (float[])[.. row.First, .. row.Second, row.Third])]
        : [.. scored.GetColumn<float[]>("Score")];

    static void AreSame(float[][] expected, float[][] found)
    {
        Assert.HasCount(expected.Length, found);
        for (var row = 0; row < expected.Length; row++)
            CollectionAssert.AreEqual(expected[row], found[row], $"row {row}");
    }

    [TestMethod]
    public void Training_scoring_saving_and_loading_leave_the_number_of_threads_as_it_was() => OnCountsOfThreads(3, () =>
    {
        using var folder = new TemporaryFolder();
        var rows = Patterns.View(context, 30);
        var model = Fit();
        using (model as IDisposable)
        {
            _ = model.Transform(rows).GetColumn<float[]>("Score").Count();
            Engine(model).Predict(Patterns.Draw(1)[0]);
            context.Model.Save(model, rows.Schema, folder["model.zip"]);
            (context.Model.Load(folder["model.zip"], out _) as IDisposable)?.Dispose();
        }
        var elsewhere = 0;
        var thread = new Thread(() => elsewhere = get_num_threads());
        thread.Start();
        thread.Join();
        Assert.AreEqual((3, 3), (get_num_threads(), elsewhere));
    });

    [TestMethod]
    public void Eight_threads_with_engines_of_their_own_get_what_one_gets_and_keep_their_number_of_threads() => OnCountsOfThreads(3, () =>
    {
        var model = Fit();
        using (model as IDisposable)
        {
            var rows = Patterns.Draw(200, seed: 6);
            var one = Engine(model);
            var expected = rows.Select(row => one.Predict(row).Score).ToArray();
            var failures = new Exception?[8];
            var threads = Enumerable.Range(0, 8).Select(number => new Thread(() =>
            {
                try
                {
                    var engine = Engine(model);
                    for (var i = 0; i < rows.Length; i++)
                        CollectionAssert.AreEqual(expected[i], engine.Predict(rows[i]).Score);
                    Assert.AreEqual(3, get_num_threads());
                }
                catch (Exception e)
                {
                    failures[number] = e;
                }
            })).ToArray();
            foreach (var thread in threads)
                thread.Start();
            foreach (var thread in threads)
                thread.Join();
            CollectionAssert.AreEqual(new Exception?[8], failures);
        }
    });

    /// <summary>Keeps all cores busy with other processes.</summary>
    sealed class Burning : IDisposable
    {
        readonly Process[] others = [.. Enumerable.Range(0, Environment.ProcessorCount).Select(_ => Process.Start(OperatingSystem.IsWindows()
            ? new ProcessStartInfo("cmd", "/c for /L %i in (0,0,1) do rem")
            : new ProcessStartInfo("sh", ["-c", "while :; do :; done"]))!)];

        public void Dispose()
        {
            foreach (var other in others)
            {
                other.Kill();
                other.Dispose();
            }
        }
    }

    sealed class Reconstructed
    {
        public float[] Latent { get; set; } = [];

        public float[] Reconstruction { get; set; } = [];

        public float Loss { get; set; }
    }

    sealed class Guess
    {
        public float[] Score { get; set; } = [];
    }
}
