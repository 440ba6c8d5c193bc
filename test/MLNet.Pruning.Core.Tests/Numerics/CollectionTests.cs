using System.Collections.Concurrent;
using System.Diagnostics;
using MLNet.Pruning.Tests.Models;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Numerics;

/// <summary>Networks compute and train while garbage is collected all the time: whatever LibTorch is still reading must be held.</summary>
[TestClass]
public sealed class CollectionTests
{
    const int Threads = 8;

    // The smallest generation 0 that .NET takes: a collection every 256 KB. It is read when a process starts.
    const string Generation0 = "DOTNET_GCgen0size";

    static readonly VitBlueprint vit = VitBlueprint.For([1, 8, 8], 2, 3, dim: 32, depth: 2, heads: 2) with { Merge = 0.5 };
    static readonly ConvNetBlueprint convolutions = new([1, 8, 8], [4, 6], [10], 3, Activation.LeakyRelu, BatchNorm: true);

    [TestMethod]
    public void Forwards_and_steps_survive_collections()
    {
        using var over = new CancellationTokenSource();
        var collector = new Thread(() =>
        {
            while (!over.IsCancellationRequested)
            {
                GC.Collect(0, GCCollectionMode.Forced, blocking: true);
                // Others have to come to something between two of them, on a quiet machine too.
                Thread.SpinWait(5_000);
            }
        });
        collector.Start();
        try
        {
            Survive(forwards: 800, steps: 160);
        }
        finally
        {
            over.Cancel();
            collector.Join();
        }
    }

    [TestMethod]
    [TestCategory("Slow")]
    public void A_hundred_thousand_forwards_and_twenty_thousand_steps_survive_a_small_generation_0()
    {
        if (Environment.GetEnvironmentVariable(Generation0) is not null)
        {
            Survive(forwards: 100_000, steps: 20_000);
            return;
        }
        var itself = $"Name={nameof(A_hundred_thousand_forwards_and_twenty_thousand_steps_survive_a_small_generation_0)}";
        string[] arguments = ["test", typeof(CollectionTests).Assembly.Location, "--filter", itself];
        var start = new ProcessStartInfo("dotnet", arguments) { RedirectStandardOutput = true };
        start.Environment[Generation0] = "0x40000";
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.AreEqual(0, process.ExitCode, output);
    }

    static void Survive(int forwards, int steps)
    {
        var failures = new ConcurrentQueue<Exception>();
        random.manual_seed(1);
        using var model = vit.Build();
        using var images = rand([1, .. vit.Image]);
        model.eval();
        OnThreads(_ =>
        {
            using var off = no_grad();
            for (var i = 0; i < forwards / Threads; i++)
                Try(() =>
                {
                    using var scope = NewDisposeScope();
                    model.call(images);
                });
        });
        OnThreads(thread => Try(() => Train(thread % 2 == 0 ? vit : convolutions, steps / Threads)));
        var kinds = failures.GroupBy(e => e.Message.Split('\n')[0]).Select(kind => $"{kind.Count()} times {kind.Key}\n{kind.First().StackTrace}");
        Assert.IsEmpty(failures, string.Join("\n", kinds));

        void Try(Action action)
        {
            try
            {
                action();
            }
            catch (Exception e)
            {
                failures.Enqueue(e);
            }
        }
    }

    static void Train(Blueprint blueprint, int steps)
    {
        using var model = blueprint.Build();
        new TrainingLoop(new TrainingOptions { Epochs = steps / 10, BatchSize = 4, Replicas = 1 }).Run(new TrainingTask
        {
            Model = model,
            Examples = Peer.Images(40, [1, 8, 8], 3),
            Objective = new CrossEntropy(3),
        });
    }

    static void OnThreads(Action<int> action)
    {
        var threads = Enumerable.Range(0, Threads).Select(number => new Thread(() => action(number))).ToArray();
        foreach (var thread in threads)
            thread.Start();
        foreach (var thread in threads)
            thread.Join();
    }
}
