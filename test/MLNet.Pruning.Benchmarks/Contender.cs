using System.Globalization;
using static TorchSharp.torch;

namespace MLNet.Pruning.Benchmarks;

/// <summary>
/// One way of training a network, in a process of its own: what it sets of LibTorch's threads and memory stays there. A line in, a number out, as the peers in Python:
/// "epoch THREADS" gives images a second, "memory" the most megabytes that the process has used.
/// </summary>
static class Contender
{
    /// <param name="args">"ours", "libtorch" (the same on LibTorch), "Frozen" or "Persistent" (ours with 90 % of the weights inactive), "plain", or "fused" for a plain loop with fused attention; a network's name, and where its rows lie.</param>
    public static void Run(string[] args)
    {
        var network = Network.Of(args[1]);
        var rows = Examples.Of(args[2], network.Blueprint.InputShape);
        if (args[0] is "ours" or "libtorch")
            Ours(network, rows, args[0] == "ours" ? TrainingCompute.Automatic : TrainingCompute.LibTorch);
        else if (Enum.TryParse<Reactivation>(args[0], out var reactivation))
            Ours(network, rows, TrainingCompute.Automatic, new WeightPruning { Schedule = Schedule.Constant(0.9), Every = 100, Reactivation = reactivation });
        else
            Plain(network, rows, args[0] == "fused");
    }

    /// <summary>The trainer's loop, which knows by itself how many threads to use: one long run, that waits after each epoch until it is asked for the next.</summary>
    static void Ours(Network network, Examples rows, TrainingCompute compute, WeightPruning? pruning = null)
    {
        var turn = new EpochHook(run =>
        {
            // The first is to warm up.
            if (run.Epoch == 0)
                Console.WriteLine("ready");
            else
                Answer(run.Totals.Rows / run.Totals.Seconds);
            if (!AskedForEpoch())
                run.Stop("measured");
        });
        random.manual_seed(1);
        using var model = network.Blueprint.Build();
        var options = new TrainingOptions { Epochs = int.MaxValue, BatchSize = network.Batch, Optimizer = network.Optimizer, Compute = compute, Hooks = pruning is null ? [turn] : [turn, pruning.Begin()] };
        new TrainingLoop(options).Run(new TrainingTask { Model = model, Copy = network.Blueprint.Build, Examples = rows, Objective = network.Objective });
    }

    static void Plain(Network network, Examples rows, bool fused)
    {
        using var loop = new PlainLoop(network, rows, network.Batch, fused);
        loop.Epoch(1);
        Console.WriteLine("ready");
        while (AskedForEpoch(out var threads))
            Answer(loop.Epoch(threads));
    }

    static bool AskedForEpoch() => AskedForEpoch(out _);

    /// <summary>Answers until it is asked for an epoch; false at the end of the questions.</summary>
    static bool AskedForEpoch(out int threads)
    {
        threads = 0;
        while (Console.ReadLine() is { } question)
        {
            if (question.Split(' ') is ["epoch", var count])
            {
                threads = int.Parse(count, CultureInfo.InvariantCulture);
                return true;
            }
            using var self = System.Diagnostics.Process.GetCurrentProcess();
            Answer(self.PeakWorkingSet64 / 1048576.0);
        }
        return false;
    }

    static void Answer(double number) => Console.WriteLine(number.ToString(CultureInfo.InvariantCulture));
}

/// <summary>Does something after each epoch.</summary>
sealed class EpochHook(Action<TrainingRun> action) : ITrainingHook
{
    public void AfterEpoch(TrainingRun run) => action(run);
}
