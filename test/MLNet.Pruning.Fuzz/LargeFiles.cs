using System.IO.Compression;
using System.Text;
using static TorchSharp.torch;

namespace MLNet.Pruning.Fuzz;

/// <summary>Valid files of megabytes, so that what a reader takes for each byte shows.</summary>
static class LargeFiles
{
    const int Megabyte = 1 << 20;

    public static IEnumerable<(string Reader, string Content, Func<byte[]> Make)> All =>
    [
        ("model", "three million weights", Network),
        ("safetensors", "three million weights", () => Saved((module, path) => module.SaveSafetensors(path))),
        ("pth", "three million weights", () => Saved((module, path) => module.SavePth(path))),
        ("history", "100,000 steps and 160,000 scores", () => Encoding.UTF8.GetBytes(History().ToJson())),
        ("study", "masks of 24 million weights", () => Encoding.UTF8.GetBytes(Study().ToJson())),
        ("masks", "masks of 24 million weights", () => Written(Masks().Save)),
        ("png", "a colour picture", () => Pixels(3).ToPng()),
        ("png", "a grey picture", () => Pixels(1).ToPng()),
        ("idx", "images", Images),
        ("idx", "packed images", () => Gzip(Images())),
        ("cifar", "images", () => Records()),
        ("cifar", "packed images", () => Gzip(Records())),
        ("attributes", "100,000 pictures", () => Encoding.ASCII.GetBytes($"100000\nMale Smiling Young\n{Lines(i => $"{i:000000}.jpg -1  1 -1\n")}")),
        ("partition", "100,000 pictures", () => Encoding.ASCII.GetBytes(Lines(i => $"{i:000000}.jpg {i % 3}\n"))),
    ];

    static readonly FeedForwardBlueprint blueprint = new([1000, 1500, 1000, 3]);

    static byte[] Network() => Written(stream =>
    {
        using var module = blueprint.Build();
        ModelFile.Save(stream, blueprint, module);
    });

    static byte[] Saved(Action<nn.Module, string> save)
    {
        string folder = Directory.CreateTempSubdirectory("mlnet-pruning-large-").FullName, path = Path.Combine(folder, "file");
        try
        {
            using var module = blueprint.Build();
            save(module, path);
            return File.ReadAllBytes(path);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    static TrainingHistory History() => new()
    {
        Steps = [.. Enumerable.Range(1, 100_000).Select(i => new StepRecord(i, i / 1000, Math.Sqrt(i), 0.001))],
        Events =
        [
            .. Enumerable.Range(1, 20).Select(i => new PruningRecord
            {
                Epoch = i,
                Step = i * 1000,
                Kind = "neurons",
                Groups =
                [
                    .. Enumerable.Range(0, 4).Select(g => new PrunedGroupRecord($"linear{g}", 2000, 1800,
                        [.. Enumerable.Range(0, 2000).Select(n => Math.Sin(n))])
                    {
                        Removed = [.. Enumerable.Range(0, 200)],
                        RemovedOriginal = [.. Enumerable.Range(0, 200)],
                    }),
                ],
            }),
        ],
    };

    static WeightMasks Masks() => new(Enumerable.Range(0, 3).Select(layer =>
        new WeightMask($"linear{layer}", [8, Megabyte], [.. Enumerable.Range(0, 8 * Megabyte).Select(i => i % 7 == 0)])));

    static BurdenResult Study() => new(
    [
        new BurdenRun { Kind = BurdenRunKind.Dynamic, Seed = 1, Merged = false, History = new(), Masks = Masks() },
        new BurdenRun { Kind = BurdenRunKind.Dynamic, Seed = 2, Merged = false, History = new(), Masks = Masks() },
    ]);

    static Picture Pixels(int channels)
    {
        byte[] pixels = new byte[3000 * 2000 * channels];
        new Random(1).NextBytes(pixels.AsSpan(0, pixels.Length / 2));
        return new(3000, 2000, channels, pixels);
    }

    static byte[] Images() => [0, 0, 8, 3, 0, 0, 0x20, 0, 0, 0, 0, 28, 0, 0, 0, 28, .. Noise(8192 * 28 * 28)];

    static byte[] Records()
    {
        byte[] records = Noise(3073 * 3000);
        for (int at = 0; at < records.Length; at += 3073)
            records[at] = 7;
        return records;
    }

    static byte[] Noise(int count)
    {
        byte[] noise = new byte[count];
        new Random(1).NextBytes(noise);
        return noise;
    }

    static string Lines(Func<int, string> line) => string.Concat(Enumerable.Range(1, 100_000).Select(line));

    static byte[] Written(Action<Stream> write)
    {
        using var stream = new MemoryStream();
        write(stream);
        return stream.ToArray();
    }

    static byte[] Gzip(byte[] content) => Written(stream =>
    {
        using var zip = new GZipStream(stream, CompressionLevel.Fastest, leaveOpen: true);
        zip.Write(content);
    });
}
