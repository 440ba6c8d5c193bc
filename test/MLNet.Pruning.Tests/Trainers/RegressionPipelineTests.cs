using MLNet.Pruning.Persistence;
using MLNet.Pruning.Plans;
using Microsoft.ML;
using Microsoft.ML.Data;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Trainers;

[TestClass]
public sealed class RegressionPipelineTests
{
    static readonly MLContext context = new MLContext(seed: 1).UsePruning();

    static PrunedFeedForwardTrainer.Options Options(Action<PrunedFeedForwardTrainer.Options>? with = null)
    {
        var options = new PrunedFeedForwardTrainer.Options
        {
            LabelColumnName = "Price",
            HiddenSizes = [48, 24],
            Epochs = 20,
            BatchSize = 32,
            LearningRate = 0.005,
            Seed = 1,
            LearningRateSchedule = LearningRateSchedule.Cosine(),
        };
        with?.Invoke(options);
        return options;
    }

    static PrunedModelTransformer Fit(int rows = 1_200, Action<PrunedFeedForwardTrainer.Options>? with = null, RegressionLoss loss = RegressionLoss.Squared) =>
        context.Regression.Trainers.PrunedFeedForward(Options(with), loss).Fit(Houses.View(context, rows));

    static NeuronPruning Neurons(double target) => new() { Schedule = Schedule.Stepwise(maturity: 3, every: 1, amount: 0.2, target: target) };

    static IEnumerable<object[]> Prunings() =>
    [
        ["none", null!],
        ["neurons", Neurons(0.4)],
        ["neurons by relevance", Neurons(0.3) with { Importance = new Lrp() }],
        ["weights", new WeightPruning { Sparsity = 0.6 }],
        ["both", new CombinedPruning(Neurons(0.3), new WeightPruning { Sparsity = 0.4 })],
        ["a size", new WeightPruning { Budget = Budget.FileSize(8_000) }],
    ];

    [TestMethod]
    [DynamicData(nameof(Prunings))]
    public void Prices_are_learnt_whatever_is_pruned(string _, ITrainingPruning? pruning)
    {
        using var model = Fit(with: options => options.Pruning = pruning);

        var metrics = context.Regression.Evaluate(model.Transform(Houses.View(context, 500, seed: 2)), "Price");

        Assert.IsGreaterThan(0.95, metrics.RSquared);
    }

    [TestMethod]
    [DataRow(RegressionLoss.Absolute)]
    [DataRow(RegressionLoss.Huber)]
    public void Other_losses_learn_too(RegressionLoss loss)
    {
        using var model = Fit(loss: loss);
        Assert.IsGreaterThan(0.95, context.Regression.Evaluate(model.Transform(Houses.View(context, 500, seed: 2)), "Price").RSquared);
    }

    [TestMethod]
    public void Columns_are_those_of_an_ML_NET_regressor()
    {
        var data = Houses.View(context, 200);
        var theirs = context.Regression.Trainers.OnlineGradientDescent("Price").Fit(data).Transform(data).Schema["Score"];
        using var model = Fit(200, options => options.Epochs = 1);
        var ours = model.Transform(data).Schema["Score"];
        Assert.AreEqual(theirs.Type, ours.Type);
        CollectionAssert.IsSubsetOf(theirs.Annotations.Schema.Select(a => a.Name).ToArray(), ours.Annotations.Schema.Select(a => a.Name).ToArray());
        foreach (var name in new[] { "ScoreColumnKind", "ScoreValueKind" })
        {
            ReadOnlyMemory<char> wanted = default, found = default;
            theirs.Annotations.GetValue(name, ref wanted);
            ours.Annotations.GetValue(name, ref found);
            Assert.AreEqual(wanted.ToString(), found.ToString());
        }
        var shape = context.Regression.Trainers.PrunedFeedForward("Price").GetOutputSchema(Shape());
        var column = shape.Single(column => column.Name == "Score");
        Assert.AreEqual(SchemaShape.Column.VectorKind.Scalar, column.Kind);
        Assert.AreEqual(NumberDataViewType.Single, column.ItemType);
    }

    static SchemaShape Shape() => new(
    [
        MLNetInternals.Column("Price", SchemaShape.Column.VectorKind.Scalar, NumberDataViewType.Single),
        MLNetInternals.Column("Kind", SchemaShape.Column.VectorKind.Scalar, TextDataViewType.Instance),
        MLNetInternals.Column("Features", SchemaShape.Column.VectorKind.Vector, NumberDataViewType.Single),
    ]);

