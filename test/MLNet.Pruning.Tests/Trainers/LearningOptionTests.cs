using Microsoft.ML;
using Microsoft.ML.Data;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Trainers;

/// <summary>Options of how a model learns: from a teacher, with hooks, until it gets no better.</summary>
[TestClass]
[DoNotParallelize]
public sealed class LearningOptionTests
{
    readonly MLContext context = new(seed: 1);

    IDataView Data(int count = 120, int seed = 1) => Patterns.Keys(context, Patterns.View(context, count, seed));

    static PrunedFeedForwardTrainer.Options Dense(Action<PrunedFeedForwardTrainer.Options>? set = null)
    {
        var options = new PrunedFeedForwardTrainer.Options { LabelColumnName = "Kind", FeatureColumnName = "Pixels", HiddenSizes = [12], Epochs = 4, BatchSize = 16, Seed = 5 };
        set?.Invoke(options);
        return options;
    }

    PrunedFeedForwardTrainer Trainer(Action<PrunedFeedForwardTrainer.Options>? set = null) => context.MulticlassClassification.Trainers.PrunedFeedForward(Dense(set));

    float[][] Scores(PrunedModelTransformer model, IDataView data) => [.. model.Transform(data).GetColumn<float[]>("Score")];

    [TestMethod]
    public void A_student_of_any_kind_learns_a_teachers_answers_even_those_that_the_labels_deny()
    {
        // The teacher learns other labels than the student is given: only its answers can tell.
        var rows = Patterns.Draw(120);
        var turned = rows.Select(row => new Pattern { Pixels = row.Pixels, Kind = row.Kind switch { "across" => "down", "down" => "plain", _ => "across" } });
        var keys = context.Transforms.Conversion.MapValueToKey("Kind").Fit(Patterns.View(context, rows));
        var (data, others) = (keys.Transform(Patterns.View(context, rows)), keys.Transform(Patterns.View(context, turned)));
        using var teacher = Trainer(o => o.Epochs = 20).Fit(others);
        var answers = Scores(teacher, data);
        var before = Scores(teacher, data);
        var taught = new Distillation(teacher) { Temperature = 1, Weight = 0.97 };
        ITransformer[] students =
        [
            Trainer(o => (o.Epochs, o.Distillation, o.Pruning) = (20, taught, new WeightPruning { Sparsity = 0.5, Every = 5 })).Fit(data),
            context.MulticlassClassification.Trainers.PrunedConvNet(new() { LabelColumnName = "Kind", FeatureColumnName = "Pixels", Channels = [4], HiddenSizes = [12], Epochs = 20, BatchSize = 16, Seed = 1, LearningRate = 0.005, Distillation = taught }).Fit(data),
            context.MulticlassClassification.Trainers.PrunedVit(new() { LabelColumnName = "Kind", FeatureColumnName = "Pixels", Dim = 16, Depth = 1, Epochs = 30, BatchSize = 16, Seed = 1, LearningRate = 0.01, Distillation = taught, MemoryLimit = 1 }).Fit(data),
            context.MulticlassClassification.Trainers.PrunedModule(() => nn.Sequential(("in", nn.Linear(64, 10)), ("tanh", nn.Tanh()), ("out", nn.Linear(10, 3))),
                new() { LabelColumnName = "Kind", FeatureColumnName = "Pixels", Epochs = 20, BatchSize = 16, Seed = 1, LearningRate = 0.01, Distillation = taught }).Fit(data),
        ];
        foreach (PrunedModelTransformer student in students)
        {
            Assert.IsGreaterThan(0.9, Scores(student, data).Zip(answers).Count(pair => Best(pair.First) == Best(pair.Second)) / 120.0);
            StringAssert.StartsWith(student.History!.Options["Distillation"], "Distillation { Teacher = PrunedModelTransformer, ");
            student.Dispose();
        }
        for (int row = 0; row < answers.Length; row++)
            CollectionAssert.AreEqual(before[row], Scores(teacher, data)[row]);

        static int Best(float[] scores) => Array.IndexOf(scores, scores.Max());
    }

    [TestMethod]
    public void A_module_of_ones_own_and_a_model_that_was_loaded_can_teach()
    {
        var data = Data();
        using var own = context.MulticlassClassification.Trainers.PrunedModule(() => nn.Sequential(("in", nn.Linear(64, 10)), ("norm", nn.BatchNorm1d(10)), ("out", nn.Linear(10, 3))),
            new() { LabelColumnName = "Kind", FeatureColumnName = "Pixels", Epochs = 2, BatchSize = 16, Seed = 1 }).Fit(data);
        using var stream = new MemoryStream();
        own.WriteTo(stream);
        stream.Position = 0;
        using var loaded = PrunedModelTransformer.ReadFrom(context, stream);
        using var one = Trainer(o => o.Distillation = new(own)).Fit(data);
        using var two = Trainer(o => o.Distillation = new(loaded)).Fit(data);
        using var alone = Trainer().Fit(data);
        CollectionAssert.AreEqual(Scores(one, data)[0], Scores(two, data)[0]);
        CollectionAssert.AreNotEqual(Scores(one, data)[0], Scores(alone, data)[0]);
    }

