using MLNet.Pruning.Models;
using MLNet.Pruning.Training;
using static TorchSharp.torch;

namespace MLNet.Pruning.Benchmarks;

/// <summary>784-50-30-10 with Adam and batches of 128: epochs of ours and of PyTorch's in turn.</summary>
static class Train
{
    public static void Run(string[] args)
    {
        var rounds = args.Length > 0 ? int.Parse(args[0]) : 7;
        var blueprint = new FeedForwardBlueprint([784, 50, 30, 10]);
        var (train, test, real) = Digits.Load();
        var folder = Directory.CreateTempSubdirectory("mlprune-bench").FullName;
        try
        {
            var (x, y) = train.Write(folder, "train");
            var (testX, testY) = test.Write(folder, "test");
            using var python = Peer.Python("train.py", x, y, testX, testY, string.Join('-', blueprint.Sizes), "128");
            List<double> one = [], two = [];
            double theirAccuracy = double.NaN;
            var turn = new EpochHook(run =>
            {
                if (python is null)
                    return;
                one.Add(python.Ask("epoch 1"));
                two.Add(python.Ask("epoch 2"));
                python.AwaitRest();
            });
            var history = Ours(blueprint, train, null, new TrainingOptions { Epochs = rounds, Hooks = [turn] });
            var ours = history.Epochs.Select(e => e.RowsPerSecond).ToList();
            var best = one.Zip(two, Math.Max).ToList();
            Table.Title($"Training {string.Join('-', blueprint.Sizes)}, batch 128, Adam, {(real ? "MNIST" : "noise of MNIST's shape")}, images/s (median of {rounds} interleaved epochs)");
            Table.Row($"ours, {history.Replicas} replicas", $"{Table.Median(ours):N0}", $"best {ours.Max():N0}");
            if (python is not null)
            {
                Table.Row("PyTorch, 1 thread", $"{Table.Median(one):N0}", $"best {one.Max():N0}");
                Table.Row("PyTorch, 2 threads", $"{Table.Median(two):N0}", $"best {two.Max():N0}");
                Table.Row("ours / PyTorch's better", $"{Table.Median(ours.Zip(best, (a, b) => a / b)):F2}x", $"of the best: {ours.Max() / best.Max():F2}x (wanted: at least 2x)");
                python.Ask("reset");
                for (var i = 0; i < 3; i++)
                    python.Ask("epoch 1");
                theirAccuracy = python.Ask("accuracy");
            }
            if (!real)
                return;
            var accuracy = Ours(blueprint, train, test, new TrainingOptions { Epochs = 3 }).Epochs[^1].ValidationAccuracy!.Value;
            Table.Row("test accuracy after 3 epochs, ours", $"{accuracy:P2}");
            if (python is not null)
                Table.Row("test accuracy after 3 epochs, PyTorch", $"{theirAccuracy:P2}", $"difference {100 * (accuracy - theirAccuracy):+0.00;-0.00} points (wanted: within 0.5)");
        }
        finally
        {
            Directory.Delete(folder, true);
        }
    }

    public static TrainingHistory Ours(Blueprint blueprint, IExampleSource train, IExampleSource? test, TrainingOptions options)
    {
        random.manual_seed(1);
        using var model = blueprint.Build();
        return new TrainingLoop(options).Run(new TrainingTask { Model = model, Copy = blueprint.Build, Examples = train, Validation = test, Objective = new CrossEntropy(10) }).History;
    }
}

/// <summary>Does something after each epoch.</summary>
sealed class EpochHook(Action<TrainingRun> action) : ITrainingHook
{
    public void AfterEpoch(TrainingRun run) => action(run);
}
