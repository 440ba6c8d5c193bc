using System.Runtime.InteropServices;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace MLNet.Pruning.Tests;

/// <summary>Counts what the whole process holds, so nothing else may run beside.</summary>
[TestClass]
[DoNotParallelize]
public sealed partial class MemoryTests
{
    [TestMethod]
    public void Native_memory_is_flat_over_a_hundred_thousand_predictions()
    {
        var context = new MLContext(seed: 1);
        using var model = FeedForwardPipelineTests.Pipeline(context).Fit(Flowers.View(context, 60));
        using var engine = context.Model.CreatePredictionEngine<Flower, FlowerGuess>(model);
        var flower = Flowers.Pick(1)[0];
        var guess = new FlowerGuess();
        AssertFlat(() =>
        {
            for (int i = 0; i < 20_000; i++)
                engine.Predict(flower, ref guess);
        }, mostBytes: 20_000 * 50); // 5 MB over 100,000; a tensor left behind is at least 200 bytes
    }

    [TestMethod]
    [TestCategory("Slow")]
    public void Native_memory_is_flat_over_twenty_thousand_steps()
    {
        var blueprint = new FeedForwardBlueprint([8, 16, 3]);
        using var model = blueprint.Build();
        var measured = new List<(long Tensors, long Memory)>();
        var options = new TrainingOptions { Epochs = 600, BatchSize = 32, Replicas = 2, HistoryInterval = int.MaxValue, Hooks = [new Every(100, () => measured.Add(Live()))] };
        new TrainingLoop(options).Run(new() { Model = model, Copy = blueprint.Build, Examples = new Noise(32 * 40), Objective = new CrossEntropy(3) });

        // The first hundred epochs (4,000 steps) warm up; 20,000 follow.
        Assert.HasCount(6, measured);
        foreach (var (tensors, _) in measured)
            Assert.AreEqual(measured[0].Tensors, tensors);
        Assert.IsLessThan(1_000_000, measured[^1].Memory - measured[0].Memory, string.Join(", ", measured.Select(m => m.Memory)));
    }

    sealed class Every(int epochs, Action measure) : ITrainingHook
    {
        public void AfterEpoch(TrainingRun run)
        {
            if ((run.Epoch + 1) % epochs == 0)
                measure();
        }
    }

    /// <summary>Rows of numbers that mean nothing.</summary>
    sealed class Noise(int rows) : IExampleSource
    {
        public IReadOnlyList<long> Shape => [8];

        public bool HasLabels => true;

        public long? Count => rows;

        public IExampleReader Open() => new Reader(rows);

        sealed class Reader(int rows) : IExampleReader
        {
            readonly Random random = new(1);
            int row;

            public bool Read(Span<float> features, out long label)
            {
                foreach (ref float feature in features)
                    feature = random.NextSingle();
                label = row % 3;
                return row++ < rows;
            }

            public void Dispose()
            {
            }
        }
    }

    [TestMethod]
    public void Transforming_and_fitting_again_and_again_leaves_no_tensor_behind()
    {
        var context = new MLContext(seed: 1);
        var data = Flowers.View(context, 60);
        var keys = FeedForwardPipelineTests.Keys(context, data);
        var trainer = context.MulticlassClassification.Trainers.PrunedFeedForward(new() { LabelColumnName = "Kind", FeatureColumnName = "Petals", HiddenSizes = [8], Epochs = 2, Replicas = 1 });
        using var model = FeedForwardPipelineTests.Pipeline(context).Fit(data);
        var scored = model.Transform(Flowers.View(context, 2_000, seed: 4));

        // Some versions of TorchSharp count a parameter twice when it is made and once when it goes.
        long before = Live().Tensors;
        new FeedForward([4, 8, 3]).Dispose();
        long miscounted = Live().Tensors - before;
        AssertFlat(() =>
        {
            Assert.AreEqual(2_000, scored.GetColumn<uint>("PredictedLabel").Count());
            trainer.Fit(keys).Dispose();
        }, mostBytes: 500_000, miscounted);
    }

    /// <summary>
    /// Six times the same work, the first to warm up; what leaks grows by as much each time, what the runtime takes now and then, more
    /// of it on a busy machine, does not, so that the second least is what counts.
    /// </summary>
    static void AssertFlat(Action work, long mostBytes, long miscounted = 0)
    {
        work();
        var growth = new long[5];
        var (tensors, memory) = Live();
        for (int round = 0; round < growth.Length; round++)
        {
            work();
            var (tensorsNow, memoryNow) = Live();
            Assert.AreEqual(tensors + miscounted, tensorsNow);
            tensors = tensorsNow;
            growth[round] = memoryNow - memory;
            memory = memoryNow;
        }
        Assert.IsLessThan(mostBytes, growth.Order().ElementAt(1), $"Native memory in use grew by {string.Join(", ", growth)} bytes.");
    }

    static (long Tensors, long Memory) Live()
    {
        for (int i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        return (TorchSharp.torch.Tensor.TotalCount, NativeBytes());
    }

    /// <summary>
    /// What malloc has handed out, where the C library tells. The process's resident memory also follows the garbage
    /// collector and the rest of the test run, by tens of megabytes.
    /// </summary>
    static long NativeBytes()
    {
        if (!OperatingSystem.IsLinux() || !NativeLibrary.TryLoad("libc.so.6", out nint library) || !NativeLibrary.TryGetExport(library, "mallinfo2", out _))
            return 0;
        var info = MallocInfo();
        return (long)(info.InUse + info.Mapped);
    }

    [LibraryImport("libc.so.6", EntryPoint = "mallinfo2")]
    private static partial Information MallocInfo();

    /// <summary>struct mallinfo2 of the GNU C library.</summary>
    [StructLayout(LayoutKind.Sequential)]
    readonly struct Information
    {
        readonly nuint arena, freeChunks, fastChunks, mappedChunks;

        public readonly nuint Mapped;

        readonly nuint peak, fastBytes;

        public readonly nuint InUse;

        readonly nuint free, trimmable;
    }
}