    [TestMethod]
    public void A_teacher_of_other_columns_or_classes_is_refused_before_training()
    {
        var data = Data();
        using var teacher = Trainer(o => o.Epochs = 1).Fit(data);
        var renamed = context.Transforms.CopyColumns("Other", "Pixels").Fit(data).Transform(data);
        Refused("reads column 'Pixels', and this trainer reads 'Other'", () => Trainer(o => (o.FeatureColumnName, o.Distillation) = ("Other", new(teacher))).Fit(renamed));
        var wide = Patterns.Keys(context, Patterns.View(context, 30, channels: 3));
        Refused("cannot read the training set", () => Trainer(o => o.Distillation = new(teacher)).Fit(wide));
        var backwards = Patterns.Keys(context, Patterns.View(context, Patterns.Draw(30).Reverse()));
        Refused("knows class 1 as 'across', and the label column as 'plain'", () => Trainer(o => o.Distillation = new(teacher)).Fit(backwards));
        var few = Patterns.Keys(context, Patterns.View(context, Patterns.Draw(30).Where(p => p.Kind != "plain")));
        Refused("tells 3 classes apart, and the label column has 2", () => Trainer(o => o.Distillation = new(teacher)).Fit(few));
        Refused("Distillation.Temperature is 0", () => Trainer(o => o.Distillation = new(teacher) { Temperature = 0 }));
        Refused("Distillation.Teacher is null", () => Trainer(o => o.Distillation = new(null!)));

        var tokens = context.Transforms.MergeTokens(new() { InputColumnName = "Pixels", ImageHeight = 8, ImageWidth = 8, Merge = 0.25 }).Fit(data).Transform(data);
        var less = context.Transforms.MergeTokens(new() { InputColumnName = "Pixels", ImageHeight = 8, ImageWidth = 8, Merge = 0.5 }).Fit(data).Transform(data);
        PrunedVitTrainer Vit(Distillation? by) => context.MulticlassClassification.Trainers.PrunedVit(new() { LabelColumnName = "Kind", Dim = 16, Depth = 1, Epochs = 1, Distillation = by });
        using var merged = Vit(null).Fit(tokens);
        Refused("cannot read the training set", () => Vit(new(merged)).Fit(less));
        using var student = Vit(new(merged)).Fit(tokens);
        Assert.HasCount(1, student.History!.Epochs);

        static void Refused(string what, Action fit) => StringAssert.Contains(Assert.Throws<ArgumentException>(fit).Message, what);
    }

    [TestMethod]
    public void Labels_are_smoothed()
    {
        var data = Data();
        using var sharp = Trainer(o => o.Epochs = 25).Fit(data);
        using var smooth = Trainer(o => (o.Epochs, o.LabelSmoothing) = (25, 0.3)).Fit(data);
        Assert.IsGreaterThan(Scores(smooth, data).Average(s => s.Max()) + 0.05, Scores(sharp, data).Average(s => s.Max()));
        // A label of 1 - 0.3 + 0.1 and two of 0.1: no loss is below their entropy.
        Assert.IsGreaterThan(-0.8 * Math.Log(0.8) - 0.2 * Math.Log(0.1), smooth.History!.Epochs[^1].Loss);
        StringAssert.Contains(Assert.Throws<ArgumentException>(() => Trainer(o => o.LabelSmoothing = 1)).Message, "LabelSmoothing is 1");
    }

    sealed class Counter : ITrainingHook, IStateful
    {
        public int Epochs { get; private set; }

        public string StateName => "counter";

        public void AfterEpoch(TrainingRun run) => Epochs++;

        public void SaveState(TrainingRun run, BinaryWriter writer) => writer.Write(Epochs);

        public void LoadState(TrainingRun run, BinaryReader reader) => Epochs = reader.ReadInt32();
    }

    sealed class Stopper : ITrainingHook
    {
        public void AfterEpoch(TrainingRun run) => run.Stop("enough");
    }

