using System.Diagnostics;
using System.Globalization;
using MLNet.Pruning.Models;
using MLNet.Pruning.Training;
using static TorchSharp.torch;

namespace MLNet.Pruning.Benchmarks;

/// <summary>A vision transformer of four blocks with AdamW and batches of 128: epochs of ours, of ours with merged patches and of PyTorch's in turn.</summary>
static class Transformers
{
    const int Images = 3840;

    static VitBlueprint Dense { get; } = VitBlueprint.For([1, 28, 28], 4, 10);

    public static void Run(string[] args)
    {
        var rounds = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 5;
        var (train, _, _) = Digits.Load(Images);
        var folder = Directory.CreateTempSubdirectory("mlprune-bench").FullName;
        try
        {
            var (x, y) = train.Write(folder, "train");
            using var python = Peer.Python("vit.py", x, y, "128");
            using var alone = Peer.Start(Environment.ProcessPath!, [.. Environment.GetCommandLineArgs()[0] is var dll && Environment.ProcessPath!.EndsWith("dotnet", StringComparison.Ordinal) ? new[] { dll } : [], "vit-memory", x, y]);
            List<double> dense = [], merged = [], one = [], two = [], device = [], deviceMerged = [], theirs = [];
            var onDevice = cuda.is_available();
            for (var round = 0; round < rounds; round++)
            {
                dense.Add(Speed(Dense, train));
                merged.Add(Speed(Dense with { Merge = 24 }, train));
                Ask("epoch 1", one);
                Ask("epoch 2", two);
                if (!onDevice)
                    continue;
                device.Add(Speed(Dense, train, "cuda"));
                deviceMerged.Add(Speed(Dense with { Merge = 24 }, train, "cuda"));
                Ask("epoch cuda", theirs);
            }
            var best = one.Zip(two, Math.Max).ToList();
            Table.Title($"Training a ViT (dim 64, 4 blocks of 4 heads, MLP 128, 49 tokens), batch 128, AdamW, images/s (median of {rounds} interleaved epochs of {Images:N0} images)");
            Table.Row("ours", $"{Table.Median(dense):N0}", $"best {dense.Max():N0}");
            Table.Row("ours, patches merged to 25", $"{Table.Median(merged):N0}", $"{Table.Median(merged.Zip(dense, (m, d) => m / d)):F2}x without (wanted: at least 1.7x)");
            if (onDevice)
            {
                Table.Row("ours, CUDA", $"{Table.Median(device):N0}", $"best {device.Max():N0}");
                Table.Row("ours, CUDA, patches merged to 25", $"{Table.Median(deviceMerged):N0}", $"{Table.Median(deviceMerged.Zip(device, (m, d) => m / d)):F2}x without");
            }
            if (python is null)
                return;
            if (onDevice)
                Table.Row("ours / PyTorch, CUDA", $"{Table.Median(device.Zip(theirs, (o, t) => o / t)):F2}x", $"PyTorch {Table.Median(theirs):N0}");
            Table.Row("PyTorch, 1 thread", $"{Table.Median(one):N0}", $"best {one.Max():N0}");
            Table.Row("PyTorch, 2 threads", $"{Table.Median(two):N0}", $"best {two.Max():N0}");
            Table.Row("ours / PyTorch's better", $"{Table.Median(dense.Zip(best, (o, t) => o / t)):F2}x", $"of the best: {dense.Max() / best.Max():F2}x (wanted: at least 1.8x)");
            if (alone is not null)
                Table.Row("most memory used, MB", $"{alone.Ask("memory"):F0}", $"PyTorch {python.Ask("memory"):F0}");

            void Ask(string question, List<double> rates)
            {
                if (python is null)
                    return;
                rates.Add(python.Ask(question));
                python.AwaitRest();
            }
        }
        finally
        {
            Directory.Delete(folder, true);
        }
    }

    /// <summary>Trains in a process of its own that measures nothing else, and says how much memory that took.</summary>
    public static void Memory(string[] args)
    {
        Console.WriteLine("ready");
        while (Console.ReadLine() is not null)
        {
            Speed(Dense, Digits.Of(args[0], args[1]));
            using var self = Process.GetCurrentProcess();
            Console.WriteLine((self.PeakWorkingSet64 / 1048576.0).ToString(CultureInfo.InvariantCulture));
        }
    }

    /// <summary>Images a second of the second of two epochs.</summary>
    static double Speed(VitBlueprint blueprint, IExampleSource train, string device = "cpu")
    {
        random.manual_seed(1);
        using var model = blueprint.Build();
        var options = new TrainingOptions { Epochs = 2, BatchSize = 128, Optimizer = OptimizerKind.AdamW, Device = device };
        return new TrainingLoop(options).Run(new TrainingTask { Model = model, Copy = blueprint.Build, Examples = train, Objective = new CrossEntropy(10) }).History.Epochs[^1].RowsPerSecond;
    }
}
