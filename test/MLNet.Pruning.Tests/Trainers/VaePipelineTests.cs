using MLNet.Pruning.Models;
using MLNet.Pruning.Persistence;
using Microsoft.ML;
using Microsoft.ML.Data;
using TorchSharp;
using static Microsoft.ML.SchemaShape.Column;

namespace MLNet.Pruning.Tests.Trainers;

[TestClass]
[DoNotParallelize]
public sealed class VaePipelineTests
{
    readonly MLContext context = new(seed: 1);

    PrunedVaeEstimator Estimator(Action<PrunedVaeEstimator.Options>? set = null)
    {
        var options = new PrunedVaeEstimator.Options { InputColumnName = "Pixels", Channels = [4, 6], HiddenSizes = [24, 16], LatentSize = 3, Epochs = 40, BatchSize = 16, LearningRate = 0.005, DivergenceWeight = 0.1 };
        set?.Invoke(options);
        return context.Transforms.PrunedVae(options);
    }

    [TestMethod]
    public void Images_are_described_by_few_numbers_and_drawn_again_and_strange_ones_stand_out()
    {
        var data = Patterns.View(context, 240);
        using var model = Estimator(o => o.ValidationSet = Patterns.View(context, 60, seed: 2)).Fit(data);
        var epochs = model.History!.Epochs;
        Assert.IsLessThan(epochs[0].ValidationLoss!.Value - 1, epochs[^1].ValidationLoss!.Value);

        var pictures = Patterns.Draw(60, seed: 3);
        var scored = model.Transform(Patterns.View(context, pictures));
        var drawn = scored.GetColumn<float[]>("Reconstruction").ToArray();
        var latents = scored.GetColumn<float[]>("Latent").ToArray();
        Assert.HasCount(3, latents[0]);
        // Nearer to its own image than to those of another kind.
        for (int i = 0; i < 57; i++)
            Assert.IsLessThan(Distance(drawn[i], pictures[i + 1].Pixels), Distance(drawn[i], pictures[i].Pixels), $"image {i}");

        var random = new Random(7);
        var noise = model.Transform(Patterns.View(context, Enumerable.Range(0, 20).Select(_ => new Pattern { Pixels = [.. Enumerable.Range(0, 64).Select(_ => random.NextSingle() < 0.5f ? 0f : 1f)] })));
        Assert.IsGreaterThan(scored.GetColumn<float>("Loss").Max(), noise.GetColumn<float>("Loss").Min());
    }

    [TestMethod]
    public void The_columns_hold_what_the_network_computes_and_the_loss_is_that_of_the_objective()
    {
        var data = Patterns.View(context, 30);
        using var model = Estimator(o => (o.Epochs, o.ReconstructionWeight, o.LatentColumnName, o.ReconstructionColumnName, o.LossColumnName) = (2, 0.5, "Code", "Again", "Cost")).Fit(data);
        var scored = model.Transform(data);
        using var scope = torch.NewDisposeScope();
        using var off = torch.no_grad();
        var images = torch.tensor(Patterns.Draw(30).SelectMany(p => p.Pixels).ToArray(), [30, 1, 8, 8]);
        var output = model.Module.Run(images);
        AreClose(output.Mean, scored.GetColumn<float[]>("Code"));
        AreClose(output.Logits.sigmoid().flatten(1), scored.GetColumn<float[]>("Again"));
        AreClose(new VaeObjective(0.5, 0.1).RowLosses(output, images).unsqueeze(1), scored.GetColumn<float>("Cost").Select(loss => new[] { loss }));

        static void AreClose(torch.Tensor expected, IEnumerable<float[]> found)
        {
            var (one, other) = (expected.data<float>().ToArray(), found.SelectMany(f => f).ToArray());
            Assert.HasCount(one.Length, other);
            for (int i = 0; i < one.Length; i++)
                Assert.AreEqual(one[i], other[i], 1e-4f * Math.Max(1, Math.Abs(one[i])));
        }
    }