    [TestMethod]
    public void Every_way_to_predict_gives_the_same_number()
    {
        using var model = Fit(1_000, options => (options.Epochs, options.Pruning) = (8, Neurons(0.4)));
        var rows = Houses.Draw(20, seed: 3);
        var scores = model.Transform(Houses.View(context, rows)).GetColumn<float>("Score").ToArray();
        var file = Path.GetTempFileName();
        try
        {
            context.Model.Save(model, Houses.View(context, 1).Schema, file);
            var other = new MLContext().UsePruning();
            var loaded = other.Model.Load(file, out _);
            CollectionAssert.AreEqual(scores, loaded.Transform(Houses.View(other, rows)).GetColumn<float>("Score").ToArray());

            var engine = other.Model.CreatePredictionEngine<House, PricePrediction>(loaded, inputSchemaDefinition: Definition());
            var predictor = other.Model.CreatePredictor<House, PricePrediction>(loaded);
            CollectionAssert.AreEqual(scores, rows.Select(row => engine.Predict(row).Score).ToArray());
            CollectionAssert.AreEqual(scores, rows.Select(row => predictor.Predict(row).Score).ToArray());

            var plan = ScoringPlan.Load(file);
            var planned = new float[rows.Length];
            plan.Score(rows.SelectMany(row => row.Features).ToArray(), planned);
            CollectionAssert.AreEqual(scores, planned);
            Assert.IsEmpty(plan.Labels);

            // The network itself gives prices: the scale of the labels is in its last layer.
            using var scope = NewDisposeScope();
            var direct = model.Module.call(tensor(rows.SelectMany(row => row.Features).ToArray()).view(20, 6)).data<float>().ToArray();
            for (var i = 0; i < 20; i++)
                Assert.AreEqual(scores[i], direct[i], 0.5);

            // So do plans and files of the network itself, which do not know what it predicts.
            NetworkPlans.Compile(model.Module).Score(rows.SelectMany(row => row.Features).ToArray(), planned);
            CollectionAssert.AreEqual(scores, planned);
            ModelFile.Save(file, Blueprint.Of(model.Module), model.Module);
            ScoringPlan.Load(file).Score(rows.SelectMany(row => row.Features).ToArray(), planned);
            CollectionAssert.AreEqual(scores, planned);
            ScoringPlan.Load(file, ScoringOutput.Probabilities).Score(rows.SelectMany(row => row.Features).ToArray(), planned);
            CollectionAssert.AreEqual(scores.Select(score => score > 0 ? 1f : 0f).ToArray(), planned);
            (loaded as IDisposable)?.Dispose();
        }
        finally
        {
            File.Delete(file);
        }
    }

    static SchemaDefinition Definition()
    {
        var definition = SchemaDefinition.Create(typeof(House));
        definition[nameof(House.Features)].ColumnType = new VectorDataViewType(NumberDataViewType.Single, Houses.Features.Length);
        return definition;
    }

    [TestMethod]
    public void Labels_of_any_size_train_alike()
    {
        // A power of two, so that rounding is the same.
        var small = Houses.Draw(300).Select(row => new House { Features = row.Features, Price = row.Price }).ToArray();
        var large = small.Select(row => new House { Features = row.Features, Price = 4096 * row.Price }).ToArray();
        var trainer = context.Regression.Trainers.PrunedFeedForward(Options(options => options.Epochs = 2));
        using var first = trainer.Fit(Houses.View(context, small));
        using var second = trainer.Fit(Houses.View(context, large));

        var (left, right) = (Scores(first, small), Scores(second, small));

        for (var i = 0; i < left.Length; i++)
            Assert.AreEqual(4096 * left[i], right[i], 4096 * 1e-5 * Math.Abs(left[i]));
        Assert.AreEqual(first.History!.Epochs[^1].Loss, second.History!.Epochs[^1].Loss, 1e-6);
        Assert.IsLessThan(1.2, first.History!.Epochs[^1].Loss);

        static float[] Scores(PrunedModelTransformer model, House[] rows) => [.. model.Transform(Houses.View(context, rows)).GetColumn<float>("Score")];
    }

