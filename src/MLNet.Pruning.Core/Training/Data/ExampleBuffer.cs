using System.Numerics;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace MLNet.Pruning.Training;

/// <summary>Rows of numbers in native memory, each row contiguous, addressed by slot.</summary>
/// <remarks>Memory is allocated in blocks of whole rows, so that reading a source of unknown length never moves earlier rows.</remarks>
sealed unsafe class ExampleBuffer : IDisposable
{
    const int BlockBytes = 16 << 20;
    const nuint Alignment = HugePages.Size;

    readonly int rowsPerBlockShift;
    readonly List<nint> blocks = [];
    readonly List<long[]> labels = [];

    public ExampleBuffer(IReadOnlyList<long> shape, bool hasLabels)
    {
        Shape = shape.ToArray();
        Width = WidthOf(Shape);
        HasLabels = hasLabels;
        while (((long)Width * sizeof(float) << (rowsPerBlockShift + 1)) <= BlockBytes)
            rowsPerBlockShift++;
    }

    public long[] Shape { get; }

    public int Width { get; }

    public bool HasLabels { get; }

    public int Count { get; private set; }

    /// <summary>A hash of all rows and labels of the source; distinguishes sets of examples.</summary>
    public ulong Fingerprint { get; private set; }

    public long RowBytes => (long)Width * sizeof(float) + (HasLabels ? sizeof(long) : 0);

    public static int WidthOf(IReadOnlyList<long> shape)
    {
        if (shape.Count == 0 || shape.Any(d => d < 1))
            throw new ArgumentException($"The examples have shape [{string.Join(", ", shape)}]; every dimension must be at least 1.");
        var width = shape.Aggregate(1L, (a, d) => checked(a * d));
        return width <= int.MaxValue / sizeof(float) ? (int)width
            : throw new ArgumentException($"An example of shape [{string.Join(", ", shape)}] is too long.");
    }

    /// <summary>The address of a row.</summary>
    public float* Row(int slot) => (float*)blocks[slot >> rowsPerBlockShift] + (long)(slot & ((1 << rowsPerBlockShift) - 1)) * Width;

    /// <summary>The numbers of a row.</summary>
    public ReadOnlySpan<float> Numbers(int slot) => new(Row(slot), Width);

    public ref long Label(int slot) => ref labels[slot >> rowsPerBlockShift][slot & ((1 << rowsPerBlockShift) - 1)];

    /// <summary>Reads the next row into a slot: the one after the last, or an earlier one.</summary>
    public bool Read(IExampleReader reader, int slot, int? classCount, long row)
    {
        if (slot >> rowsPerBlockShift == blocks.Count)
            AddBlock();
        if (!reader.Read(new Span<float>(Row(slot), Width), out var label))
            return false;
        if (HasLabels && classCount is { } classes && (label < 0 || label >= classes))
            throw new InvalidDataException($"Row {row} has label {label}; labels must be from 0 to {classes - 1}.");
        Label(slot) = label;
        Count = Math.Max(Count, slot + 1);
        return true;
    }

    /// <summary>A copy of a row, [1, ...].</summary>
    public Tensor Tensor(int slot) => tensor(new ReadOnlySpan<float>(Row(slot), Width).ToArray(), [1, .. Shape]);

    /// <summary>Takes the fingerprint of the rows here and of those behind them.</summary>
    /// <param name="rest">The hash of the rows that do not fit in memory; 0 for none.</param>
    public void TakeFingerprint(ulong rest)
    {
        var hash = (ulong)Count;
        for (var slot = 0; slot < Count; slot++)
            hash = Hash(hash, Numbers(slot), HasLabels ? Label(slot) : null);
        Fingerprint = (hash ^ (hash >> 32)) + rest;
    }

    /// <summary>The hash of some rows and one more.</summary>
    public static ulong Hash(ulong hash, ReadOnlySpan<float> row, long? label)
    {
        const ulong odd = 0x9E3779B97F4A7C15;
        foreach (var pair in MemoryMarshal.Cast<float, ulong>(row))
            hash = (BitOperations.RotateLeft(hash, 29) ^ pair) * odd;
        if ((row.Length & 1) != 0)
            hash = (BitOperations.RotateLeft(hash, 29) ^ BitConverter.SingleToUInt32Bits(row[^1])) * odd;
        return label is { } known ? (BitOperations.RotateLeft(hash, 29) ^ (ulong)known) * odd : hash;
    }

    void AddBlock()
    {
        var rows = 1 << rowsPerBlockShift;
        var bytes = (nuint)((long)rows * Width * sizeof(float));
        var block = NativeMemory.AlignedAlloc(bytes, Alignment);
        HugePages.Ask(block, bytes);
        blocks.Add((nint)block);
        labels.Add(new long[rows]);
    }

    public void Dispose()
    {
        foreach (var block in blocks)
            NativeMemory.AlignedFree((void*)block);
        blocks.Clear();
        labels.Clear();
        Count = 0;
        GC.SuppressFinalize(this);
    }

    ~ExampleBuffer() => Dispose();
}

/// <summary>
/// Asks Linux to map memory in pages of 2 MiB. Rows that are read in random order then cost a quarter less, since most of their cost is
/// address translation.
/// </summary>
static unsafe partial class HugePages
{
    public const int Size = 2 << 20;

    const int Advice = 14; // MADV_HUGEPAGE

    /// <summary>A request only: if it fails, pages are as usual.</summary>
    public static void Ask(void* memory, nuint bytes)
    {
        if (OperatingSystem.IsLinux())
            _ = madvise(memory, bytes, Advice);
    }

    [LibraryImport("libc")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int madvise(void* address, nuint length, int advice);
}
