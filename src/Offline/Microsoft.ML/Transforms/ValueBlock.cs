using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>
/// Values of one type as they stand in saved dictionaries: the name of the type, the length of what else describes it
/// (for a key the number type and the count), the number of values, the values.
/// </summary>
internal static class ValueBlock
{
    private const string KeyName = "Key2";

    public static void Write<T>(BinaryWriter writer, PrimitiveDataViewType type, IReadOnlyCollection<T> values)
    {
        WriteType(writer, type);
        writer.Write(values.Count);
        if (values is IReadOnlyCollection<bool> bits)
            WriteBits(writer, bits);
        else if (values is IReadOnlyCollection<DateTimeOffset> times)
        {
            foreach (var time in times)
                writer.Write((short)time.Offset.TotalMinutes);
            foreach (var time in times)
                writer.Write(time.DateTime.Ticks);
        }
        else
        {
            foreach (var value in values)
                WriteOne(writer, value!);
        }
    }

    public static PrimitiveDataViewType ReadType(BinaryReader reader, IExceptionContext context)
    {
        string name = reader.ReadString();
        long length = reader.Read7BitEncodedInt64();
        if (name == KeyName)
        {
            context.CheckDecode(length > 0);
            var inner = ReadType(reader, context);
            context.CheckDecode(KeyDataViewType.IsValidDataType(inner.RawType));
            ulong count = reader.ReadUInt64();
            context.CheckDecode(count > 0 && count <= Conversions.MaximumOf(inner.RawType));
            return new KeyDataViewType(inner.RawType, count);
        }
        if (length != 0 || TypeOf(name) is not { } type)
            throw context.Except("Unrecognized codec read");
        return type;
    }

    public static T[] Read<T>(BinaryReader reader)
    {
        var values = new T[reader.ReadCount()];
        if (values is bool[] bits)
        {
            byte current = 0;
            for (int i = 0; i < bits.Length; i++, current >>= 1)
            {
                current = i % 8 == 0 ? reader.ReadByte() : current;
                bits[i] = (current & 1) != 0;
            }
        }
        else if (values is DateTimeOffset[] times)
        {
            var offsets = new short[times.Length];
            for (int i = 0; i < times.Length; i++)
                offsets[i] = reader.ReadInt16();
            for (int i = 0; i < times.Length; i++)
                times[i] = new DateTimeOffset(new DateTime(reader.ReadInt64()), TimeSpan.FromMinutes(offsets[i]));
        }
        else
        {
            for (int i = 0; i < values.Length; i++)
                values[i] = (T)ReadOne(reader, typeof(T));
        }
        return values;
    }

    private static void WriteType(BinaryWriter writer, PrimitiveDataViewType type)
    {
        if (type is not KeyDataViewType key)
        {
            writer.Write(NameOf(type));
            writer.Write7BitEncodedInt64(0);
            return;
        }
        using var inner = new MemoryStream();
        using var parts = new BinaryWriter(inner);
        WriteType(parts, ColumnTypeExtensions.PrimitiveTypeFromType(key.RawType));
        parts.Write(key.Count);
        parts.Flush();
        writer.Write(KeyName);
        writer.Write7BitEncodedInt64(inner.Length);
        writer.Write(inner.ToArray());
    }

    private static string NameOf(PrimitiveDataViewType type) => type.RawType.Name;

    private static PrimitiveDataViewType? TypeOf(string name) => name switch
    {
        nameof(Boolean) => BooleanDataViewType.Instance,
        nameof(SByte) => NumberDataViewType.SByte,
        nameof(Byte) => NumberDataViewType.Byte,
        nameof(Int16) => NumberDataViewType.Int16,
        nameof(UInt16) => NumberDataViewType.UInt16,
        nameof(Int32) => NumberDataViewType.Int32,
        nameof(UInt32) => NumberDataViewType.UInt32,
        nameof(Int64) => NumberDataViewType.Int64,
        nameof(UInt64) => NumberDataViewType.UInt64,
        nameof(Single) => NumberDataViewType.Single,
        nameof(Double) => NumberDataViewType.Double,
        nameof(TimeSpan) => TimeSpanDataViewType.Instance,
        nameof(DateTime) => DateTimeDataViewType.Instance,
        nameof(DateTimeOffset) => DateTimeOffsetDataViewType.Instance,
        nameof(DataViewRowId) => RowIdDataViewType.Instance,
        _ => null,
    };

    private static void WriteBits(BinaryWriter writer, IEnumerable<bool> bits)
    {
        foreach (bool[] eight in bits.Chunk(8))
            writer.Write((byte)eight.Select((bit, i) => bit ? 1 << i : 0).Sum());
    }

    private static void WriteOne(BinaryWriter writer, object value)
    {
        switch (value)
        {
            case sbyte x: writer.Write(x); break;
            case byte x: writer.Write(x); break;
            case short x: writer.Write(x); break;
            case ushort x: writer.Write(x); break;
            case int x: writer.Write(x); break;
            case uint x: writer.Write(x); break;
            case long x: writer.Write(x); break;
            case ulong x: writer.Write(x); break;
            case float x: writer.Write(x); break;
            case double x: writer.Write(x); break;
            case TimeSpan x: writer.Write(x.Ticks); break;
            case DateTime x: writer.Write(x.Ticks); break;
            case DataViewRowId x:
                writer.Write(x.Low);
                writer.Write(x.High);
                break;
            default: throw Contracts.Except($"We do not know how to serialize terms of type '{value.GetType()}'");
        }
    }

    private static object ReadOne(BinaryReader reader, Type type)
    {
        if (type == typeof(TimeSpan))
            return new TimeSpan(reader.ReadInt64());
        if (type == typeof(DataViewRowId))
            return new DataViewRowId(reader.ReadUInt64(), reader.ReadUInt64());
        return Type.GetTypeCode(type) switch
        {
            TypeCode.SByte => reader.ReadSByte(),
            TypeCode.Byte => reader.ReadByte(),
            TypeCode.Int16 => reader.ReadInt16(),
            TypeCode.UInt16 => reader.ReadUInt16(),
            TypeCode.Int32 => reader.ReadInt32(),
            TypeCode.UInt32 => reader.ReadUInt32(),
            TypeCode.Int64 => reader.ReadInt64(),
            TypeCode.UInt64 => reader.ReadUInt64(),
            TypeCode.Single => reader.ReadSingle(),
            TypeCode.Double => reader.ReadDouble(),
            TypeCode.DateTime => new DateTime(reader.ReadInt64()),
            _ => throw Contracts.ExceptDecode($"Values of type {type} cannot be read"),
        };
    }
}
