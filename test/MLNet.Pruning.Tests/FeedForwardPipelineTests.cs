using MLNet.Pruning.Persistence;
using Microsoft.ML;
using Microsoft.ML.Data;
using static Microsoft.ML.SchemaShape.Column;

namespace MLNet.Pruning.Tests;

[TestClass]
public sealed class FeedForwardPipelineTests
{
    [TestMethod]
    public void Digits_are_learnt_and_evaluated()
    {
        var context = new MLContext(seed: 1);
        var train = context.Data.SynthesizeDigits(4_000, seed: 1);
        var test = context.Data.SynthesizeDigits(1_000, seed: 2);
        using var model = context.Transforms.Conversion.MapValueToKey("Label")
            .Append(context.MulticlassClassification.Trainers.PrunedFeedForward(featureColumnName: "Pixels", epochs: 6, learningRate: 0.003))
            .Append(context.Transforms.Conversion.MapKeyToValue("PredictedLabel"))
            .Fit(train);
        var scored = model.Transform(test);
        var metrics = context.MulticlassClassification.Evaluate(scored);
        Assert.IsGreaterThan(0.80, metrics.MicroAccuracy);
        Assert.IsLessThan(0.8, metrics.LogLoss);

        // The same accuracy by hand: the predicted label is the label's own value, a uint.
        var labels = scored.GetColumn<uint>("PredictedLabel").ToArray();
        var truth = test.GetColumn<uint>("Label").ToArray();
        Assert.AreEqual(metrics.MicroAccuracy, labels.Zip(truth).Count(pair => pair.First == pair.Second) / 1000.0, 1e-9);
    }

    [TestMethod]
    public void Scores_are_probabilities_and_the_prediction_is_the_largest()
    {
        var context = new MLContext(seed: 1);
        using var model = Pipeline(context).Fit(Flowers.View(context, 300));
        var scored = model.Transform(Flowers.View(context, 90, seed: 2));
        var scores = scored.GetColumn<float[]>("Score").ToArray();
        var keys = scored.GetColumn<uint>("PredictedLabel").ToArray();
        Assert.HasCount(90, scores);
        for (int row = 0; row < scores.Length; row++)
        {
            Assert.HasCount(3, scores[row]);
            Assert.AreEqual(1, scores[row].Sum(), 1e-5);
            Assert.AreEqual(scores[row].Max(), scores[row][keys[row] - 1]);
        }
    }

    [TestMethod]
    public void The_confusion_matrix_shows_the_names_of_the_classes()
    {
        var context = new MLContext(seed: 1);
        using var model = Pipeline(context).Fit(Flowers.View(context, 300));
        var metrics = context.MulticlassClassification.Evaluate(model.Transform(Flowers.View(context, 90, seed: 2)), labelColumnName: "Kind");
        Assert.AreEqual(1, metrics.MicroAccuracy);
        string table = metrics.ConfusionMatrix.GetFormattedConfusionTable();
        foreach (string kind in Flowers.Kinds)
            StringAssert.Contains(table, kind);
    }

    [TestMethod]
    [DataRow(90)]
    [DataRow(91)]
    public void Cross_validation_with_a_checkpoint_is_refused_by_the_second_fold(int rows)
    {
        var context = new MLContext(seed: 1);
        using var folder = new TemporaryFolder();
        var keys = context.Transforms.Conversion.MapValueToKey("Kind").Fit(Flowers.View(context, rows)).Transform(Flowers.View(context, rows));
        var trainer = context.MulticlassClassification.Trainers.PrunedFeedForward(new()
        {
            LabelColumnName = "Kind",
            FeatureColumnName = "Petals",
            Epochs = 1,
            Checkpoint = new CheckpointOptions(folder["run.checkpoint"]),
        });
        var error = Assert.ThrowsExactly<InvalidDataException>(() => context.MulticlassClassification.CrossValidate(keys, trainer, numberOfFolds: 3, labelColumnName: "Kind"));
        StringAssert.Contains(error.Message, "run.checkpoint");
        StringAssert.Contains(error.Message, "CrossValidate trains each fold on other rows: set CheckpointOptions.PerDataSet, so that each has its own file.");
    }

