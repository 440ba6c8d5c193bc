// Trains a transformer on merged tokens, exports the pipeline from pixels to label as one ONNX file, and scores that file in a pipeline of
// ML.NET that knows nothing of this library.
//   dotnet run -c Release --project samples/Onnx [folder with the MNIST files]
using Microsoft.ML;
using Microsoft.ML.Data;
using MLNet.Pruning;

var mlContext = new MLContext(seed: 1).UsePruning();
var (train, test) = args is [var mnist]
    ? (mlContext.Data.LoadMnist(mnist), mlContext.Data.LoadMnist(mnist, DatasetSplit.Test))
    : (mlContext.Data.SynthesizeDigits(10_000, seed: 1), mlContext.Data.SynthesizeDigits(1_000, seed: 2));

using var model = mlContext.Transforms.Conversion.MapValueToKey("Label")
    .Append(mlContext.Transforms.MergeTokens("Tokens", "Pixels", imageHeight: 28, imageWidth: 28, merge: 0.5))
    .Append(mlContext.MulticlassClassification.Trainers.PrunedVit(new()
    {
        FeatureColumnName = "Tokens",
        Epochs = 8,
        LearningRate = 0.006,
        LearningRateSchedule = LearningRateSchedule.Cosine(warmup: 1),
        Progress = TrainingProgress.Lines(Console.Out),
        Pruning = new WeightPruning { Sparsity = 0.5 },
    }))
    .Append(mlContext.Transforms.Conversion.MapKeyToValue("PredictedLabel"))
    .Fit(train);

var file = Path.Combine(Path.GetTempPath(), "digits.onnx");
var export = mlContext.Model.ExportOnnx(model, file, checkWith: test);
Console.WriteLine($"{file}: {export.Bytes:N0} bytes; ONNX Runtime differs by at most {export.LargestDifference:0.0e0} "
    + $"on {export.RowsChecked:N0} rows");

// From here on, only ML.NET and ONNX Runtime are needed.
var plain = new MLContext();
var scored = plain.Transforms.ApplyOnnxModel(["Score", "PredictedLabel"], ["Pixels"], file).Fit(test).Transform(test);
var labels = test.GetColumn<uint>("Label").Select(label => label.ToString()).ToArray();
var scoredByOnnx = scored.GetColumn<VBuffer<ReadOnlyMemory<char>>>("PredictedLabel").Select(label => label.GetItemOrDefault(0).ToString());
var scoredHere = model.Transform(test).GetColumn<uint>("PredictedLabel").Select(label => label.ToString()).ToArray();
var (right, same) = (0, 0);
foreach (var (row, label) in scoredByOnnx.Index())
{
    right += label == labels[row] ? 1 : 0;
    same += label == scoredHere[row] ? 1 : 0;
}
Console.WriteLine($"ML.NET's ApplyOnnxModel reads {(double)right / labels.Length:P1} of the digits, "
    + $"and {same:N0} of {labels.Length:N0} as this library does");