    [TestMethod]
    public void A_saved_autoencoder_computes_the_same_after_loading_also_in_a_prediction_engine()
    {
        using var folder = new TemporaryFolder();
        var data = context.Data.SynthesizeDigits(60);
        using var model = context.Transforms.PrunedVae("Pixels", latentSize: 4, epochs: 1).Fit(data);
        context.Model.Save(model, data.Schema, folder["model.zip"]);
        var other = new MLContext().UsePruning();
        var loaded = other.Model.Load(folder["model.zip"], out _);
        var (expected, found) = (model.Transform(data), loaded.Transform(data));
        Assert.AreEqual(expected.Schema.ToString(), found.Schema.ToString());
        CollectionAssert.AreEqual(expected.GetColumn<float>("Loss").ToArray(), found.GetColumn<float>("Loss").ToArray());

        using var engine = other.Model.CreatePredictionEngine<Picture, Redrawn>(loaded);
        var first = engine.Predict(new Picture { Pixels = data.GetColumn<float[]>("Pixels").First() });
        var reconstruction = expected.GetColumn<float[]>("Reconstruction").First();
        Assert.HasCount(784, first.Reconstruction);
        Assert.HasCount(4, first.Latent);
        for (int i = 0; i < 784; i++)
            Assert.AreEqual(reconstruction[i], first.Reconstruction[i], 1e-5f);
        (loaded as IDisposable)?.Dispose();
    }

    [TestMethod]
    public void A_damaged_or_foreign_file_is_refused()
    {
        using var model = Estimator(o => (o.Epochs, o.Channels, o.HiddenSizes) = (1, [1], [2])).Fit(Patterns.View(context, 6));
        using var stream = new MemoryStream();
        model.WriteTo(stream);
        byte[] whole = stream.ToArray();
        for (int at = 0; at < whole.Length; at += 11)
        {
            Refused(whole[..at]);
            byte[] damaged = [.. whole];
            damaged[at] ^= 0x10;
            Refused(damaged);
        }
        Assert.ThrowsExactly<InvalidDataException>(() => PrunedModelTransformer.ReadFrom(context, new MemoryStream(whole)));

        void Refused(byte[] bytes) => Assert.ThrowsExactly<InvalidDataException>(() => PrunedVaeTransformer.ReadFrom(context, new MemoryStream(bytes)));
    }

    [TestMethod]
    public void The_promised_schema_is_the_schema_that_comes()
    {
        var data = Patterns.View(context, 6);
        var estimator = Estimator(o => o.Epochs = 1);
        using var model = estimator.Fit(data);
        var made = model.Transform(data).Schema;
        var promised = estimator.GetOutputSchema(new SchemaShape([MLNetInternals.Column("Kind", VectorKind.Scalar, TextDataViewType.Instance), MLNetInternals.Column("Pixels", VectorKind.Vector, NumberDataViewType.Single)]));
        CollectionAssert.AreEqual(made.Select(column => column.Name).ToArray(), promised.Select(column => column.Name).ToArray());
        foreach (var column in promised)
            Assert.AreEqual(made[column.Name].Type is VectorDataViewType, column.Kind == VectorKind.Vector);
        StringAssert.Contains(Assert.Throws<ArgumentOutOfRangeException>(() => estimator.GetOutputSchema(new SchemaShape([]))).Message, "'Pixels'");
    }

    [TestMethod]
    public void Values_outside_0_to_1_are_refused_with_their_row_and_rows_that_are_no_numbers_passed_over()
    {
        var rows = Patterns.Draw(30);
        rows[4].Pixels[7] = 255;
        var failure = Assert.ThrowsExactly<InvalidDataException>(() => Estimator().Fit(Patterns.View(context, rows)));
        StringAssert.Contains(failure.Message, "Row 4 of the training set has a value of 255 in column 'Pixels'");
        rows[4].Pixels[7] = float.NaN;
        using var model = Estimator(o => o.Epochs = 1).Fit(Patterns.View(context, rows));
        Assert.AreEqual(29, model.History!.Epochs[0].Rows);
        var losses = model.Transform(Patterns.View(context, rows)).GetColumn<float>("Loss").ToArray();
        CollectionAssert.AreEqual(Enumerable.Range(0, 30).Select(i => i == 4).ToArray(), losses.Select(float.IsNaN).ToArray());

        rows[4].Pixels[7] = -1;
        var scoring = Assert.Throws<Exception>(() => model.Transform(Patterns.View(context, rows)).GetColumn<float>("Loss").ToArray());
        StringAssert.Contains(scoring.GetBaseException().Message, "Column 'Pixels' has values outside 0 to 1");
    }