    [TestMethod]
    public void Hooks_are_made_for_each_run()
    {
        List<Counter> made = [];
        var data = Data();
        var trainer = Trainer(o => o.Hooks = () =>
        {
            made.Add(new Counter());
            return [made[^1]];
        });
        Assert.IsEmpty(made);
        foreach (var fold in context.MulticlassClassification.CrossValidate(data, trainer, 3, "Kind"))
            ((IDisposable)fold.Model).Dispose();
        CollectionAssert.AreEqual(new[] { 4, 4, 4 }, made.Select(counter => counter.Epochs).ToArray());

        var twice = new Counter();
        var doubled = Assert.ThrowsExactly<ArgumentException>(() => Trainer(o => o.Hooks = () => [twice, twice]).Fit(data));
        StringAssert.Contains(doubled.Message, "Hooks gave the same Counter 2 times for one run, and it keeps state; give it once.");
        var shared = new Counter();
        var sharing = Trainer(o => o.Hooks = () => [shared]);
        sharing.Fit(data).Dispose();
        var error = Assert.ThrowsExactly<ArgumentException>(() => sharing.Fit(data));
        StringAssert.Contains(error.Message, "Hooks gave the same Counter for two runs, and it keeps state; make a new one with every call.");
        var stateless = new Stopper();
        var stopping = Trainer(o => o.Hooks = () => [stateless]);
        for (int fit = 0; fit < 2; fit++)
        {
            using var model = stopping.Fit(data);
            Assert.AreEqual("enough", model.History!.Stopped);
            Assert.HasCount(1, model.History!.Epochs);
        }
    }

    [TestMethod]
    public void A_trainer_stops_early_and_gives_the_best_epochs_model()
    {
        var (data, validation) = (Data(60), Data(40, seed: 2));
        void Restless(PrunedFeedForwardTrainer.Options o) => (o.Epochs, o.ValidationSet, o.Optimizer, o.LearningRate, o.RestoreBest) =
            (30, validation, OptimizerKind.Sgd, 1.5, TrainingMetric.ValidationLoss);
        using var model = Trainer(o =>
        {
            Restless(o);
            o.EarlyStopping = new() { Patience = 3 };
        }).Fit(data);
        var history = model.History!;
        Assert.IsNotNull(history.Stopped);
        Assert.AreEqual(history.Epochs.MinBy(e => e.ValidationLoss)!.Epoch, history.BestEpoch);
        var loss = context.MulticlassClassification.Evaluate(model.Transform(validation), "Kind").LogLoss;
        Assert.AreEqual(history.Epochs[history.BestEpoch!.Value - 1].ValidationLoss!.Value, loss, 1e-4);
        Assert.IsLessThan(history.Epochs[^1].ValidationLoss!.Value, loss);
        StringAssert.Contains(Assert.Throws<ArgumentException>(() => Trainer(o =>
        {
            Restless(o);
            o.ValidationSet = null;
        })).Message, "RestoreBest is by ValidationLoss, and the run has no validation set");
        StringAssert.Contains(Assert.Throws<ArgumentException>(() => context.Transforms.PrunedVae(new() { RestoreBest = TrainingMetric.TrainingAccuracy })).Message, "no classes");
    }

    [TestMethod]
    public void Images_are_augmented_and_rows_that_are_none_are_refused()
    {
        var data = Data(60);
        PrunedConvNetTrainer Conv(Augmentation? by, int accumulate = 1) => context.MulticlassClassification.Trainers.PrunedConvNet(new()
        {
            LabelColumnName = "Kind",
            FeatureColumnName = "Pixels",
            Channels = [4],
            HiddenSizes = [8],
            Epochs = 2,
            BatchSize = 10,
            Seed = 1,
            Augmentation = by,
            AccumulateBatches = accumulate,
        });
        using var still = Conv(null).Fit(data);
        using var moved = Conv(new() { Shift = 1, Flip = true }).Fit(data);
        using var again = Conv(new() { Shift = 1, Flip = true }).Fit(data);
        CollectionAssert.AreEqual(Scores(moved, data)[0], Scores(again, data)[0]);
        CollectionAssert.AreNotEqual(Scores(still, data)[0], Scores(moved, data)[0]);
        using var larger = Conv(null, accumulate: 3).Fit(data);
        Assert.AreEqual((12L, 4L), (still.History!.Epochs[^1].Steps, larger.History!.Epochs[^1].Steps));
        using var vae = context.Transforms.PrunedVae(new() { InputColumnName = "Pixels", Channels = [4], HiddenSizes = [8], LatentSize = 2, Epochs = 1, Augmentation = new() { Flip = true } }).Fit(data);
        using var vit = context.MulticlassClassification.Trainers.PrunedVit(new() { LabelColumnName = "Kind", FeatureColumnName = "Pixels", Dim = 16, Depth = 1, Epochs = 1, Augmentation = new() { Shift = 2 } }).Fit(data);
        Refused(() => Trainer(o => o.Augmentation = new() { Shift = 1 }).Fit(data));
        var tokens = context.Transforms.MergeTokens(new() { InputColumnName = "Pixels", ImageHeight = 8, ImageWidth = 8, Merge = 0.25 }).Fit(data).Transform(data);
        Refused(() => context.MulticlassClassification.Trainers.PrunedVit(new() { LabelColumnName = "Kind", Dim = 16, Depth = 1, Augmentation = new() { Shift = 1 } }).Fit(tokens));

        static void Refused(Action fit) => StringAssert.Contains(Assert.Throws<ArgumentException>(fit).Message, "Augmentation is for images, [channels, height, width]");
    }
}
