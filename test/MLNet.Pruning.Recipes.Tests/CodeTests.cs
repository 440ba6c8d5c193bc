using Microsoft.ML;
using Microsoft.ML.Data;

namespace MLNet.Pruning.Recipes.Tests;

[TestClass]
[DoNotParallelize] // the programs set the current folder, and models are compared by a seed of the process's one generator
public sealed class CodeTests
{
    readonly string folder = Directory.CreateTempSubdirectory("recipes").FullName;

    [TestCleanup]
    public void Delete() => Directory.Delete(folder, recursive: true);

    [TestMethod]
    public void The_program_of_a_recipe_is_one_that_a_user_would_write() => Assert.AreEqual("""
        using MLNet.Pruning;
        using Microsoft.ML;

        var mlContext = new MLContext(seed: 1).UsePruning();
        var train = mlContext.Data.SynthesizeDigits(count: 600, seed: 1);
        var test = mlContext.Data.SynthesizeDigits(count: 200, seed: 2);
        var validationSplit = mlContext.Data.TrainTestSplit(train, seed: 1);

        var preparation = mlContext.Transforms.Conversion.MapValueToKey("Label")
            .Append(mlContext.Transforms.MergeTokens("Tokens", inputColumnName: "Pixels", imageHeight: 28, imageWidth: 28, patchSize: 7));

        var pipeline = preparation
            .Append(mlContext.MulticlassClassification.Trainers.PrunedVit(new()
            {
                FeatureColumnName = "Tokens",
                Dim = 16,
                Heads = 2,
                Depth = 2,
                Epochs = 3,
                LearningRateSchedule = LearningRateSchedule.Exponential(factor: 0.9).WithWarmup(length: 4),
                EarlyStopping = new(Metric: TrainingMetric.ValidationAccuracy) { Patience = 3 },
                Pruning = new CombinedPruning(
                    new WeightPruning
                    {
                        Schedule = Schedule.Cubic(start: 0, end: 2, target: 0.9),
                        ScheduleIn = ScheduleUnit.Epochs,
                        Criterion = new Magnitude(),
                    },
                    new NeuronPruning
                    {
                        Importance = new Contribution(average: 0.3, maximum: 0.7),
                        Schedule = Schedule.Stepwise(maturity: 1, every: 1, amount: 0.25, target: 0.5),
                    }),
                ValidationSet = preparation.Fit(validationSplit.TrainSet).Transform(validationSplit.TestSet),
            }))
            .Append(mlContext.Transforms.Conversion.MapKeyToValue("PredictedLabel"));

        using var model = pipeline.Fit(validationSplit.TrainSet);
        var metrics = mlContext.MulticlassClassification.Evaluate(model.Transform(test));
        Console.WriteLine($"accuracy {metrics.MicroAccuracy:P2}");
        mlContext.Model.Save(model, validationSplit.TrainSet.Schema, "model.zip");

        """, Recipe.Parse(Recipes.Vit).ToCode());

    [TestMethod]
    [DataRow(Recipes.Vit)]
    [DataRow(Recipes.Houses)]
    public void The_program_and_the_recipe_train_the_same_model(string text)
    {
        Recipes.WriteHouses(folder);
        var recipe = Recipe.Parse(text, folder);
        CompiledProgram.Run(recipe.ToCode(folder), folder);
        var mlContext = new MLContext(recipe.RandomSeed);
        var pipeline = recipe.Build(mlContext);
        using var trained = (IDisposable)pipeline.Fit();
        var loaded = mlContext.Model.Load(Path.Combine(folder, "model.zip"), out _);
        float[][] Scores(ITransformer model)
        {
            var scored = model.Transform(pipeline.TestSet!);
            return scored.Schema["Score"].Type is VectorDataViewType
                ? [.. scored.GetColumn<float[]>("Score")] : [.. scored.GetColumn<float>("Score").Select(score => new[] { score })];
        }
        var (expected, found) = (Scores((ITransformer)trained), Scores(loaded));
        Assert.IsGreaterThan(10, expected.Length);
        for (int i = 0; i < expected.Length; i++)
            CollectionAssert.AreEqual(expected[i], found[i]);
    }

    [TestMethod]
    public void Columns_of_a_csv_are_found_by_its_header()
    {
        Recipes.WriteHouses(folder);
        string code = Recipe.Parse(Recipes.Houses, folder).ToCode(folder);
        StringAssert.Contains(code, """new("Price", DataKind.Single, index: 1)""");
        StringAssert.Contains(code, """new("Features", DataKind.Single, [new(index: 2), new(index: 4), new(index: 0)])""");
        StringAssert.Contains(code, "dataSample: new MultiFileSource(\"houses.csv\")");
        StringAssert.Contains(code, ".Load(\"houses.csv\")");
        StringAssert.Contains(code, "loss: RegressionLoss.Absolute");
        var pipeline = Recipe.Parse(Recipes.Houses, folder).Build(new MLContext(1));
        var features = pipeline.TrainingSet.GetColumn<float[]>("Features").First();
        Assert.IsTrue(features[0] is >= 40 and < 200 && features[1] is >= 1 and < 7, string.Join(", ", features));
    }

    [TestMethod]
    public void A_recipe_fits_as_any_estimator_does()
    {
        Recipes.WriteHouses(folder);
        string file = Path.Combine(folder, "houses.yaml");
        File.WriteAllText(file, Recipes.Houses);
        var mlContext = new MLContext(1);
        var recipe = mlContext.LoadRecipe(file, "trainer.epochs=1", "trainer.hiddenSizes=[5]");
        using var model = (IDisposable)recipe.Fit(recipe.TrainingSet);
        var trained = ((IEnumerable<ITransformer>)model).OfType<PrunedModelTransformer>().Single();
        Assert.HasCount(1, trained.History!.Epochs);
        var scores = ((ITransformer)model).Transform(recipe.TestSet!).GetColumn<float>("Score").ToArray();
        Assert.HasCount(recipe.TestSet!.GetColumn<float>("Price").Count(), scores);
    }
}
