using System.Buffers.Binary;
using System.IO.Compression;
using System.Runtime.InteropServices;
using MLNet.Pruning.Training;

namespace MLNet.Pruning.Benchmarks;

/// <summary>MNIST where a folder with it is found ($MNIST or ../shared/data/mnist), else noise of the same shape: enough to be timed.</summary>
sealed class Digits(float[] pixels, long[] labels) : IExampleSource
{
    const int Width = 784;

    public static (Digits Train, Digits Test, bool Real) Load(int limit = int.MaxValue)
    {
        var folder = new[] { Environment.GetEnvironmentVariable("MNIST"), "../shared/data/mnist" }.FirstOrDefault(f => f is not null && File.Exists(Path.Combine(f, "train-images-idx3-ubyte.gz")));
        return folder is null
            ? (Noise(Math.Min(60_000, limit), 1), Noise(10_000, 2), false)
            : (Read(folder, "train", limit), Read(folder, "t10k", int.MaxValue), true);
    }

    static Digits Read(string folder, string name, int limit)
    {
        var images = Unpack(Path.Combine(folder, $"{name}-images-idx3-ubyte.gz"));
        var labels = Unpack(Path.Combine(folder, $"{name}-labels-idx1-ubyte.gz"));
        var count = Math.Min(limit, BinaryPrimitives.ReadInt32BigEndian(images.AsSpan(4)));
        var pixels = new float[count * Width];
        for (var i = 0; i < pixels.Length; i++)
            pixels[i] = images[16 + i] / 255f;
        return new Digits(pixels, [.. labels.Skip(8).Take(count).Select(b => (long)b)]);
    }

    static byte[] Unpack(string path)
    {
        using var file = new GZipStream(File.OpenRead(path), CompressionMode.Decompress);
        using var memory = new MemoryStream();
        file.CopyTo(memory);
        return memory.ToArray();
    }

    static Digits Noise(int count, int seed)
    {
        var random = new Random(seed);
        var pixels = new float[count * Width];
        for (var i = 0; i < pixels.Length; i++)
            pixels[i] = random.NextSingle();
        return new Digits(pixels, [.. Enumerable.Range(0, count).Select(_ => (long)random.Next(10))]);
    }

    public IReadOnlyList<long> Shape => [Width];

    public bool HasLabels => true;

    public long? Count => labels.Length;

    public IExampleReader Open() => new Reader(pixels, labels);

    /// <summary>Writes the rows to where a peer reads them.</summary>
    public (string Pixels, string Labels) Write(string folder, string name)
    {
        string x = Path.Combine(folder, name + ".f32"), y = Path.Combine(folder, name + ".i64");
        File.WriteAllBytes(x, MemoryMarshal.AsBytes(pixels.AsSpan()).ToArray());
        File.WriteAllBytes(y, MemoryMarshal.AsBytes(labels.AsSpan()).ToArray());
        return (x, y);
    }

    /// <summary>Rows as <see cref="Write"/> left them.</summary>
    public static Digits Of(string pixels, string labels) =>
        new([.. MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(pixels))], [.. MemoryMarshal.Cast<byte, long>(File.ReadAllBytes(labels))]);

    sealed class Reader(float[] pixels, long[] labels) : IExampleReader
    {
        int next;

        public bool Read(Span<float> features, out long label)
        {
            label = 0;
            if (next == labels.Length)
                return false;
            pixels.AsSpan(next * Width, Width).CopyTo(features);
            label = labels[next++];
            return true;
        }

        public void Dispose()
        {
        }
    }
}
