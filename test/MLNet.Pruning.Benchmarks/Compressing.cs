using System.Diagnostics;
using MLNet.Pruning.Comparators;
using static TorchSharp.torch;

namespace MLNet.Pruning.Benchmarks;

/// <summary>The comparators on 784-300-100-10, the network that Han, Mao and Dally (2016) compress 40 times: PQH, and FPRL from the same trained weights.</summary>
static class Compressing
{
    public static void Run(string[] args)
    {
        var epochs = args.Length > 0 ? int.Parse(args[0]) : 5;
        var (train, test, real) = Examples.Load();
        var blueprint = new FeedForwardBlueprint([784, 300, 100, 10]);
        random.manual_seed(1);
        using var model = blueprint.Build();
        var task = new TrainingTask { Model = model, Copy = blueprint.Build, Examples = train, Validation = test, Objective = new CrossEntropy(10) };
        var training = new TrainingOptions { Epochs = epochs, BatchSize = 128, Seed = 1 };
        Table.Title($"784-300-100-10 on {(real ? "MNIST" : "noise of MNIST's shape")}, {epochs} epochs");
        var dense = new TrainingLoop(training).Run(task).History.Epochs[^1];
        Table.Row("dense: test accuracy", $"{dense.ValidationAccuracy:P2}");
        using var agents = blueprint.Build();
        CompressedModel? kept = null;
        Timed("PQH, 92 % of the weights go in 3 rounds", () =>
        {
            Copy(model, agents);
            kept = new PruneQuantizeCode { Sparsity = 0.92, LinearBits = 6, Rounds = 3, Retraining = training, FineTuning = training with { Epochs = 2, LearningRate = 0.0001 } }.Run(task);
        });
        using (var built = kept!.Build())
            Table.Row("  test accuracy from the file", $"{Accuracy(built, test):P2}", "(Han et al.: no loss)");
        Table.Row("  file", $"{kept.Size:N0} bytes", $"{kept.Ratio:0.0} times smaller (Han et al.: 40)");
        Console.WriteLine(kept);

        FilterSearchResult? result = null;
        using var example = rand(1, 784);
        // 5,000 training rows to choose by; the test rows only say how it went.
        using var choosing = new Rows(train, 5_000);
        Timed("FPRL, 200 episodes", () => result = new ReinforceAgent { CostWeight = 0.2, Seed = 1 }.Run(NeuronMap.Discover(agents, example), agents, example, () => choosing.Accuracy(agents)));
        foreach (var group in result!.Groups)
            Table.Row($"  {group.Name}", $"{group.Removed.Count} of {group.Size}", "go");
        Table.Row("  multiplications left", $"{result.Best.RemainingCost:P1}");
        Table.Row("  reward of the first and last 20 tries", $"{result.Episodes.Take(20).Average(e => e.Reward):0.000}", $"{result.Episodes.TakeLast(20).Average(e => e.Reward):0.000}");
        Table.Row("  test accuracy, before retraining", $"{Accuracy(agents, test):P2}");
    }

    static void Timed(string what, Action work)
    {
        var began = Stopwatch.GetTimestamp();
        work();
        Table.Row(what, $"{Stopwatch.GetElapsedTime(began).TotalSeconds:0.0} s");
    }

    static void Copy(nn.Module from, nn.Module to)
    {
        using var off = no_grad();
        foreach (var ((_, source), (_, target)) in from.named_parameters().Zip(to.named_parameters()))
            target.copy_(source);
    }

    static double Accuracy(nn.Module model, Examples digits)
    {
        using var rows = new Rows(digits, int.MaxValue);
        return rows.Accuracy((nn.Module<Tensor, Tensor>)model);
    }

    sealed class Rows : IDisposable
    {
        readonly Tensor inputs, labels;

        public Rows(Examples digits, int most)
        {
            var count = (int)Math.Min(most, digits.Count!.Value);
            var (pixels, classes) = (new float[count * 784], new long[count]);
            using var reader = digits.Open();
            for (var i = 0; i < count; i++)
                reader.Read(pixels.AsSpan(i * 784, 784), out classes[i]);
            (inputs, labels) = (tensor(pixels, [count, 784]), tensor(classes));
        }

        public double Accuracy(nn.Module<Tensor, Tensor> model)
        {
            using var scope = NewDisposeScope();
            using var off = no_grad();
            return model.call(inputs).argmax(1).eq(labels).sum().item<long>() / (double)labels.shape[0];
        }

        public void Dispose()
        {
            inputs.Dispose();
            labels.Dispose();
        }
    }
}
