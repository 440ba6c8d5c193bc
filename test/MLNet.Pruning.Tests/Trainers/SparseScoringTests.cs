using System.Text;
using MLNet.Pruning.Persistence;
using Microsoft.ML;
using Microsoft.ML.Data;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Trainers;

[TestClass]
[DoNotParallelize]
public sealed class SparseScoringTests
{
    static readonly WeightPruning tenth = new() { Schedule = Schedule.Constant(0.9), Every = 2 };

    readonly MLContext context = new(seed: 1);

    PrunedModelTransformer Fit(SparseScoring scoring, IDataView data) => context.MulticlassClassification.Trainers.PrunedFeedForward(new()
    {
        LabelColumnName = "Kind",
        FeatureColumnName = "Pixels",
        HiddenSizes = [128, 70],
        Epochs = 3,
        BatchSize = 16,
        Pruning = tenth,
        SparseScoring = scoring,
        Seed = 3,
    }).Fit(data);

    static void AreClose(IDataView expected, IDataView found, string column = "Score")
    {
        var (one, other) = (expected.GetColumn<float[]>(column).ToArray(), found.GetColumn<float[]>(column).ToArray());
        Assert.HasCount(one.Length, other);
        Assert.IsLessThan(1e-4, one.Zip(other, (a, b) => a.Zip(b, (x, y) => (double)Math.Abs(x - y)).Max()).Max());
    }

    [TestMethod]
    public void Sparse_and_dense_scores_agree_in_views_and_in_prediction_engines()
    {
        var data = Patterns.Keys(context, Patterns.View(context, 300));
        using var dense = Fit(SparseScoring.Dense, data);
        using var sparse = Fit(SparseScoring.Sparse, data);
        using var automatic = Fit(SparseScoring.Automatic, data);
        foreach (var (model, kernel) in new[] { (dense, "dense"), (sparse, "sparse") })
        {
            CollectionAssert.AreEqual(new[] { "layers.linear1", "layers.linear2", "layers.linear3" }, model.Scoring.Select(l => l.Layer).ToArray());
            Assert.IsTrue(model.Scoring.All(l => l.Kernel.StartsWith(kernel, StringComparison.Ordinal)), string.Join(", ", model.Scoring));
            CollectionAssert.AreEqual(model.Scoring.ToArray(), model.History!.Scoring!.ToArray());
        }
        AreClose(dense.Transform(data), sparse.Transform(data));
        AreClose(dense.Transform(data), automatic.Transform(data));

        var mapper = ((ITransformer)sparse).GetRowToRowMapper(data.Schema);
        using var cursor = data.GetRowCursor(data.Schema);
        using var row = mapper.GetRow(cursor, mapper.OutputSchema);
        var getter = row.GetGetter<VBuffer<float>>(mapper.OutputSchema["Score"]);
        VBuffer<float> score = default;
        foreach (var expected in dense.Transform(data).GetColumn<float[]>("Score"))
        {
            Assert.IsTrue(cursor.MoveNext());
            getter(ref score);
            Assert.IsLessThan(1e-4, expected.Zip(score.DenseValues().ToArray(), (x, y) => (double)Math.Abs(x - y)).Max());
        }
    }

    [TestMethod]
    public void What_is_measured_for_a_report_stands_in_the_history()
    {
        var data = Patterns.Keys(context, Patterns.View(context, 90));
        using var model = Fit(SparseScoring.Automatic, data);
        Assert.IsNull(model.History!.ScoringSpeed);
        var speed = model.MeasureScoring();
        Assert.IsTrue(speed.Latency is > 0 and < 1 && speed.RowsPerSecond is > 1 and < double.PositiveInfinity, $"{speed}");
        Assert.AreEqual(speed, model.History!.ScoringSpeed);
        Assert.AreEqual(speed, TrainingHistory.FromJson(model.History!.ToJson()).ScoringSpeed);
        foreach (var layer in model.Scoring.Take(2))
            Assert.AreEqual(0.1, layer.Density, 0.001);
        CollectionAssert.AreEqual(model.Scoring.ToArray(), TrainingHistory.FromJson(model.History!.ToJson()).Scoring!.ToArray());
        Assert.IsNull(TrainingHistory.FromJson("{}").Scoring);
    }

