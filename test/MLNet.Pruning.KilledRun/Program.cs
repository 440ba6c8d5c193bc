using System.Globalization;
using System.Security.Cryptography;
using MLNet.Pruning;
using static TorchSharp.torch;

// Trains a pruned network that saves after every step, and prints a hash of all that the run leaves:
// KilledRun KIND ROWS-IN-MEMORY EPOCHS [CHECKPOINT]
const int Width = 48, Rows = 400, Classes = 5, BatchSize = 40;
var (kind, inMemory, epochs) = (args[0], int.Parse(args[1], CultureInfo.InvariantCulture), int.Parse(args[2], CultureInfo.InvariantCulture));

var draw = new Random(1);
var labels = Enumerable.Range(0, Rows).Select(row => row % Classes).ToArray();
var features = Enumerable.Range(0, Rows * Width).Select(i => draw.NextSingle() + (i % Width % Classes == labels[i / Width] ? 0.5f : 0)).ToArray();

FeedForward Build() => new([Width, 96, 64, Classes]);
ITrainingPruning pruning = kind switch
{
    "neurons" => new NeuronPruning { Schedule = Schedule.Stepwise(maturity: 2, every: 3, amount: 0.2, target: 0.7), ObserveFraction = 0.3 },
    "weights" => new WeightPruning { Sparsity = 0.8, Every = 7 },
    _ => throw new ArgumentException($"There is no kind '{kind}'; there are neurons and weights."),
};

random.manual_seed(args.Length > 3 ? Environment.TickCount64 : 1); // a resumed run does not depend on its initial weights
using var model = Build();
if (args.Length > 3 && !File.Exists(args[3]))
{
    random.manual_seed(1);
    using var first = Build();
    using var noGrad = no_grad();
    foreach (var (to, from) in model.parameters().Zip(first.parameters()))
        to.copy_(from);
}
var result = new TrainingLoop(new TrainingOptions
{
    Epochs = epochs,
    BatchSize = BatchSize,
    Replicas = 2,
    Seed = 3,
    HistoryInterval = 1,
    Optimizer = OptimizerKind.AdamW,
    MemoryLimit = inMemory * ((Width * sizeof(float)) + sizeof(long)),
    Checkpoint = args.Length > 3 ? new CheckpointOptions(args[3]) { EverySteps = 1, Keep = 2 } : null,
    Hooks = [pruning.Begin(), new Steps()],
}).Run(new TrainingTask
{
    Model = model,
    Copy = Build,
    Examples = new ArrayExamples(features, [Width], labels),
    Objective = new CrossEntropy(Classes),
});
using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
foreach (var tensor in result.Model.parameters())
{
    using var data = tensor.detach();
    hash.AppendData(data.bytes.ToArray());
}
foreach (var step in result.History.Steps)
    hash.AppendData(BitConverter.GetBytes(step.Loss));
foreach (var record in result.History.Events)
    hash.AppendData(BitConverter.GetBytes(record.ParametersAfter));
Console.WriteLine($"done {Convert.ToHexString(hash.GetHashAndReset())}");

/// <summary>Says how far the run is, so that a test can kill it while it trains.</summary>
sealed class Steps : ITrainingHook
{
    public void AfterStep(TrainingRun run) => Console.WriteLine($"step {run.Step}");
}