    [TestMethod]
    public void The_last_layer_gets_the_scale_of_the_labels_and_nothing_else_changes()
    {
        random.manual_seed(4);
        using var network = new FeedForward([6, 8, 1]);
        using var activated = nn.Sequential(("body", nn.Linear(6, 8)), ("head", nn.Linear(8, 1)), ("relu", nn.ReLU()));
        using var gated = nn.Sequential(("gate", nn.Linear(6, 1)), ("head", nn.Linear(1, 1)));
        using var alone = nn.Linear(6, 1);
        using var scope = NewDisposeScope();
        var rows = randn(5, 6);
        var before = network.call(rows).clone();
        using var trial = new FeedForward([6, 8, 1]);

        Models.OutputLayer.Scale(network, Models.OutputLayer.Find(trial, [6])!, 80_000, 300_000);

        var (wanted, found) = (before.data<float>().Select(score => (score * 80_000f) + 300_000f).ToArray(), network.call(rows).data<float>().ToArray());
        for (var i = 0; i < 5; i++)
            Assert.AreEqual(wanted[i], found[i], 0.1);
        Assert.IsNull(Models.OutputLayer.Find(activated, [6]));
        Assert.AreEqual("head", Models.OutputLayer.Find(gated, [6]));
        Assert.AreEqual("", Models.OutputLayer.Find(alone, [6]));
    }

    /// <summary>Modules that compute just what their linear layer does until they are trained.</summary>
    static IEnumerable<object[]> LinearAtFirst() =>
    [
        ["a batch norm", () => nn.Sequential(("head", nn.Linear(6, 1)), ("norm", nn.BatchNorm1d(1)))],
        ["a skip connection of zeros", () => new Ended("skip")],
        ["a gain of 1", () => new Ended("gain")],
    ];

    [TestMethod]
    [DynamicData(nameof(LinearAtFirst))]
    public void A_module_that_only_begins_as_a_linear_layer_learns_the_labels_as_they_are(string name, Func<nn.Module<Tensor, Tensor>> build)
    {
        var rows = Houses.Draw(400).Select(row => new House { Features = row.Features, Price = row.Features[0] - (2 * row.Features[1]) + 3 }).ToArray();
        using (var trial = build())
            Assert.IsNull(Models.OutputLayer.Find(trial, [6]));

        using var model = context.Regression.Trainers.PrunedModule(build, new()
        {
            LabelColumnName = "Price",
            ModuleName = name,
            Epochs = 30,
            BatchSize = 20,
            Seed = 1,
            LearningRate = 0.03,
        }).Fit(Houses.View(context, rows));

        Assert.IsGreaterThan(0.8, context.Regression.Evaluate(model.Transform(Houses.View(context, rows)), "Price").RSquared);
    }

    sealed class Ended : nn.Module<Tensor, Tensor>
    {
        readonly nn.Module<Tensor, Tensor> head = nn.Linear(6, 1), skip = nn.Linear(6, 1);
        readonly TorchSharp.Modules.Parameter gain = nn.Parameter(ones(1));
        readonly bool skips;

        public Ended(string end) : base(nameof(Ended))
        {
            skips = end == "skip";
            foreach (var parameter in skip.parameters())
                nn.init.zeros_(parameter);
            RegisterComponents();
        }

        public override Tensor forward(Tensor input) => skips ? head.call(input).Plus(skip.call(input)) : head.call(input).mul(gain);
    }

    [TestMethod]
    public void A_row_of_weight_2_counts_like_two_and_rows_without_weight_are_skipped()
    {
        var rows = Houses.Draw(120).ToArray();
        for (var i = 0; i < rows.Length; i++)
            rows[i].Weight = (i % 4) switch { 0 => 2, 1 => 1, 2 => 0, _ => float.NaN };
        var repeated = rows.SelectMany(row => Enumerable.Repeat(row, row.Weight > 0 ? (int)row.Weight : 0)).ToArray();
        Action<PrunedFeedForwardTrainer.Options> oneBatch = options => (options.Epochs, options.BatchSize, options.Optimizer, options.LearningRate, options.Replicas)
            = (4, 500, OptimizerKind.Sgd, 0.1, 2);
        using var weighted = context.Regression.Trainers.PrunedFeedForward(Options(options =>
        {
            oneBatch(options);
            options.ExampleWeightColumnName = "Weight";
        })).Fit(Houses.View(context, rows));
        using var twice = context.Regression.Trainers.PrunedFeedForward(Options(oneBatch)).Fit(Houses.View(context, repeated));

        Assert.AreEqual(60, weighted.History!.Epochs[0].Rows);
        Assert.AreEqual(twice.History!.Epochs[^1].Loss, weighted.History!.Epochs[^1].Loss, 1e-5);
        var (expected, found) = (twice.Transform(Houses.View(context, 50, 7)).GetColumn<float>("Score").ToArray(), weighted.Transform(Houses.View(context, 50, 7)).GetColumn<float>("Score").ToArray());
        for (var i = 0; i < 50; i++)
            Assert.AreEqual(expected[i], found[i], 20);
    }

