// Trains a digit classifier and prunes it as it trains, prints the gain, saves the model and loads it again, as a program of your own
// would do.
//   dotnet run -c Release --project samples/Digits [folder with the MNIST files]
using Microsoft.ML;
using MLNet.Pruning;
using MLNet.Pruning.Models;

var mlContext = new MLContext(seed: 1).UsePruning();
var (train, test) = args is [var mnist]
    ? (mlContext.Data.LoadMnist(mnist), mlContext.Data.LoadMnist(mnist, DatasetSplit.Test))
    : (mlContext.Data.SynthesizeDigits(20_000, seed: 1), mlContext.Data.SynthesizeDigits(2_000, seed: 2));

var pipeline = mlContext.Transforms.Conversion.MapValueToKey("Label")
    .Append(mlContext.MulticlassClassification.Trainers.PrunedFeedForward(new()
    {
        FeatureColumnName = "Pixels",
        HiddenSizes = [256, 128],
        Epochs = 12,
        Progress = TrainingProgress.Lines(Console.Out),
        Pruning = new NeuronPruning
        {
            Importance = new Contribution(average: 0.5, maximum: 0.5),
            Schedule = Schedule.Stepwise(maturity: 4, every: 1, amount: 0.25, target: 0.70),
        },
    }))
    .Append(mlContext.Transforms.Conversion.MapKeyToValue("PredictedLabel"));
using var model = pipeline.Fit(train);

var metrics = mlContext.MulticlassClassification.Evaluate(model.Transform(test));
var pruned = model.OfType<PrunedModelTransformer>().Single();
using var whole = new FeedForward([784, 256, 128, 10]);
var speed = ScoringSpeed.Measure([whole, pruned.Module], inputShape: [784]);
Console.WriteLine($"test accuracy {metrics.MicroAccuracy:P1}");
Console.WriteLine($"parameters {pruned.History!.ParametersAtStart:N0} -> {pruned.History!.Epochs[^1].Parameters:N0}");
Console.WriteLine($"scores {speed[1].RowsPerSecond:N0} digits/s, {speed[1].RowsPerSecond / speed[0].RowsPerSecond:F1}x "
    + "as many as before pruning");

var file = Path.Combine(Path.GetTempPath(), "digits.zip");
mlContext.Model.Save(model, train.Schema, file);
using var loaded = (IDisposable)new MLContext().UsePruning().Model.Load(file, out _);
var again = mlContext.MulticlassClassification.Evaluate(((ITransformer)loaded).Transform(test));
Console.WriteLine($"loaded from {file}: test accuracy {again.MicroAccuracy:P1}");
