using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Training;

[TestClass]
public sealed class AugmentationTests
{
    const int Channels = 2, Height = 6, Width = 5, Count = 64;

    // Each pixel says where it stands: a row of the source can be told from any pixel of it.
    static Rows Images(int count = Count) => new(count, Channels * Height * Width, (row, i) => 1 + row * 100 + i, row => row % 3) { Shape = [Channels, Height, Width] };

    static nn.Module Linear() => nn.Sequential(("flat", nn.Flatten()), ("out", nn.Linear(Channels * Height * Width, 3)));

    static readonly TrainingOptions plain = new() { Epochs = 2, BatchSize = 16, LearningRate = 1e-6, Seed = 4 };

    sealed class Seen : ITrainingHook
    {
        public List<float[]> Images { get; } = [];

        public void AfterBatch(TrainingRun run)
        {
            foreach (var batch in run.Batches)
                Images.AddRange(batch.Inputs.cpu().data<float>().ToArray().Chunk(Channels * Height * Width));
        }
    }

    static List<float[]> Train(TrainingOptions options, Rows? rows = null)
    {
        var seen = new Seen();
        Runs.Train(options with { Hooks = [seen] }, rows ?? Images(), Linear);
        return seen.Images;
    }

    /// <summary>The same by the definition: the image is padded, and cut at (down, right) of the padding.</summary>
    static float[] Expected(int row, int down, int right, bool mirrored, ImageBorder border)
    {
        var image = new float[Channels * Height * Width];
        for (var c = 0; c < Channels; c++)
            for (var y = 0; y < Height; y++)
                for (var x = 0; x < Width; x++)
                {
                    var (sy, sx) = (Inside(y - down, Height), Inside((mirrored ? Width - 1 - x : x) - right, Width));
                    image[(c * Height + y) * Width + x] = sy < 0 || sx < 0 ? 0 : 1 + row * 100 + (c * Height + sy) * Width + sx;
                }
        return image;

        int Inside(int at, int size) => at >= 0 && at < size ? at : border switch
        {
            ImageBorder.Zero => -1,
            ImageBorder.Edge => at < 0 ? 0 : size - 1,
            _ => at < 0 ? -at : 2 * size - 2 - at,
        };
    }

    [TestMethod]
    [DataRow(2, false, ImageBorder.Zero)]
    [DataRow(2, true, ImageBorder.Zero)]
    [DataRow(1, true, ImageBorder.Edge)]
    [DataRow(3, false, ImageBorder.Reflect)]
    [DataRow(0, true, ImageBorder.Zero)]
    public void Every_image_is_shifted_and_mirrored_within_its_limits_and_all_ways_occur(int shift, bool flip, ImageBorder border)
    {
        var images = Train(plain with { Epochs = 6, Augmentation = new() { Shift = shift, Flip = flip, Border = border } });
        var ways = (from down in Enumerable.Range(-shift, 2 * shift + 1)
                    from right in Enumerable.Range(-shift, 2 * shift + 1)
                    from mirrored in flip ? new[] { false, true } : [false]
                    select (down, right, mirrored)).ToArray();
        var counts = new Dictionary<(int, int, bool), int>();
        Assert.HasCount(6 * Count, images);
        foreach (var image in images)
        {
            // The pixels of an image differ by less than 100 from one another, and those of the next by 100 or more.
            var row = (int)(image.Max() - 1) / 100;
            var way = ways.First(way => Expected(row, way.down, way.right, way.mirrored, border).SequenceEqual(image));
            counts[way] = counts.GetValueOrDefault(way) + 1;
        }
        Assert.HasCount(ways.Length, counts);
        var usual = 6.0 * Count / ways.Length;
        Assert.IsTrue(counts.Values.All(n => n < usual + 5 * Math.Sqrt(usual)), "no way is the usual one");
    }

    [TestMethod]
    [DataRow(0L, 1)]
    [DataRow(0L, 4)]
    [DataRow(250L * 40, 1)]
    public void The_changes_do_not_depend_on_the_threads_but_on_the_seed_and_the_epoch(long limit, int accumulate)
    {
        var options = plain with { BatchSize = 16 / accumulate, AccumulateBatches = accumulate, MemoryLimit = limit, Augmentation = new() { Shift = 2, Flip = true } };
        var one = Train(options with { Replicas = 1 });
        foreach (var replicas in new[] { 2, 3 })
        {
            var others = Train(options with { Replicas = replicas });
            for (var i = 0; i < one.Count; i++)
                CollectionAssert.AreEqual(one[i], others[i]);
        }
        Assert.IsFalse(one.Zip(Train(options with { Seed = 5, Shuffle = false })).All(pair => pair.First.SequenceEqual(pair.Second)));
        var inOrder = Train(options with { Shuffle = false });
        Assert.IsLessThan(Count / 3, Enumerable.Range(0, Count).Count(i => inOrder[i].SequenceEqual(inOrder[Count + i])));
    }

    [TestMethod]
    public void Validation_sees_the_images_as_they_are_and_a_resumed_run_the_same_changes()
    {
        var folder = Directory.CreateTempSubdirectory("mlprune").FullName;
        try
        {
            var options = plain with { Epochs = 4, LearningRate = 1e-5, Replicas = 2, Augmentation = new() { Shift = 2, Flip = true } };
            var still = options with { LearningRate = 1e-30 };
            Assert.AreEqual(Runs.Train(still with { Augmentation = null }, Images(), Linear, validation: Images(20)).History.Epochs[^1].ValidationLoss,
                Runs.Train(still, Images(), Linear, validation: Images(20)).History.Epochs[^1].ValidationLoss);
            var (whole, _) = Runs.Train(options, Images(), Linear);
            var saving = options with { Checkpoint = new CheckpointOptions(Path.Combine(folder, "run.checkpoint")) { EverySteps = 1 } };
            using var source = new CancellationTokenSource();
            Assert.Throws<OperationCanceledException>(() => Runs.Train(saving with { Hooks = [new Hook { OnAfterStep = run => { if (run.Step == 6) source.Cancel(); } }] }, Images(), Linear, cancellation: source.Token));
            StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => Runs.Train(saving with { Augmentation = null }, Images(), Linear)).Message, "Augmentation is Augmentation { Shift = 2");
            Runs.AreSame(whole, Runs.Train(saving, Images(), Linear).Parameters);
        }
        finally
        {
            Directory.Delete(folder, true);
        }
    }

    [TestMethod]
    public void Rows_that_are_no_images_and_wrong_settings_are_refused()
    {
        StringAssert.Contains(Refusal(new() { Shift = 1 }, Rows.Blobs(10, 12, 3)), "Augmentation is for images, [channels, height, width]; here a row has the shape [12].");
        StringAssert.Contains(Refusal(new() { Shift = 5 }), "Augmentation.Shift is 5; it must be less than the 5 pixels of an image.");
        StringAssert.Contains(Refusal(new() { Shift = -1 }), "Augmentation.Shift is -1; it must be 0 or more pixels.");
        StringAssert.Contains(Refusal(new()), "Augmentation is one that changes nothing");
        StringAssert.Contains(Refusal(new() { Flip = true, Border = (ImageBorder)7 }), "Augmentation.Border is 7");

        static string Refusal(Augmentation augmentation, Rows? rows = null) =>
            Assert.Throws<ArgumentException>(() => Runs.Train(plain with { Augmentation = augmentation }, rows ?? Images(), Linear)).Message;
    }
}
