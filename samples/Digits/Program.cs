// Trains a digit classifier and prunes it as it trains, measures it, saves it and loads it again: what a program of your own would do.
//   dotnet run -c Release --project samples/Digits [folder with the MNIST files]
using Microsoft.ML;
using MLNet.Pruning;
using MLNet.Pruning.Datasets;
using MLNet.Pruning.Importance;
using MLNet.Pruning.Schedules;
using MLNet.Pruning.Trainers;

var mlContext = new MLContext(seed: 1).UsePruning();
var (train, test) = args is [var mnist]
    ? (mlContext.Data.LoadMnist(mnist), mlContext.Data.LoadMnist(mnist, DatasetSplit.Test))
    : (mlContext.Data.SynthesizeDigits(20_000, seed: 1), mlContext.Data.SynthesizeDigits(2_000, seed: 2));

var pipeline = mlContext.Transforms.Conversion.MapValueToKey("Label")
    .Append(mlContext.MulticlassClassification.Trainers.PrunedFeedForward(new PrunedFeedForwardTrainer.Options
    {
        FeatureColumnName = "Pixels",
        HiddenSizes = [256, 128],
        Epochs = 12,
        Pruning = new NeuronPruning
        {
            Importance = new Contribution(average: 0.5, maximum: 0.5),
            Schedule = Schedule.Stepwise(maturity: 4, every: 1, amount: 0.25, target: 0.70),
        },
    }))
    .Append(mlContext.Transforms.Conversion.MapKeyToValue("PredictedLabel"));
using var model = pipeline.Fit(train);
var history = model.OfType<PrunedModelTransformer>().Single().History!;
Console.WriteLine($"{history.ParametersAtStart} parameters at the start, {history.Epochs[^1].Parameters} at the end");

var metrics = mlContext.MulticlassClassification.Evaluate(model.Transform(test));
Console.WriteLine($"test accuracy {metrics.MicroAccuracy:P2}, log-loss {metrics.LogLoss:F4}");

var file = Path.Combine(Path.GetTempPath(), "digits.zip");
mlContext.Model.Save(model, train.Schema, file);
var loaded = new MLContext().UsePruning().Model.Load(file, out _);
var again = mlContext.MulticlassClassification.Evaluate(loaded.Transform(test));
Console.WriteLine($"loaded from {file}: test accuracy {again.MicroAccuracy:P2}");
((IDisposable)loaded).Dispose();
