using System.Runtime.InteropServices;
using System.Text;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data.IO;

/// <summary>Numbers, one after the other, little-endian.</summary>
internal sealed class PlainCodec<T>(DataViewType type) : Codec<T>(typeof(T).Name, type)
    where T : unmanaged
{
    public override void Write(BinaryWriter writer, ReadOnlySpan<T> values) => writer.Write(MemoryMarshal.AsBytes(values));

    public override T[] Read(BinaryReader reader, int count)
    {
        var values = new T[count];
        reader.BaseStream.ReadExactly(MemoryMarshal.AsBytes(values.AsSpan()));
        return values;
    }
}

/// <summary>Keys as the numbers that hold them; the type's parameters are that of the number and the count.</summary>
internal sealed class KeyCodec<T>(KeyDataViewType type, Codec<T> numbers) : Codec<T>("Key2", type)
{
    public override void Write(BinaryWriter writer, ReadOnlySpan<T> values) => numbers.Write(writer, values);

    public override T[] Read(BinaryReader reader, int count) => numbers.Read(reader, count);

    protected override void WriteParameters(BinaryWriter writer)
    {
        numbers.WriteDefinition(writer);
        writer.Write(type.Count);
    }
}

/// <summary>Eight to a byte, the first in the lowest bit.</summary>
internal sealed class BooleanCodec() : Codec<bool>(nameof(Boolean), BooleanDataViewType.Instance)
{
    public override void Write(BinaryWriter writer, ReadOnlySpan<bool> values)
    {
        byte[] bytes = new byte[(values.Length + 7) / 8];
        for (int i = 0; i < values.Length; i++)
        {
            if (values[i])
                bytes[i / 8] |= (byte)(1 << (i % 8));
        }
        writer.Write(bytes);
    }

    public override bool[] Read(BinaryReader reader, int count)
    {
        byte[] bytes = new byte[(count + 7) / 8];
        reader.BaseStream.ReadExactly(bytes);
        bool[] values = new bool[count];
        for (int i = 0; i < count; i++)
            values[i] = (bytes[i / 8] >> (i % 8) & 1) != 0;
        return values;
    }
}

/// <summary>Ticks.</summary>
internal sealed class DateTimeCodec() : Codec<DateTime>(nameof(DateTime), DateTimeDataViewType.Instance)
{
    public override void Write(BinaryWriter writer, ReadOnlySpan<DateTime> values)
    {
        foreach (var value in values)
            writer.Write(value.Ticks);
    }

    public override DateTime[] Read(BinaryReader reader, int count)
    {
        var values = new DateTime[count];
        for (int i = 0; i < count; i++)
            values[i] = new DateTime(reader.ReadInt64());
        return values;
    }
}

/// <summary>All offsets in minutes, then all ticks.</summary>
internal sealed class DateTimeOffsetCodec() : Codec<DateTimeOffset>(nameof(DateTimeOffset), DateTimeOffsetDataViewType.Instance)
{
    public override void Write(BinaryWriter writer, ReadOnlySpan<DateTimeOffset> values)
    {
        foreach (var value in values)
            writer.Write((short)value.Offset.TotalMinutes);
        foreach (var value in values)
            writer.Write(value.DateTime.Ticks);
    }

    public override DateTimeOffset[] Read(BinaryReader reader, int count)
    {
        var offsets = new TimeSpan[count];
        for (int i = 0; i < count; i++)
            offsets[i] = TimeSpan.FromMinutes(reader.ReadInt16());
        var values = new DateTimeOffset[count];
        for (int i = 0; i < count; i++)
            values[i] = new DateTimeOffset(new DateTime(reader.ReadInt64()), offsets[i]);
        return values;
    }
}

/// <summary>Their number, where each ends (in characters), then all of them as one string.</summary>
internal sealed class TextCodec() : Codec<ReadOnlyMemory<char>>("TextSpan", TextDataViewType.Instance)
{
    public override void Write(BinaryWriter writer, ReadOnlySpan<ReadOnlyMemory<char>> values)
    {
        writer.Write(values.Length);
        var text = new StringBuilder();
        foreach (var value in values)
        {
            text.Append(value);
            writer.Write(text.Length);
        }
        writer.Write(text.ToString());
    }

    public override ReadOnlyMemory<char>[] Read(BinaryReader reader, int count)
    {
        Contracts.CheckDecode(reader.ReadInt32() == count);
        int[] ends = new int[count];
        for (int i = 0; i < count; i++)
        {
            ends[i] = reader.ReadInt32();
            Contracts.CheckDecode(ends[i] >= (i == 0 ? 0 : ends[i - 1]));
        }
        var text = reader.ReadString().AsMemory();
        Contracts.CheckDecode(text.Length == (count == 0 ? 0 : ends[^1]));
        var values = new ReadOnlyMemory<char>[count];
        for (int i = 0; i < count; i++)
            values[i] = text[(i == 0 ? 0 : ends[i - 1])..ends[i]];
        return values;
    }
}
