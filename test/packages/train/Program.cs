using MLNet.Pruning;
using Microsoft.ML;

var mlContext = new MLContext(seed: 1).UsePruning();
var (train, test) = (mlContext.Data.SynthesizeDigits(10_000, seed: 1), mlContext.Data.SynthesizeDigits(1_000, seed: 2));
var pipeline = mlContext.Transforms.Conversion.MapValueToKey("Label")
    .Append(mlContext.MulticlassClassification.Trainers.PrunedFeedForward(new()
    {
        FeatureColumnName = "Pixels",
        HiddenSizes = [128, 64],
        Epochs = 8,
        Pruning = new NeuronPruning { Schedule = Schedule.Stepwise(maturity: 2, every: 1, amount: 0.25, target: 0.5) },
    }))
    .Append(mlContext.Transforms.Conversion.MapKeyToValue("PredictedLabel"));
using var model = pipeline.Fit(train);

mlContext.Model.Save(model, train.Schema, "model.zip");
var export = mlContext.Model.ExportOnnx(model, "model.onnx");
File.WriteAllText("recipe.yaml", "data: { train: { type: SynthesizeDigits, count: 100 } }\n"
    + "transforms: [ { type: MapValueToKey, outputColumnName: Label } ]\ntrainer: { type: PrunedFeedForward, featureColumnName: Pixels }\n");
var recipe = mlContext.LoadRecipe("recipe.yaml");

var history = model.OfType<PrunedModelTransformer>().Single().History!;
var accuracy = mlContext.MulticlassClassification.Evaluate(model.Transform(test)).MicroAccuracy;
var scores = mlContext.Model.CreatePredictor<Digit, Prediction>(model).Predict(new Digit()).Score;
File.WriteAllText("scores.txt", string.Join(' ', scores.Select(score => BitConverter.SingleToUInt32Bits(score))));
Console.WriteLine($"{accuracy:F3} {history.ParametersAtStart} {history.Epochs[^1].Parameters} {export.Bytes} {recipe.TrainingSet.Schema.Count}");
return accuracy > 0.85 && history.Epochs[^1].Parameters < history.ParametersAtStart ? 0 : 1;

sealed class Digit
{
    public float[] Pixels { get; set; } = [.. Enumerable.Range(0, 784).Select(i => i % 28 == 14 ? 1f : 0f)];
}

sealed class Prediction
{
    public float[] Score { get; set; } = [];
}
