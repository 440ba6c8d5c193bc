using System.Buffers.Binary;
using System.IO.Compression;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace MLNet.Pruning.Benchmarks;

/// <summary>Examples in memory: MNIST where a folder with it is found ($MNIST or ../shared/data/mnist), else noise of the same shape, which is enough to be timed.</summary>
sealed class Examples(float[] pixels, long[] labels, IReadOnlyList<long> shape) : IExampleSource
{
    static readonly IReadOnlyList<long> Mnist = [784];

    public static (Examples Train, Examples Test, bool Real) Load(int limit = int.MaxValue)
    {
        var folder = new[] { Environment.GetEnvironmentVariable("MNIST"), "../shared/data/mnist" }
            .FirstOrDefault(f => f is not null && File.Exists(Path.Combine(f, "train-images-idx3-ubyte.gz")));
        return folder is null
            ? (Noise(Math.Min(60_000, limit), 1, Mnist), Noise(10_000, 2, Mnist), false)
            : (Read(folder, "train", limit), Read(folder, "t10k", int.MaxValue), true);
    }

    static Examples Read(string folder, string name, int limit)
    {
        var images = Unpack(Path.Combine(folder, $"{name}-images-idx3-ubyte.gz"));
        var labels = Unpack(Path.Combine(folder, $"{name}-labels-idx1-ubyte.gz"));
        var count = Math.Min(limit, BinaryPrimitives.ReadInt32BigEndian(images.AsSpan(4)));
        var pixels = new float[count * Mnist[0]];
        for (var i = 0; i < pixels.Length; i++)
            pixels[i] = images[16 + i] / 255f;
        return new(pixels, [.. labels.Skip(8).Take(count).Select(b => (long)b)], Mnist);
    }

    static byte[] Unpack(string path)
    {
        using var file = new GZipStream(File.OpenRead(path), CompressionMode.Decompress);
        using var memory = new MemoryStream();
        file.CopyTo(memory);
        return memory.ToArray();
    }

    /// <summary>Random images of a shape, of ten classes.</summary>
    public static Examples Noise(int count, int seed, IReadOnlyList<long> shape, int classes = 10)
    {
        var random = new Random(seed);
        var pixels = new float[count * shape.Aggregate(1L, (n, extent) => n * extent)];
        for (var i = 0; i < pixels.Length; i++)
            pixels[i] = random.NextSingle();
        return new(pixels, [.. Enumerable.Range(0, count).Select(_ => (long)random.Next(classes))], shape);
    }

    public IReadOnlyList<long> Shape => shape;

    public bool HasLabels => true;

    public long? Count => labels.Length;

    public IExampleReader Open() => new Reader(pixels, labels);

    /// <summary>All of them, for a loop of one's own.</summary>
    public (Tensor Inputs, Tensor Labels) Tensors() => (tensor(pixels, [labels.Length, .. shape]), tensor(labels));

    /// <summary>Writes them to where a peer reads them: the beginning of the names of the files.</summary>
    public string Write(string folder, string name)
    {
        var path = Path.Combine(folder, name);
        File.WriteAllBytes(path + ".f32", MemoryMarshal.AsBytes(pixels.AsSpan()));
        File.WriteAllBytes(path + ".i64", MemoryMarshal.AsBytes(labels.AsSpan()));
        return path;
    }

    /// <summary>Rows as <see cref="Write"/> left them.</summary>
    public static Examples Of(string path, IReadOnlyList<long> shape) =>
        new([.. MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(path + ".f32"))], [.. MemoryMarshal.Cast<byte, long>(File.ReadAllBytes(path + ".i64"))], shape);

    sealed class Reader(float[] pixels, long[] labels) : IExampleReader
    {
        readonly int width = pixels.Length / labels.Length;
        int next;

        public bool Read(Span<float> features, out long label)
        {
            label = 0;
            if (next == labels.Length)
                return false;
            pixels.AsSpan(next * width, width).CopyTo(features);
            label = labels[next++];
            return true;
        }

        public void Dispose()
        {
        }
    }
}