    [TestMethod]
    public void Number_labels_name_the_classes_too()
    {
        var context = new MLContext(seed: 1);
        var data = context.Data.SynthesizeDigits(300);
        using var model = context.Transforms.Conversion.MapValueToKey("Label")
            .Append(context.MulticlassClassification.Trainers.PrunedFeedForward(featureColumnName: "Pixels", epochs: 1))
            .Fit(data);
        var scored = model.Transform(data);
        var names = default(VBuffer<ReadOnlyMemory<char>>);
        scored.Schema["Score"].Annotations.GetValue("SlotNames", ref names);
        var values = default(VBuffer<uint>);
        scored.Schema["PredictedLabel"].Annotations.GetValue("KeyValues", ref values);
        CollectionAssert.AreEqual(values.DenseValues().Select(value => value.ToString()).ToArray(), names.DenseValues().Select(name => name.ToString()).ToArray());
        CollectionAssert.AreEqual(Enumerable.Range(0, 10).Select(i => (uint)i).ToArray(), values.DenseValues().Order().ToArray());
    }

    [TestMethod]
    public void Cross_validation_trains_a_model_a_fold()
    {
        var context = new MLContext(seed: 1);
        var data = Flowers.View(context, 300);
        var keys = context.Transforms.Conversion.MapValueToKey("Kind").Fit(data).Transform(data);
        var trainer = context.MulticlassClassification.Trainers.PrunedFeedForward("Kind", "Petals", [8], epochs: 20, batchSize: 32, learningRate: 0.01);
        var folds = context.MulticlassClassification.CrossValidate(keys, trainer, numberOfFolds: 3, labelColumnName: "Kind");
        Assert.HasCount(3, folds);
        foreach (var fold in folds)
        {
            Assert.IsGreaterThan(0.95, fold.Metrics.MicroAccuracy);
            ((IDisposable)fold.Model).Dispose();
        }
    }

    [TestMethod]
    public void A_prediction_engine_says_what_Transform_says()
    {
        var context = new MLContext(seed: 1);
        using var model = Pipeline(context).Append(context.Transforms.Conversion.MapKeyToValue("PredictedKind", "PredictedLabel")).Fit(Flowers.View(context, 300));
        var flowers = Flowers.Pick(30, seed: 3);
        var scored = model.Transform(context.Data.LoadFromEnumerable(flowers));
        var expected = scored.GetColumn<float[]>("Score").ToArray();
        var names = scored.GetColumn<string>("PredictedKind").ToArray();
        using var engine = context.Model.CreatePredictionEngine<Flower, FlowerGuess>(model);
        for (int i = 0; i < flowers.Length; i++)
        {
            var guess = engine.Predict(flowers[i]);
            Assert.AreEqual(flowers[i].Kind, guess.PredictedKind);
            Assert.AreEqual(names[i], guess.PredictedKind);
            for (int c = 0; c < 3; c++)
                Assert.AreEqual(expected[i][c], guess.Score[c], 1e-6f);
        }
    }

    [TestMethod]
    public void The_same_seed_gives_the_same_model_to_the_bit()
    {
        float[][] Scores()
        {
            var context = new MLContext(seed: 9);
            using var model = Pipeline(context).Fit(Flowers.View(context, 300));
            return [.. model.Transform(Flowers.View(context, 60, seed: 2)).GetColumn<float[]>("Score")];
        }
        var (first, second) = (Scores(), Scores());
        for (int row = 0; row < first.Length; row++)
            CollectionAssert.AreEqual(first[row], second[row]);
    }

    [TestMethod]
    public void A_memory_limit_streams_the_rows_and_learns_as_well()
    {
        var context = new MLContext(seed: 1);
        var keys = Keys(context, Flowers.View(context, 3_000));
        using var model = new PrunedFeedForwardTrainer(context, new()
        {
            LabelColumnName = "Kind",
            FeatureColumnName = "Petals",
            HiddenSizes = [8],
            Epochs = 4,
            BatchSize = 32,
            LearningRate = 0.01,
            MemoryLimit = 400 * 24,
        }).Fit(keys);
        var metrics = context.MulticlassClassification.Evaluate(model.Transform(keys), labelColumnName: "Kind");
        Assert.IsGreaterThan(0.95, metrics.MicroAccuracy);
        Assert.AreEqual(3_000, model.History!.Epochs[0].Rows);
    }