    [TestMethod]
    public void A_model_that_is_trained_further_and_one_from_a_checkpoint_give_prices_too()
    {
        using var folder = new TemporaryFolder();
        var checkpoint = folder["run.checkpoint"];
        var test = Houses.View(context, 30, seed: 4);
        using var model = Fit(400, options => (options.Epochs, options.Checkpoint) = (4, new CheckpointOptions(checkpoint)));
        var expected = model.Transform(test).GetColumn<float>("Score").ToArray();

        using var further = context.Regression.Trainers.PrunedFeedForward(Options(options => (options.Epochs, options.LearningRate) = (1, 1e-12)))
            .Fit(Houses.View(context, 250, seed: 9), model);
        using var saved = context.Model.LoadCheckpoint(checkpoint);

        foreach (var other in new ITransformer[] { further, saved })
            foreach (var (wanted, found) in expected.Zip(other.Transform(test).GetColumn<float>("Score")))
                Assert.AreEqual(wanted, found, 2);
        var e = Assert.Throws<ArgumentException>(() => context.BinaryClassification.Trainers.PrunedFeedForward("Luxury").Fit(Houses.View(context, 20), model));
        StringAssert.Contains(e.Message, "The previous model is a regressor; this trainer continues a binary classifier");
    }

    [TestMethod]
    public void A_pretrained_regressor_begins_with_the_numbers_of_its_file()
    {
        using var folder = new TemporaryFolder();
        var test = Houses.View(context, 30, seed: 4);
        using var model = Fit(400, options => options.Epochs = 4);
        model.Module.SaveSafetensors(folder["prices.safetensors"]);

        using var again = Fit(250, options => (options.Epochs, options.LearningRate, options.Pretrained) = (1, 1e-12, new(folder["prices.safetensors"])));

        foreach (var (wanted, found) in model.Transform(test).GetColumn<float>("Score").Zip(again.Transform(test).GetColumn<float>("Score")))
            Assert.AreEqual(wanted, found, 2);
    }

    [TestMethod]
    public void Labels_of_rows_that_are_skipped_do_not_count_for_their_scale()
    {
        var rows = Houses.Draw(200);
        var more = rows.Concat(Houses.Draw(100).Select(row => new House { Features = [float.NaN, 0, 0, 0, 0, 0], Price = 1e9f })).ToArray();
        Action<PrunedFeedForwardTrainer.Options> brief = options => options.Epochs = 1;
        var trainer = context.Regression.Trainers.PrunedFeedForward(Options(brief));
        using var whole = trainer.Fit(Houses.View(context, rows));
        using var skipped = trainer.Fit(Houses.View(context, more));

        CollectionAssert.AreEqual(whole.Transform(Houses.View(context, 20, 5)).GetColumn<float>("Score").ToArray(),
            skipped.Transform(Houses.View(context, 20, 5)).GetColumn<float>("Score").ToArray());
    }

    [TestMethod]
    public void A_network_too_large_for_the_memory_is_refused_by_the_name_of_its_option()
    {
        var e = Assert.Throws<InvalidOperationException>(() => Fit(20, options => options.HiddenSizes = [int.MaxValue / 2, int.MaxValue / 2]));
        StringAssert.Contains(e.Message, "HiddenSizes is [1073741823, 1073741823]: the weights alone need");
    }

    [TestMethod]
    public void Cross_validation_and_validation_sets_work()
    {
        var folds = context.Regression.CrossValidate(Houses.View(context, 900), context.Regression.Trainers.PrunedFeedForward(Options()), 2, "Price");
        foreach (var fold in folds)
            Assert.IsGreaterThan(0.9, fold.Metrics.RSquared);

        using var model = Fit(500, options => options.ValidationSet = Houses.View(context, 100, seed: 5));
        var last = model.History!.Epochs[^1];
        Assert.IsLessThan(0.3, last.ValidationLoss!.Value);
        Assert.IsNull(last.ValidationAccuracy);
    }

