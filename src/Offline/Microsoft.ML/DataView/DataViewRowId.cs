namespace Microsoft.ML.Data;

/// <summary>128 bits that name a row. Derived rows get theirs by mixing, as a Murmur3 hash takes in one more block.</summary>
public readonly struct DataViewRowId : IComparable<DataViewRowId>, IEquatable<DataViewRowId>
{
    // The constants of Murmur3's 128-bit variant for 64-bit machines.
    private const ulong C1 = 0x87c37b91114253d5;
    private const ulong C2 = 0x4cf5ad432745937f;

    /// <summary>The low 64 bits.</summary>
    public readonly ulong Low;

    /// <summary>The high 64 bits.</summary>
    public readonly ulong High;

    public DataViewRowId(ulong low, ulong high)
    {
        Low = low;
        High = high;
    }

    public override string ToString() => $"{High:x16}{Low:x16}";

    public int CompareTo(DataViewRowId other)
        => High == other.High ? Low.CompareTo(other.Low) : High.CompareTo(other.High);

    public bool Equals(DataViewRowId other) => Low == other.Low && High == other.High;

    public override bool Equals(object? obj) => obj is DataViewRowId other && Equals(other);

    public override int GetHashCode()
        => (int)((uint)Low ^ (uint)(Low >> 32) ^ (uint)(High << 7) ^ (uint)(High >> 57) ^ (uint)(High >> 25));

    /// <summary>The first of the rows made from this one: the block is 1, and it goes in after the rounds.</summary>
    public DataViewRowId Fork()
    {
        var next = Next();
        return new DataViewRowId(next.Low ^ (ulong.RotateLeft(C1, 31) * C2), next.High);
    }

    /// <summary>The next of the rows made from one: a block of zeros.</summary>
    public DataViewRowId Next() => Mix(0, 0);

    /// <summary>The row made from this one and another.</summary>
    public DataViewRowId Combine(DataViewRowId other)
    {
        other = other.Fork();
        return Mix(
            ulong.RotateLeft(other.Low * C1, 31) * C2,
            ulong.RotateLeft(other.High * C2, 33) * C1);
    }

    private DataViewRowId Mix(ulong k1, ulong k2)
    {
        ulong low = ((ulong.RotateLeft(Low ^ k1, 27) + High) * 5) + 0x52dce729;
        ulong high = ((ulong.RotateLeft(High ^ k2, 31) + low) * 5) + 0x38495ab5;
        return new DataViewRowId(low, high);
    }
}