    [TestMethod]
    public void Beyond_the_memory_limit_schedules_know_the_length_of_an_epoch_as_they_do_below()
    {
        // 3,000 rows of which 2,000 have the label: 63 steps of 32 an epoch.
        var context = new MLContext(seed: 1);
        var flowers = Flowers.Pick(3_000);
        var keys = context.Transforms.Conversion.MapValueToKey("Kind").Fit(context.Data.LoadFromEnumerable(flowers.Where(flower => flower.Kind != "rose"))).Transform(context.Data.LoadFromEnumerable(flowers));
        var (below, beyond) = (Run(0), Run(400 * 24));
        CollectionAssert.AreEqual(Enumerable.Range(0, 126).Select(step => (step / 63) + (step % 63 / 63.0)).ToArray(), below.Epochs);
        CollectionAssert.AreEqual(below.Epochs, beyond.Epochs);
        CollectionAssert.AreEqual(below.Cuts, beyond.Cuts);

        (double[] Epochs, long[] Cuts) Run(long limit)
        {
            var epochs = new List<double>();
            using var model = new PrunedFeedForwardTrainer(context, new()
            {
                LabelColumnName = "Kind",
                FeatureColumnName = "Petals",
                HiddenSizes = [8],
                Epochs = 2,
                BatchSize = 32,
                Seed = 1,
                MemoryLimit = limit,
                LearningRateSchedule = LearningRateSchedule.From((at, _) =>
                {
                    epochs.Add(at);
                    return 1;
                }),
                Pruning = new WeightPruning { Schedule = Schedule.Cubic(0, 2, 0.5), ScheduleIn = ScheduleUnit.Epochs, Every = 20 },
            }).Fit(keys);
            return ([.. epochs], [.. model.History!.Events.Select(cut => cut.Step)]);
        }
    }

    [TestMethod]
    public void The_history_and_the_log_tell_of_every_epoch()
    {
        var context = new MLContext(seed: 1);
        var lines = new List<string>();
        context.Log += (_, log) =>
        {
            lock (lines)
                lines.Add(log.Message);
        };
        var keys = Keys(context, Flowers.View(context, 300));
        using var model = context.MulticlassClassification.Trainers.PrunedFeedForward(new()
        {
            LabelColumnName = "Kind",
            FeatureColumnName = "Petals",
            Epochs = 3,
            ValidationSet = keys,
        }).Fit(keys);
        Assert.HasCount(3, model.History!.Epochs);
        Assert.IsNotNull(model.History!.Epochs[2].ValidationAccuracy);
        Assert.IsTrue(lines.Any(line => line.Contains("Epoch 3 of 3", StringComparison.Ordinal) && line.Contains("validation accuracy", StringComparison.Ordinal)));
    }

    [TestMethod]
    public void Cancelling_stops_the_run_and_the_pipeline_has_its_model()
    {
        var context = new MLContext(seed: 1);
        var warnings = new List<string>();
        context.Log += (_, e) =>
        {
            if (e.Message.Contains("cancelled", StringComparison.Ordinal))
                warnings.Add(e.Message);
        };
        using var source = new CancellationTokenSource();
        var trainer = context.MulticlassClassification.Trainers.PrunedFeedForward(new()
        {
            LabelColumnName = "Kind",
            FeatureColumnName = "Petals",
            Epochs = 1_000_000,
            Cancellation = source.Token,
            Progress = new Reporter(progress =>
            {
                if (progress.Epoch == 3)
                    source.Cancel();
            }),
        });
        var data = Flowers.View(context, 300);
        using var model = context.Transforms.Conversion.MapValueToKey("Kind").Append(trainer)
            .Append(context.Transforms.Conversion.MapKeyToValue("PredictedKind", "PredictedLabel")).Fit(data);
        var history = model.OfType<PrunedModelTransformer>().Single().History!;
        Assert.IsTrue(history.IsCanceled);
        Assert.AreEqual(3, history.Epochs[^1].Epoch);
        StringAssert.Contains(warnings.Single(), "in epoch 3 of 1000000. The model is as it was after the last whole step.");
        Assert.HasCount(300, model.Transform(data).GetColumn<string>("PredictedKind").ToArray());
        // There is nothing to give before the first step.
        Assert.Throws<OperationCanceledException>(() => trainer.Fit(Keys(context, data)));
    }

