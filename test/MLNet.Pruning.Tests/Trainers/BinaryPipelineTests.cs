using MLNet.Pruning.Plans;
using Microsoft.ML;
using Microsoft.ML.Data;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Trainers;

[TestClass]
public sealed class BinaryPipelineTests
{
    static readonly MLContext context = new MLContext(seed: 1).UsePruning();

    static PrunedFeedForwardTrainer.Options Options(Action<PrunedFeedForwardTrainer.Options>? with = null)
    {
        var options = new PrunedFeedForwardTrainer.Options
        {
            LabelColumnName = "Luxury",
            HiddenSizes = [32, 16],
            Epochs = 14,
            BatchSize = 32,
            LearningRate = 0.005,
            Seed = 1,
        };
        with?.Invoke(options);
        return options;
    }

    static PrunedModelTransformer Fit(int rows = 1_000, Action<PrunedFeedForwardTrainer.Options>? with = null) =>
        context.BinaryClassification.Trainers.PrunedFeedForward(Options(with)).Fit(Houses.View(context, rows));

    static NeuronPruning Neurons(double target) => new() { Schedule = Schedule.Stepwise(maturity: 3, every: 1, amount: 0.2, target: target) };

    static IEnumerable<object[]> Prunings() =>
    [
        ["none", null!],
        ["neurons", Neurons(0.4)],
        ["neurons by relevance", Neurons(0.3) with { Importance = new Lrp() }],
        ["neurons by gradients", Neurons(0.3) with { Importance = new Taylor() }],
        ["weights", new WeightPruning { Sparsity = 0.6 }],
        ["as far as the accuracy stays", Neurons(0.6) with { Budget = Budget.Accuracy(0.9) }],
    ];

    [TestMethod]
    [DynamicData(nameof(Prunings))]
    public void Luxury_is_learnt_whatever_is_pruned(string _, ITrainingPruning? pruning)
    {
        using var model = Fit(with: options => options.Pruning = pruning);

        var scored = model.Transform(Houses.View(context, 500, seed: 2));
        var metrics = context.BinaryClassification.Evaluate(scored, "Luxury");

        Assert.IsGreaterThan(0.97, metrics.AreaUnderRocCurve);
        Assert.IsGreaterThan(0.9, metrics.Accuracy);
        Assert.IsLessThan(0.5, metrics.LogLoss);
        // By hand: the answer is whether the score is above 0, and the probability is its sigmoid.
        var (scores, answers, truth) = (scored.GetColumn<float>("Score").ToArray(), scored.GetColumn<bool>("PredictedLabel").ToArray(), scored.GetColumn<bool>("Luxury").ToArray());
        CollectionAssert.AreEqual(scores.Select(score => score > 0).ToArray(), answers);
        Assert.AreEqual(metrics.Accuracy, answers.Zip(truth).Count(pair => pair.First == pair.Second) / 500.0, 1e-9);
        foreach (var (score, probability) in scores.Zip(scored.GetColumn<float>("Probability")))
            Assert.AreEqual(1 / (1 + Math.Exp(-score)), probability, 1e-6);
        Assert.IsGreaterThan(0.9, model.History!.Epochs[^1].Accuracy!.Value);
    }

    [TestMethod]
    public void Columns_are_those_of_an_ML_NET_binary_classifier()
    {
        var data = Houses.View(context, 200);
        var theirs = context.BinaryClassification.Trainers.LbfgsLogisticRegression("Luxury").Fit(data).Transform(data).Schema;
        using var model = Fit(200, options => options.Epochs = 1);
        var ours = model.Transform(data).Schema;
        foreach (var name in new[] { "PredictedLabel", "Score", "Probability" })
        {
            Assert.AreEqual(theirs[name].Type, ours[name].Type);
            CollectionAssert.IsSubsetOf(theirs[name].Annotations.Schema.Select(a => a.Name).ToArray(), ours[name].Annotations.Schema.Select(a => a.Name).ToArray());
            foreach (var kind in new[] { "ScoreColumnKind", "ScoreValueKind" })
            {
                ReadOnlyMemory<char> wanted = default, found = default;
                theirs[name].Annotations.GetValue(kind, ref wanted);
                ours[name].Annotations.GetValue(kind, ref found);
                Assert.AreEqual(wanted.ToString(), found.ToString());
            }
        }
    }

