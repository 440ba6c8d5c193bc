using MLNet.Pruning.Reporting.Text;
using Microsoft.ML;
using static System.FormattableString;
using static TorchSharp.torch;

namespace MLNet.Pruning.Samples.NeuralBurden;

/// <summary>
/// Does a dense teacher give back what pruning weights costs? For each seed, three trainings of one network on MNIST: dense, pruned by its
/// labels, and pruned by its labels and by the dense network's answers.
/// </summary>
sealed record DistillationStudy
{
    const int Classes = 10;

    static readonly long[] image = [1, 28, 28];

    public required Settings Settings { get; init; }

    public double Sparsity { get; init; } = 0.95;

    public double Temperature { get; init; }

    public double Weight { get; init; }

    /// <summary>Test on so many of the last training images, which are then left out of training, in place of the test set.</summary>
    public int HoldOut { get; init; }

    public void Run()
    {
        var extent = Experiments.Mnist.Of(Settings);
        var (train, test) = Experiments.Mnist.Load(new MLContext(), Settings, extent);
        var all = new LabelledImages(train, image, extent.Rows);
        var rows = HoldOut == 0 ? all : new LabelledImages(train, image, (int)all.Count! - HoldOut);
        var tests = HoldOut == 0 ? new LabelledImages(test, image, extent.Test)
            : new LabelledImages(train, image, HoldOut, skip: (int)all.Count! - HoldOut);
        Directory.CreateDirectory(Settings.Output);
        Console.WriteLine(Invariant($"distill: {rows.Count:N0} digits to learn from, {tests.Count:N0} to test on, {extent.Epochs} epochs, ")
            + Invariant($"{extent.Seeds} seeds, {100 * Sparsity:0.#} % of the weights inactive, ")
            + Invariant($"temperature {Temperature}, weight {Weight}"));
        foreach (var merged in Settings.Merging)
        {
            var title = merged ? "half of the tokens merged" : "without merging";
            var table = new TextTable([title, .. Seeds(extent).Select(s => $"seed {s}#"), "mean#"]);
            var accuracies = Seeds(extent).Select(seed => OneSeed(extent, seed, merged, rows, tests)).ToArray();
            Add(table, "dense, the teacher", accuracies.Select(a => a.Dense));
            Add(table, "pruned, by labels", accuracies.Select(a => a.Pruned));
            Add(table, "pruned, by labels and teacher", accuracies.Select(a => a.Distilled));
            Console.WriteLine($"{Environment.NewLine}{table}");
            var (gap, back) = (accuracies.Average(a => a.Dense - a.Pruned), accuracies.Average(a => a.Distilled - a.Pruned));
            Console.WriteLine(Invariant($"The teacher gives back {100 * back:0.00} of {100 * gap:0.00} points."));
        }
    }

    static IEnumerable<int> Seeds(Extent extent) => Enumerable.Range(1, extent.Seeds);

    static void Add(TextTable table, string what, IEnumerable<double> accuracies) => table.Add([what,
        .. accuracies.Select(a => Numbers.Percent(a)), Numbers.MeanAndSpread(accuracies)]);

    (double Dense, double Pruned, double Distilled) OneSeed(Extent extent, int seed, bool merged, LabelledImages rows, LabelledImages tests)
    {
        var pruning = Experiment.Pruning(Sparsity, extent.Epochs, Settings);
        using var teacher = Train("dense", "", null, new CrossEntropy(Classes), out var dense);
        var cut = Invariant($"-{100 * Sparsity:0.##}-{Settings.Reactivation}-{Settings.Fading}");
        using (Train("pruned", cut, pruning, new CrossEntropy(Classes), out var pruned))
        using (Train("distilled", cut + Invariant($"-{Temperature}-{Weight}"), pruning,
            new DistilledCrossEntropy(Classes, (nn.Module<Tensor, Tensor>)teacher, Temperature, Weight), out var distilled))
            return (dense, pruned, distilled);

        // A training that is over is not repeated: its checkpoint gives the trained model and the history.
        nn.Module Train(string kind, string setting, WeightPruning? weights, IObjective objective, out double accuracy)
        {
            random.manual_seed(seed);
            var task = Network.Task(image, extent, merged, rows, tests, objective);
            var name = $"distill-{Settings.Size}-{rows.Count}-{(HoldOut > 0 ? $"held-{HoldOut}-" : "")}{extent.Epochs}-"
                + $"{(merged ? "merged-" : "")}{seed}-{kind}{setting}.checkpoint";
            var result = new TrainingLoop(Experiment.Options(extent, Settings.Device) with
            {
                Seed = seed,
                Checkpoint = new CheckpointOptions(Path.Combine(Settings.Output, name)),
                Hooks = weights is null ? [] : [weights.Begin()],
            }).Run(task, Settings.Cancellation);
            accuracy = result.History.Epochs[^1].ValidationAccuracy ?? double.NaN;
            Console.WriteLine(Invariant($"  seed {seed}, {(merged ? "merged, " : "")}{kind,-10} ")
                + Invariant($"test accuracy {Numbers.Percent(accuracy),8}, ")
                + Numbers.Duration(result.History.Epochs.Sum(e => e.Seconds)));
            return result.Model;
        }
    }
}
