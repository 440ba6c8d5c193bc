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
    readonly List<Answer[]> answers = [];
    ulong? fingerprint;

    /// <param name="source">The source that rows will be read from.</param>
    public ExampleBuffer(IExampleSource source)
    {
        Shape = [.. source.Shape];
        Width = WidthOf(Shape);
        (HasLabels, HasTargets, HasWeights) = (source.HasLabels, source.HasTargets, source.HasWeights);
        while (((long)Width * sizeof(float) << (rowsPerBlockShift + 1)) <= BlockBytes)
            rowsPerBlockShift++;
    }

    public long[] Shape { get; }

    public int Width { get; }

    public bool HasLabels { get; }

    public bool HasTargets { get; }

    public bool HasWeights { get; }

    public int Count { get; private set; }

    /// <summary>A hash of all rows of the source with labels, targets and weights; distinguishes sets of examples.</summary>
    public ulong Fingerprint => fingerprint ??= FingerprintWith(0);

    public long RowBytes => (long)Width * sizeof(float) + (HasLabels ? sizeof(long) : 0)
        + (HasTargets ? sizeof(float) : 0) + (HasWeights ? sizeof(float) : 0);

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

    /// <summary>What a row has beside its numbers.</summary>
    public ref Answer Answer(int slot) => ref answers[slot >> rowsPerBlockShift][slot & ((1 << rowsPerBlockShift) - 1)];

    /// <summary>The sum of the rows' weights; their number if they have none.</summary>
    public double Weight(ReadOnlySpan<int> slots)
    {
        if (!HasWeights)
            return slots.Length;
        var sum = 0.0;
        foreach (var slot in slots)
            sum += Answer(slot).Weight;
        return sum;
    }

    /// <summary>Reads the next row into a slot: the one after the last, or an earlier one.</summary>
    public bool Read(IExampleReader reader, int slot, int? classCount, long row)
    {
        if (slot >> rowsPerBlockShift == blocks.Count)
            AddBlock();
        if (!reader.Read(new Span<float>(Row(slot), Width), out var label))
            return false;
        if (HasLabels && classCount is { } classes && (label < 0 || label >= classes))
            throw new InvalidDataException($"Row {row} has label {label}; labels must be from 0 to {classes - 1}.");
        var (target, weight) = (HasTargets ? reader.Target : 0, HasWeights ? reader.Weight : 1);
        if (!float.IsFinite(target))
            throw new InvalidDataException($"Row {row} has target {target}; targets must be finite.");
        if (!(weight >= 0 && float.IsFinite(weight)))
            throw new InvalidDataException(FormattableString.Invariant(
                $"Row {row} has weight {weight}; weights must be at least 0 and finite."));
        Answer(slot) = new(label, target, weight);
        Count = Math.Max(Count, slot + 1);
        return true;
    }

    /// <summary>A copy of a row, [1, ...].</summary>
    public Tensor Tensor(int slot) => tensor(new ReadOnlySpan<float>(Row(slot), Width).ToArray(), [1, .. Shape]);

    /// <summary>A copy of the first rows. The tensors belong to the caller's dispose scope.</summary>
    public Batch Batch(int rows, Device device)
    {
        var slots = Enumerable.Range(0, rows).ToArray();
        var numbers = new float[(long)rows * Width];
        foreach (var slot in slots)
            Numbers(slot).CopyTo(numbers.AsSpan(checked(slot * Width), Width));
        return new Batch(
            tensor(numbers, [rows, .. Shape], device: device),
            HasLabels ? tensor(slots.Select(slot => Answer(slot).Label).ToArray(), device: device) : null,
            HasTargets ? tensor(slots.Select(slot => Answer(slot).Target).ToArray(), device: device) : null,
            HasWeights ? tensor(slots.Select(slot => Answer(slot).Weight).ToArray(), device: device) : null);
    }

    /// <summary>Takes the fingerprint of the rows here and of those behind them.</summary>
    /// <param name="rest">The hash of the rows that do not fit in memory.</param>
    public void TakeFingerprint(ulong rest) => fingerprint = FingerprintWith(rest);

    ulong FingerprintWith(ulong rest)
    {
        var hash = (ulong)Count;
        for (var slot = 0; slot < Count; slot++)
            hash = Hash(hash, Numbers(slot), Answer(slot));
        return (hash ^ (hash >> 32)) + rest;
    }

    /// <summary>The hash of some rows and one more.</summary>
    public ulong Hash(ulong hash, ReadOnlySpan<float> row, Answer answer)
    {
        foreach (var pair in MemoryMarshal.Cast<float, ulong>(row))
            hash = Mixed(hash, pair);
        if ((row.Length & 1) != 0)
            hash = Mixed(hash, BitConverter.SingleToUInt32Bits(row[^1]));
        if (HasLabels)
            hash = Mixed(hash, (ulong)answer.Label);
        if (HasTargets)
            hash = Mixed(hash, BitConverter.SingleToUInt32Bits(answer.Target));
        return HasWeights ? Mixed(hash, BitConverter.SingleToUInt32Bits(answer.Weight)) : hash;

        static ulong Mixed(ulong hash, ulong value)
        {
            const ulong odd = 0x9E3779B97F4A7C15;
            return (BitOperations.RotateLeft(hash, 29) ^ value) * odd;
        }
    }

    void AddBlock()
    {
        var rows = 1 << rowsPerBlockShift;
        var bytes = (nuint)((long)rows * Width * sizeof(float));
        var block = NativeMemory.AlignedAlloc(bytes, Alignment);
        HugePages.Ask(block, bytes);
        blocks.Add((nint)block);
        answers.Add(new Answer[rows]);
    }

    public void Dispose()
    {
        foreach (var block in blocks)
            NativeMemory.AlignedFree((void*)block);
        blocks.Clear();
        answers.Clear();
        Count = 0;
        GC.SuppressFinalize(this);
    }

    ~ExampleBuffer() => Dispose();
}

/// <summary>What a row has beside its numbers: its class, the number to predict, and how much it counts.</summary>
readonly record struct Answer(long Label, float Target, float Weight);

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