    [TestMethod]
    public void Every_way_to_predict_gives_the_same_answer()
    {
        using var model = Fit(600, options => (options.Epochs, options.Pruning) = (6, new WeightPruning { Sparsity = 0.5 }));
        var rows = Houses.Draw(20, seed: 3);
        rows[7].Features[2] = float.NaN;
        var scored = model.Transform(Houses.View(context, rows));
        var (scores, probabilities, answers) = (scored.GetColumn<float>("Score").ToArray(), scored.GetColumn<float>("Probability").ToArray(), scored.GetColumn<bool>("PredictedLabel").ToArray());
        Assert.IsTrue(float.IsNaN(probabilities[7]) && !answers[7]);
        using var file = new MemoryStream();
        context.Model.Save(model, Houses.View(context, 1).Schema, file);
        var other = new MLContext().UsePruning();
        file.Position = 0;
        var loaded = other.Model.Load(file, out _);
        CollectionAssert.AreEqual(scores, loaded.Transform(Houses.View(other, rows)).GetColumn<float>("Score").ToArray());

        var definition = SchemaDefinition.Create(typeof(House));
        definition[nameof(House.Features)].ColumnType = new VectorDataViewType(NumberDataViewType.Single, Houses.Features.Length);
        var engine = other.Model.CreatePredictionEngine<House, LuxuryPrediction>(loaded, inputSchemaDefinition: definition);
        var predictor = other.Model.CreatePredictor<House, LuxuryPrediction>(loaded);
        file.Position = 0;
        var probable = ScoringPlan.Load(file);
        file.Position = 0;
        var logits = ScoringPlan.Load(file, ScoringOutput.Logits);
        var planned = new float[1];
        for (var i = 0; i < rows.Length; i++)
        {
            foreach (var found in new[] { engine.Predict(rows[i]), predictor.Predict(rows[i]) })
                Assert.AreEqual((scores[i], probabilities[i], answers[i]), (found.Score, found.Probability, found.PredictedLabel));
            probable.Score(rows[i].Features, planned);
            Assert.AreEqual(probabilities[i], planned[0]);
            logits.Score(rows[i].Features, planned);
            Assert.AreEqual(scores[i], planned[0]);
        }
        var e = Assert.ThrowsExactly<NotSupportedException>(() => other.Model.CreatePredictor<House, House>(loaded));
        StringAssert.Contains(e.Message, "a predictor gives Score and Probability, each a float, and PredictedLabel, a bool");
    }

    [TestMethod]
    public void Weights_count_and_cross_validation_works()
    {
        var trainers = context.BinaryClassification.Trainers;
        var data = Houses.View(context, 800);
        foreach (var fold in context.BinaryClassification.CrossValidate(data, trainers.PrunedFeedForward("Luxury", epochs: 8, batchSize: 16, learningRate: 0.005, exampleWeightColumnName: "Weight"), 2, "Luxury"))
            Assert.IsGreaterThan(0.93, fold.Metrics.AreaUnderRocCurve);

        // All weight on one class: everything is predicted to be of it.
        var rows = Houses.Draw(300);
        foreach (var row in rows)
            row.Weight = row.Luxury ? 1_000 : 0.001f;
        using var biased = trainers.PrunedFeedForward(Options(options => (options.Epochs, options.ExampleWeightColumnName) = (10, "Weight"))).Fit(Houses.View(context, rows));
        Assert.IsTrue(biased.Transform(Houses.View(context, 100, 5)).GetColumn<bool>("PredictedLabel").All(answer => answer));

    }

    [TestMethod]
    public void Images_tokens_and_modules_of_the_users_own_are_classified_too()
    {
        var trainers = context.BinaryClassification.Trainers;
        var images = Patterns.Draw(240).Select(row => new Striped { Pixels = row.Pixels, Label = row.Kind == "across" }).ToArray();
        var schema = SchemaDefinition.Create(typeof(Striped));
        schema[nameof(Striped.Pixels)].ColumnType = new VectorDataViewType(NumberDataViewType.Single, 64);
        var pictures = context.Data.LoadFromEnumerable(images, schema);
        IEstimator<ITransformer>[] pipelines =
        [
            trainers.PrunedConvNet(new() { FeatureColumnName = "Pixels", Channels = [4], HiddenSizes = [8], Epochs = 12, BatchSize = 16, Seed = 1, LearningRate = 0.005 }),
            context.Transforms.MergeTokens("Tokens", "Pixels", imageHeight: 8, imageWidth: 8, patchSize: 2, merge: 0.25)
                .Append(trainers.PrunedVit(new() { Dim = 16, Depth = 1, Heads = 2, Epochs = 12, BatchSize = 16, Seed = 1, LearningRate = 0.005 })),
            trainers.PrunedModule(() => nn.Sequential(("a", nn.Linear(64, 16)), ("b", nn.ReLU()), ("c", nn.Linear(16, 1))),
                new() { FeatureColumnName = "Pixels", ModuleName = "striped", Epochs = 12, BatchSize = 16, Seed = 1, LearningRate = 0.005 }),
        ];
        foreach (var pipeline in pipelines)
        {
            var model = pipeline.Fit(pictures);
            Assert.IsGreaterThan(0.95, context.BinaryClassification.Evaluate(model.Transform(pictures)).Accuracy);
            (model as IDisposable)?.Dispose();
        }
        var e = Assert.Throws<ArgumentException>(() => trainers.PrunedModule(() => nn.Linear(64, 2), new() { FeatureColumnName = "Pixels" }).Fit(pictures));
        StringAssert.Contains(e.Message, "gives [2, 2] for 2 rows; wanted [2, 1], a logit");
        StringAssert.Contains(Assert.Throws<ArgumentException>(() => trainers.PrunedFeedForward("Price").Fit(Houses.View(context, 10))).Message, "Label column 'Price' is Single; wanted Boolean");
    }

    sealed class Striped
    {
        public float[] Pixels { get; set; } = [];

        public bool Label { get; set; }
    }
}