    [TestMethod]
    public void Bad_input_is_refused_in_words()
    {
        var data = Patterns.View(context, 6);
        Fit(o => o.InputColumnName = "Picture", "Could not find feature column 'Picture'");
        Fit(o => o.ImageHeight = 10, "ImageHeight 10");
        Fit(o => (o.ImageHeight, o.ImageWidth) = (32, 2), "32x2 cannot be halved 2 times");
        Fit(o => o.ValidationSet = context.Data.SynthesizeDigits(3), "validation set has 784 values");
        Made(o => o.LatentSize = 0, "LatentSize is 0");
        Made(o => o.HiddenSizes = [], "HiddenSizes is empty");
        Made(o => o.DivergenceWeight = -1, "DivergenceWeight is -1");
        Made(o => o.ReconstructionWeight = 0, "ReconstructionWeight is 0");
        Made(o => o.LossColumnName = "Latent", "three different names");
        Made(o => o.InputColumnName = "", "InputColumnName is empty");
        Made(o => o.LearningRate = 0, "LearningRate is 0");
        Assert.ThrowsExactly<InvalidDataException>(() => Estimator().Fit(Patterns.View(context, [])));

        void Fit(Action<PrunedVaeEstimator.Options> set, string part) => StringAssert.Contains(Assert.Throws<ArgumentException>(() => Estimator(set).Fit(data)).Message, part);
        void Made(Action<PrunedVaeEstimator.Options> set, string part) => StringAssert.Contains(Assert.Throws<ArgumentException>(() => Estimator(set)).Message, part);
    }

    [TestMethod]
    public void Cancelling_stops_the_run_and_the_same_seed_gives_the_same_model()
    {
        var data = Patterns.View(context, 48);
        using var source = new CancellationTokenSource();
        using var folder = new TemporaryFolder();
        using var canceled = Estimator(o =>
        {
            (o.Epochs, o.Cancellation, o.Checkpoint) = (1_000_000, source.Token, new(folder["vae.checkpoint"]));
            o.Progress = new Reporter(progress =>
            {
                if (progress.Epoch == 2)
                    source.Cancel();
            });
        }).Fit(data);
        Assert.IsTrue(canceled.History!.IsCanceled);
        using (var saved = (PrunedVaeTransformer)new MLContext().Model.LoadCheckpoint(folder["vae.checkpoint"]))
            CollectionAssert.AreEqual(canceled.Transform(data).GetColumn<float>("Loss").ToArray(), saved.Transform(data).GetColumn<float>("Loss").ToArray());
        var estimator = Estimator(o => (o.Epochs, o.Replicas) = (2, 2));
        using var first = estimator.Fit(data);
        using var second = estimator.Fit(data);
        CollectionAssert.AreEqual(first.Transform(data).GetColumn<float>("Loss").ToArray(), second.Transform(data).GetColumn<float>("Loss").ToArray());
    }

    [TestMethod]
    public void An_autoencoder_loses_neurons_while_it_learns_and_is_saved_at_its_size()
    {
        var data = Patterns.View(context, 120);
        using var model = Estimator(o => (o.Epochs, o.Pruning) = (12, new NeuronPruning { Importance = new WeightNorm(), Schedule = Schedule.Stepwise(maturity: 4, every: 2, amount: 0.2, target: 0.3) })).Fit(data);
        Assert.IsNotEmpty(model.History!.Events);
        var blueprint = model.Module.Blueprint;
        Assert.IsLessThan(24, blueprint.Hidden[0]);
        Assert.AreEqual(3, blueprint.Latent); // floor(0.3 * 3) of them may go, which is none
        using var stream = new MemoryStream();
        model.WriteTo(stream);
        stream.Position = 0;
        using var again = PrunedVaeTransformer.ReadFrom(context, stream);
        Assert.AreEqual(blueprint, again.Module.Blueprint);
        CollectionAssert.AreEqual(model.Transform(data).GetColumn<float>("Loss").ToArray(), again.Transform(data).GetColumn<float>("Loss").ToArray());
    }

    static double Distance(float[] a, float[] b) => a.Zip(b).Sum(pair => Math.Pow(pair.First - pair.Second, 2));

    sealed class Picture
    {
        [VectorType(784)]
        public float[] Pixels { get; set; } = [];
    }

    sealed class Redrawn
    {
        public float[] Latent { get; set; } = [];

        public float[] Reconstruction { get; set; } = [];
    }
}