    [TestMethod]
    public void Images_tokens_and_modules_of_the_users_own_give_numbers_too()
    {
        var rows = Patterns.Draw(240).Select(row => new Bright { Pixels = row.Pixels, Label = row.Kind == "across" ? 1_000 : row.Kind == "down" ? 2_000 : 4_000 + 100 * row.Pixels[0] }).ToArray();
        var schema = SchemaDefinition.Create(typeof(Bright));
        schema[nameof(Bright.Pixels)].ColumnType = new VectorDataViewType(NumberDataViewType.Single, 64);
        var data = context.Data.LoadFromEnumerable(rows, schema);
        var trainers = context.Regression.Trainers;
        IEstimator<ITransformer>[] pipelines =
        [
            trainers.PrunedConvNet(new() { FeatureColumnName = "Pixels", Channels = [4], HiddenSizes = [8], Epochs = 15, BatchSize = 16, Seed = 1, LearningRate = 0.005, Pruning = Neurons(0.25) }),
            context.Transforms.MergeTokens("Tokens", "Pixels", imageHeight: 8, imageWidth: 8, patchSize: 2, merge: 0.25)
                .Append(trainers.PrunedVit(new() { Dim = 16, Depth = 1, Heads = 2, Epochs = 15, BatchSize = 16, Seed = 1, LearningRate = 0.005, Pruning = new WeightPruning { Sparsity = 0.3 } })),
            trainers.PrunedModule(() => nn.Sequential(("a", nn.Linear(64, 16)), ("b", nn.ReLU()), ("c", nn.Linear(16, 1))),
                new() { FeatureColumnName = "Pixels", ModuleName = "bright", Epochs = 15, BatchSize = 16, Seed = 1, LearningRate = 0.005, Pruning = Neurons(0.25) }),
            trainers.PrunedModule(() => nn.Sequential(("a", nn.Linear(64, 16)), ("b", nn.ReLU()), ("c", nn.Linear(16, 1)), ("d", nn.Sigmoid()), ("e", new Thousands())),
                new() { FeatureColumnName = "Pixels", ModuleName = "sigmoid", Epochs = 15, BatchSize = 16, Seed = 1, LearningRate = 0.02 }),
        ];
        foreach (var pipeline in pipelines)
        {
            var model = pipeline.Fit(data);
            Assert.IsGreaterThan(0.8, context.Regression.Evaluate(model.Transform(data)).RSquared, pipeline.GetType().Name);
            (model as IDisposable)?.Dispose();
        }
    }

    sealed class Bright
    {
        public float[] Pixels { get; set; } = [];

        public float Label { get; set; }
    }

    /// <summary>Multiplies by five thousand: this module chooses its range, and its labels keep their scale.</summary>
    sealed class Thousands() : nn.Module<Tensor, Tensor>(nameof(Thousands))
    {
        public override Tensor forward(Tensor input)
        {
            using var factor = tensor(5000f);
            return input.mul(factor);
        }
    }

    [TestMethod]
    public void Wrong_labels_weights_and_budgets_are_refused_by_name()
    {
        var data = Houses.View(context, 50);
        void Refused(Action<PrunedFeedForwardTrainer.Options> with, string text)
        {
            var e = Assert.Throws<ArgumentException>(() => context.Regression.Trainers.PrunedFeedForward(Options(with)).Fit(data));
            StringAssert.Contains(e.Message, text);
        }
        Refused(options => options.LabelColumnName = "Luxury", "Label column 'Luxury' is Boolean; wanted Single");
        Refused(options => options.ExampleWeightColumnName = "Luxury", "Example weight column 'Luxury' is Boolean; wanted Single");
        Refused(options => options.ExampleWeightColumnName = "W", "Could not find example weight column 'W'");
        Refused(options => options.ExampleWeightColumnName = "", "ExampleWeightColumnName is empty");
        Refused(options => options.Pruning = Neurons(0.3) with { Budget = Budget.Accuracy(0.9) }, "has no classes");
        Assert.Throws<ArgumentException>(() => context.Regression.Trainers.PrunedFeedForward(Options(), (RegressionLoss)9));
        var shape = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() =>
            context.Regression.Trainers.PrunedFeedForward("Kind").GetOutputSchema(Shape()));
        StringAssert.Contains(shape.Message, "Label column 'Kind' is String; wanted Single");
        var gone = Houses.Draw(5);
        foreach (var row in gone)
            row.Price = float.NaN;
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() =>
            context.Regression.Trainers.PrunedFeedForward(Options()).Fit(Houses.View(context, gone))).Message, "label column 'Price' is missing in 5");
    }
}
