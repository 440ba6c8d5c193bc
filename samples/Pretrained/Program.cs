// Fine-tunes a pretrained ResNet while half of its channels are removed, compares it with the unpruned one, saves, loads and exports it.
//   dotnet run -c Release --project samples/Pretrained [--weights FILE --data FOLDER] [--epochs N] [--rows N]
// FILE is what `python3 resnet.py train FOLDER FILE` writes, FOLDER has CIFAR-10's binary batches. Without them, the program trains a
// network on drawn digits first, and saves it as PyTorch would.
using Microsoft.ML;
using Microsoft.ML.Transforms;
using MLNet.Pruning;
using MLNet.Pruning.Samples;

string? Argument(string name) => Array.IndexOf(args, name) is >= 0 and var at && at + 1 < args.Length ? args[at + 1] : null;
int Number(string name, int otherwise) => int.TryParse(Argument(name), out int number) ? number : otherwise;

int epochs = Number("--epochs", 8), rows = Number("--rows", 20_000);
string folder = Directory.CreateTempSubdirectory("pretrained").FullName;
var mlContext = new MLContext(seed: 1).UsePruning();
string? cifar = Argument("--data");
var (train, test) = cifar is null
    ? (mlContext.Data.SynthesizeDigits(Math.Min(rows, 4_000), seed: 1), mlContext.Data.SynthesizeDigits(1_000, seed: 2))
    : (mlContext.Data.LoadCifar10(cifar), mlContext.Data.LoadCifar10(cifar, DatasetSplit.Test));
train = mlContext.Data.TakeRows(train, rows);
long[] shape = cifar is null ? [1, 28, 28] : [3, 32, 32];
ResNet Build() => cifar is null
    ? new ResNet(10, [16, 32, 64], 1, mean: [0.13f], std: [0.31f])
    : ResNet.Of20Layers(10, mean: [0.4914f, 0.4822f, 0.4465f], std: [0.2470f, 0.2435f, 0.2616f]);

// The labels of a pretrained network have an order: that of its last layer.
var labels = mlContext.Transforms.Conversion.MapValueToKey("Label", keyOrdinality: ValueToKeyMappingEstimator.KeyOrdinality.ByValue);

PrunedModuleTrainer.Options Options(int epochs, double rate) => new()
{
    FeatureColumnName = "Pixels",
    InputShape = shape,
    Epochs = epochs,
    BatchSize = 64,
    Optimizer = OptimizerKind.AdamW,
    LearningRate = rate,
    LearningRateSchedule = LearningRateSchedule.Cosine(),
    Progress = TrainingProgress.Lines(Console.Out),
};

string weights = Argument("--weights") ?? Path.Combine(folder, "resnet.pth");
if (!File.Exists(weights))
{
    Console.WriteLine("Pretraining");
    var trainer = mlContext.MulticlassClassification.Trainers.PrunedModule(Build, Options(Math.Max(1, epochs / 2), 0.005));
    using var first = labels.Append(trainer).Fit(train);
    first.LastTransformer.Module.SavePth(weights);
}

// How good and how fast is it without pruning? The plan is what scores a trained model.
using var whole = Build();
new PretrainedWeights(weights).LoadInto(whole);
var dense = NetworkPlans.Compile(whole, shape);

Console.WriteLine("Fine-tuning and pruning");
var options = Options(epochs, 0.003);
options.Pretrained = new(weights);
options.Pruning = new NeuronPruning
{
    Importance = new Taylor(),
    Schedule = Schedule.Stepwise(maturity: 1, every: 1, amount: 0.2, target: 0.5),
};
var pipeline = labels.Append(mlContext.MulticlassClassification.Trainers.PrunedModule(Build, options))
    .Append(mlContext.Transforms.Conversion.MapKeyToValue("PredictedLabel"));
using var model = pipeline.Fit(train);

var pruned = model.OfType<PrunedModelTransformer>().Single();
var history = pruned.History!;
var speed = ScoringSpeed.Measure([dense, NetworkPlans.Compile(pruned.Module, shape)]);
Console.WriteLine($"test accuracy {mlContext.MulticlassClassification.Evaluate(model.Transform(test)).MicroAccuracy:P1}");
Console.WriteLine($"parameters {history.ParametersAtStart:N0} -> {history.Epochs[^1].Parameters:N0}");
Console.WriteLine($"scores {speed[1].RowsPerSecond:N0} images/s, {speed[1].RowsPerSecond / speed[0].RowsPerSecond:F1}x as many as before "
    + "pruning");
Console.WriteLine($"scored by a plan: {pruned.PlanFailure ?? "yes"}");

// A plan needs no code of the network: the file is enough, in any program.
string file = Path.Combine(folder, "model.zip"), onnx = Path.Combine(folder, "model.onnx");
mlContext.Model.Save(model, train.Schema, file);
using var loaded = (IDisposable)new MLContext().UsePruning().Model.Load(file, out _);
var again = mlContext.MulticlassClassification.Evaluate(((ITransformer)loaded).Transform(test));
Console.WriteLine($"loaded from {file}: test accuracy {again.MicroAccuracy:P1}");
var export = mlContext.Model.ExportOnnx(model, onnx);
Console.WriteLine($"exported to {onnx}: {export.Bytes:N0} bytes");
