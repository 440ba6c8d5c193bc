using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace MLNet.Pruning;

/// <summary>Which weights of one parameter are on. Immutable.</summary>
public sealed class WeightMask
{
    readonly bool[] on;

    /// <summary>A mask of a parameter.</summary>
    /// <param name="name">The parameter, as the model names it, such as "layers.linear1.weight".</param>
    /// <param name="shape">Its shape.</param>
    /// <param name="on">For each weight in memory order whether it is on.</param>
    public WeightMask(string name, IReadOnlyList<long> shape, ReadOnlySpan<bool> on)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(shape);
        if (shape.Any(extent => extent < 0) || shape.Aggregate((Int128)1, (n, extent) => n * extent) != on.Length)
            throw new ArgumentException($"The mask of '{name}' has {on.Length} values; its shape [{string.Join(", ", shape)}] wants another number.", nameof(on));
        (Name, Shape, this.on) = (name, [.. shape], on.ToArray());
        ActiveCount = this.on.LongCount(bit => bit);
    }

    /// <summary>The parameter.</summary>
    public string Name { get; }

    /// <summary>Its shape.</summary>
    public IReadOnlyList<long> Shape { get; }

    /// <summary>For each weight in memory order whether it is on.</summary>
    public ReadOnlySpan<bool> On => on;

    /// <summary>Weights there are.</summary>
    public long Count => on.Length;

    /// <summary>Weights that are on.</summary>
    public long ActiveCount { get; }

    /// <summary>The fraction that is on.</summary>
    public double Density => Count == 0 ? 1 : (double)ActiveCount / Count;

    /// <summary>As many on, at places drawn at random.</summary>
    internal WeightMask Shuffled(Random random)
    {
        var shuffled = on.ToArray();
        random.Shuffle(shuffled);
        return new(Name, Shape, shuffled);
    }

    /// <summary>int32 dimensions, int64 for each, then a bit for each weight, the first the lowest of its byte.</summary>
    internal byte[] ToBytes()
    {
        var header = 4 + 8 * Shape.Count;
        var bytes = new byte[header + (on.Length + 7) / 8];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, Shape.Count);
        for (var d = 0; d < Shape.Count; d++)
            BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(4 + 8 * d), Shape[d]);
        for (var i = 0; i < on.Length; i++)
            if (on[i])
                bytes[header + i / 8] |= (byte)(1 << (i % 8));
        return bytes;
    }

    internal static WeightMask FromBytes(string name, ReadOnlySpan<byte> bytes)
    {
        var dimensions = bytes.Length < 4 ? -1 : BinaryPrimitives.ReadInt32LittleEndian(bytes);
        if (dimensions < 0 || 4 + 8L * dimensions > bytes.Length)
            throw Damaged();
        var shape = MemoryMarshal.Cast<byte, long>(bytes[4..(4 + 8 * dimensions)]).ToArray();
        if (!BitConverter.IsLittleEndian)
            BinaryPrimitives.ReverseEndianness(shape, shape);
        var bits = bytes[(4 + 8 * dimensions)..];
        if (shape.Any(extent => extent < 0) || shape.Aggregate((Int128)1, (n, extent) => n * extent) is var count && (count + 7) / 8 != bits.Length)
            throw Damaged();
        var on = new bool[(int)count];
        for (var i = 0; i < on.Length; i++)
            on[i] = (bits[i / 8] >> (i % 8) & 1) != 0;
        return new(name, shape, on);

        InvalidDataException Damaged() => new($"The mask of '{name}' is damaged.");
    }
}