    [TestMethod]
    public void A_saved_model_is_computed_as_it_was_told()
    {
        using var folder = new TemporaryFolder();
        var data = Patterns.Keys(context, Patterns.View(context, 90));
        foreach (var scoring in Enum.GetValues<SparseScoring>())
        {
            using var model = Fit(scoring, data);
            context.Model.Save(model, data.Schema, folder["model.zip"]);
            using var loaded = (PrunedModelTransformer)new MLContext().UsePruning().Model.Load(folder["model.zip"], out _);
            CollectionAssert.AreEqual(model.Scoring.ToArray(), loaded.Scoring.ToArray());
            ConvNetPipelineTests.AreSame(model.Transform(data), loaded.Transform(data));
        }
    }

    [TestMethod]
    public void A_file_that_says_what_was_measured_loads_by_the_rule()
    {
        var data = Patterns.Keys(context, Patterns.View(context, 90));
        using var model = Fit(SparseScoring.Automatic, data);
        using var written = new MemoryStream();
        model.WriteTo(written);
        foreach (var (old, expected) in new[] { ("Measured", model), ("Dense", null) })
        {
            written.Position = 0;
            var archive = Archive.Read(written, "classifier", "The model");
            var layers = """[{"layer":"layers.linear1","rows":[1,16],"sparse":[false,true]}]""";
            var chosen = $$"""{"scoring":"{{old}}","processor":"AMD EPYC, 2","layers":{{layers}}}""";
            archive.Add("scoring", Encoding.UTF8.GetBytes(chosen));
            using var stream = new MemoryStream();
            archive.Write(stream);
            stream.Position = 0;
            using var loaded = PrunedModelTransformer.ReadFrom(context, stream);
            if (expected is not null)
                CollectionAssert.AreEqual(expected.Scoring.ToArray(), loaded.Scoring.ToArray());
            else
                Assert.IsTrue(loaded.Scoring.All(l => l.Kernel.StartsWith("dense", StringComparison.Ordinal)));
            if (expected is not null)
                ConvNetPipelineTests.AreSame(model.Transform(data), loaded.Transform(data));
        }
    }

    [TestMethod]
    public void A_module_that_learned_further_scores_by_its_new_weights()
    {
        var data = Patterns.Keys(context, Patterns.View(context, 90));
        using var model = Fit(SparseScoring.Automatic, data);
        var before = model.Transform(data).GetColumn<float[]>("Score").First();
        model.Module.train();
        using (var optimizer = optim.SGD(model.Module.parameters(), 0.5))
        using (var input = ones(4, 64))
        using (var loss = model.Module.call(input)[TensorIndex.Colon, 0].sum())
        {
            loss.backward();
            optimizer.step();
        }
        model.Module.eval();
        Assert.IsGreaterThan(0.01f, Math.Abs(before[0] - model.Transform(data).GetColumn<float[]>("Score").First()[0]));
        using var stream = new MemoryStream();
        model.WriteTo(stream);
        stream.Position = 0;
        using var again = PrunedModelTransformer.ReadFrom(context, stream);
        ConvNetPipelineTests.AreSame(model.Transform(data), again.Transform(data));
    }