    [TestMethod]
    [DoNotParallelize] // compares trainings by a seed of the process's one generator
    public void A_cross_validation_that_is_started_again_ends_with_the_same_models()
    {
        using var folder = new TemporaryFolder();
        using var source = new CancellationTokenSource();
        var (starts, trained) = (0, 0);
        var expected = Scores(null, default);
        // In the middle of the second fold.
        Assert.Throws<OperationCanceledException>(() => Scores(new(folder["fold.checkpoint"]) { PerDataSet = true, EverySteps = 2 }, source.Token, progress =>
        {
            if (progress.Finished?.Epoch == 1 && ++starts == 2)
                source.Cancel();
        }));
        var found = Scores(new(folder["fold.checkpoint"]) { PerDataSet = true }, default, progress => trained += progress.Finished is null ? 0 : 1);
        Assert.AreEqual(4 + 4, trained, "the first fold was over, the second within its first epoch");
        for (int row = 0; row < expected.Length; row++)
            CollectionAssert.AreEqual(expected[row], found[row]);

        float[][] Scores(CheckpointOptions? checkpoint, CancellationToken cancellation, Action<TrainingProgress>? report = null)
        {
            var context = new MLContext();
            var keys = Keys(context, Flowers.View(context, 300));
            var trainer = context.MulticlassClassification.Trainers.PrunedFeedForward(new()
            {
                LabelColumnName = "Kind",
                FeatureColumnName = "Petals",
                HiddenSizes = [8],
                Epochs = 4,
                BatchSize = 32,
                Seed = checkpoint is null || report is null || cancellation.CanBeCanceled ? 5 : null, // the files' seed
                Checkpoint = checkpoint,
                Cancellation = cancellation,
                Progress = report is null ? null : new Reporter(report),
                Pruning = new NeuronPruning { Importance = new WeightNorm(2), Schedule = Schedule.Stepwise(1, 1, 0.2, 0.4) },
            });
            var folds = context.MulticlassClassification.CrossValidate(keys, trainer, numberOfFolds: 3, labelColumnName: "Kind", seed: 2);
            var scores = folds.SelectMany(fold => fold.Model.Transform(keys).GetColumn<float[]>("Score")).ToArray();
            foreach (var fold in folds)
                ((IDisposable)fold.Model).Dispose();
            return scores;
        }
    }