    [TestMethod]
    public void Weights_that_were_written_by_hand_are_scored_by_after_a_refresh()
    {
        var data = Patterns.Keys(context, Patterns.View(context, 30));
        using var model = Fit(SparseScoring.Automatic, data);
        var before = model.Transform(data).GetColumn<float[]>("Score").First();
        using (no_grad())
        {
            foreach (var parameter in model.Module.parameters())
                parameter.zero_();
        }
        CollectionAssert.AreEqual(before, model.Transform(data).GetColumn<float[]>("Score").First());
        model.Refresh();
        foreach (var score in model.Transform(data).GetColumn<float[]>("Score").First())
            Assert.AreEqual(1 / 3f, score, 1e-6f);
    }

    [TestMethod]
    public void An_infinity_among_the_features_predicts_the_missing_key()
    {
        var data = Patterns.Keys(context, Patterns.View(context, 90));
        using var model = Fit(SparseScoring.Dense, data);
        foreach (var infinity in new[] { float.PositiveInfinity, float.NegativeInfinity })
        {
            var broken = Patterns.Draw(3);
            broken[1].Pixels[5] = infinity;
            var keys = model.Transform(Patterns.View(context, broken)).GetColumn<uint>("PredictedLabel").ToArray();
            Assert.IsTrue(keys[0] != 0 && keys[1] == 0 && keys[2] != 0, $"{infinity}: {string.Join(", ", keys)}");
        }
    }

    [TestMethod]
    public void Training_twice_gives_the_same_file_but_for_its_history()
    {
        var data = Patterns.Keys(context, Patterns.View(context, 90));
        byte[] Bytes()
        {
            using var model = Fit(SparseScoring.Automatic, data);
            return ModelBytes.WithoutHistory(model);
        }
        CollectionAssert.AreEqual(Bytes(), Bytes());
    }

    [TestMethod]
    public void A_NaN_among_the_features_still_predicts_the_missing_key()
    {
        var rows = Patterns.Draw(90);
        var data = Patterns.Keys(context, Patterns.View(context, rows));
        using var model = Fit(SparseScoring.Sparse, data);
        for (int feature = 0; feature < 64; feature++)
        {
            var broken = Patterns.Draw(3);
            broken[1].Pixels[feature] = float.NaN;
            var keys = model.Transform(Patterns.View(context, broken)).GetColumn<uint>("PredictedLabel").ToArray();
            Assert.IsTrue(keys[0] != 0 && keys[1] == 0 && keys[2] != 0, $"feature {feature}: {string.Join(", ", keys)}");
        }
    }

    [TestMethod]
    public void An_autoencoder_scores_by_the_weights_that_are_on_as_well()
    {
        var data = Patterns.View(context, 60);
        PrunedVaeTransformer Fit(SparseScoring scoring) => context.Transforms.PrunedVae(new()
        {
            InputColumnName = "Pixels",
            Channels = [4, 6],
            HiddenSizes = [24, 16],
            LatentSize = 3,
            Epochs = 2,
            BatchSize = 16,
            Pruning = tenth,
            SparseScoring = scoring,
            Seed = 3,
        }).Fit(data);
        using var dense = Fit(SparseScoring.Dense);
        using var sparse = Fit(SparseScoring.Sparse);
        Assert.IsGreaterThan(3, sparse.Scoring.Count);
        AreClose(dense.Transform(data), sparse.Transform(data), "Reconstruction");
        using var stream = new MemoryStream();
        sparse.WriteTo(stream);
        stream.Position = 0;
        using var again = PrunedVaeTransformer.ReadFrom(context, stream);
        CollectionAssert.AreEqual(sparse.Scoring.ToArray(), again.Scoring.ToArray());
        CollectionAssert.AreEqual(sparse.Scoring.ToArray(), sparse.History!.Scoring!.ToArray());
    }

    [TestMethod]
    public void An_unknown_way_of_scoring_is_refused_when_the_trainer_is_made() => StringAssert.Contains(
        Assert.Throws<ArgumentException>(() => context.MulticlassClassification.Trainers.PrunedFeedForward(new() { SparseScoring = (SparseScoring)9 })).Message,
        "SparseScoring is 9; wanted one of Automatic, Dense, Sparse.");
}