    [TestMethod]
    public void A_model_is_made_of_a_checkpoint_alone()
    {
        using var folder = new TemporaryFolder();
        var context = new MLContext(seed: 1);
        var keys = Keys(context, Flowers.View(context, 300));
        using var trained = context.MulticlassClassification.Trainers.PrunedFeedForward(new()
        {
            LabelColumnName = "Kind",
            FeatureColumnName = "Petals",
            Epochs = 8,
            BatchSize = 32,
            LearningRate = 0.01,
            SparseScoring = SparseScoring.Sparse,
            Checkpoint = new(folder["run.checkpoint"]),
            Pruning = new WeightPruning { Sparsity = 0.6, Every = 2 },
        }).Fit(keys);
        var fresh = new MLContext();
        using var loaded = fresh.Model.LoadCheckpoint(folder["run.checkpoint"]);
        Assert.IsInstanceOfType<PrunedModelTransformer>(loaded);
        Same(loaded);
        Assert.HasCount(8, loaded.History!.Epochs);
        Assert.AreEqual(trained.Scoring[0].Kernel, loaded.Scoring[0].Kernel);
        // The names of the classes came along, and it is saved like any other.
        var metrics = fresh.MulticlassClassification.Evaluate(loaded.Transform(keys), "Kind");
        Assert.IsGreaterThan(0.9, metrics.MicroAccuracy);
        StringAssert.Contains(metrics.ConfusionMatrix.GetFormattedConfusionTable(), Flowers.Kinds[2]);
        fresh.Model.Save(loaded, keys.Schema, folder["model.zip"]);
        using var again = (PrunedModelTransformer)new MLContext().UsePruning().Model.Load(folder["model.zip"], out _);
        Same(again);

        using var network = new FeedForward([4, 3]);
        new TrainingLoop(new() { Epochs = 1, Checkpoint = new(folder["core.checkpoint"]) })
            .Run(new() { Model = network, Examples = new ArrayExamples(new float[40], [4], new int[10]), Objective = new CrossEntropy(3) });
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => fresh.Model.LoadCheckpoint(folder["core.checkpoint"])).Message, "read it with CheckpointFile.Read");
        Assert.ThrowsExactly<FileNotFoundException>(() => fresh.Model.LoadCheckpoint(folder["none.checkpoint"]));

        void Same(ITransformer model)
        {
            var (expected, found) = (trained.Transform(keys).GetColumn<float[]>("Score").ToArray(), model.Transform(keys).GetColumn<float[]>("Score").ToArray());
            for (int row = 0; row < expected.Length; row++)
                CollectionAssert.AreEqual(expected[row], found[row]);
        }
    }

    [TestMethod]
    [DoNotParallelize] // compares trainings by a seed of the process's one generator
    public void A_cancelled_run_goes_on_from_its_checkpoint_to_the_same_model()
    {
        using var folder = new TemporaryFolder();
        var context = new MLContext(seed: 1);
        var keys = Keys(context, Flowers.View(context, 300));
        using var source = new CancellationTokenSource();
        PrunedFeedForwardTrainer Trainer(CancellationToken cancellation, bool keeps) => context.MulticlassClassification.Trainers.PrunedFeedForward(new()
        {
            LabelColumnName = "Kind",
            FeatureColumnName = "Petals",
            Epochs = 6,
            BatchSize = 32,
            Seed = 3,
            Cancellation = cancellation,
            Checkpoint = keeps ? new CheckpointOptions(folder["run.checkpoint"]) : null,
            Progress = new Reporter(progress =>
            {
                if (cancellation.CanBeCanceled && progress.Finished?.Epoch == 4)
                    source.Cancel();
            }),
        });
        using var whole = Trainer(default, keeps: false).Fit(keys);
        using (var canceled = Trainer(source.Token, keeps: true).Fit(keys))
            Assert.IsTrue(canceled.History!.IsCanceled);
        using var resumed = Trainer(default, keeps: true).Fit(keys);
        var expected = whole.Transform(keys).GetColumn<float[]>("Score").ToArray();
        var found = resumed.Transform(keys).GetColumn<float[]>("Score").ToArray();
        for (int row = 0; row < expected.Length; row++)
            CollectionAssert.AreEqual(expected[row], found[row]);
    }

    [TestMethod]
    public void A_program_without_a_seed_that_is_started_again_goes_on_where_it_was()
    {
        using var folder = new TemporaryFolder();
        var context = new MLContext(seed: 1);
        var keys = Keys(context, Flowers.View(context, 300));
        using var source = new CancellationTokenSource();
        var epochs = new List<int>();
        Trainer(5, progress =>
        {
            if (progress.Finished?.Epoch == 4)
                source.Cancel();
        }, source.Token).Fit(keys).Dispose();
        using var resumed = Trainer(6, progress =>
        {
            if (progress.Finished is { } epoch)
                epochs.Add(epoch.Epoch);
        }, default).Fit(keys);
        Assert.AreEqual("5, 6", string.Join(", ", epochs));

        // Each context draws other numbers, as those of two programs do.
        PrunedFeedForwardTrainer Trainer(int seed, Action<TrainingProgress> report, CancellationToken cancellation) =>
            new MLContext(seed).MulticlassClassification.Trainers.PrunedFeedForward(new()
            {
                LabelColumnName = "Kind",
                FeatureColumnName = "Petals",
                Epochs = 6,
                BatchSize = 32,
                Cancellation = cancellation,
                Checkpoint = new CheckpointOptions(folder["run.checkpoint"]),
                Progress = new Reporter(report),
            });
    }

    [TestMethod]
    public void The_promised_schema_is_the_schema_that_comes()
    {
        var context = new MLContext(seed: 1);
        var keys = Keys(context, Flowers.View(context, 60));
        var trainer = context.MulticlassClassification.Trainers.PrunedFeedForward("Kind", "Petals", epochs: 1);
        using var model = trainer.Fit(keys);
        var made = model.Transform(keys).Schema;
        Assert.AreEqual(model.GetOutputSchema(keys.Schema).ToString(), made.ToString());

        var promised = trainer.GetOutputSchema(new SchemaShape(
        [
            MLNetInternals.Column("Kind", VectorKind.Scalar, NumberDataViewType.UInt32, isKey: true, new SchemaShape([MLNetInternals.Column("KeyValues", VectorKind.Vector, TextDataViewType.Instance)])),
            MLNetInternals.Column("Petals", VectorKind.Vector, NumberDataViewType.Single),
        ]));
        CollectionAssert.AreEqual(new[] { "Kind", "Petals", "PredictedLabel", "Score" }, promised.Select(column => column.Name).ToArray());
        foreach (string name in new[] { "PredictedLabel", "Score" })
        {
            var column = promised.Single(column => column.Name == name);
            Assert.AreEqual(name == "PredictedLabel", column.IsKey);
            CollectionAssert.AreEquivalent(
                made[name].Annotations.Schema.Select(annotation => annotation.Name).ToArray(),
                column.Annotations.Select(annotation => annotation.Name).ToArray());
        }
    }

    internal static IEstimator<ITransformer> Trainer(MLContext context) =>
        context.MulticlassClassification.Trainers.PrunedFeedForward("Kind", "Petals", [8], epochs: 20, batchSize: 32, learningRate: 0.01);

    internal static EstimatorChain<ITransformer> Pipeline(MLContext context) =>
        context.Transforms.Conversion.MapValueToKey("Kind").Append(Trainer(context));

    internal static IDataView Keys(MLContext context, IDataView data) => context.Transforms.Conversion.MapValueToKey("Kind").Fit(data).Transform(data);
}
