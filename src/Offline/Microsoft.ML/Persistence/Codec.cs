using System.Diagnostics.CodeAnalysis;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data.IO;

/// <summary>How the values of one column type are written in binary, and how the type itself is.</summary>
internal abstract class Codec
{
    private static readonly Dictionary<Type, Codec> ByRawType = new Codec[]
    {
        new PlainCodec<sbyte>(NumberDataViewType.SByte),
        new PlainCodec<byte>(NumberDataViewType.Byte),
        new PlainCodec<short>(NumberDataViewType.Int16),
        new PlainCodec<ushort>(NumberDataViewType.UInt16),
        new PlainCodec<int>(NumberDataViewType.Int32),
        new PlainCodec<uint>(NumberDataViewType.UInt32),
        new PlainCodec<long>(NumberDataViewType.Int64),
        new PlainCodec<ulong>(NumberDataViewType.UInt64),
        new PlainCodec<float>(NumberDataViewType.Single),
        new PlainCodec<double>(NumberDataViewType.Double),
        new PlainCodec<TimeSpan>(TimeSpanDataViewType.Instance),
        new PlainCodec<DataViewRowId>(RowIdDataViewType.Instance),
        new BooleanCodec(),
        new DateTimeCodec(),
        new DateTimeOffsetCodec(),
        new TextCodec(),
    }.ToDictionary(codec => codec.Type.RawType);

    private static readonly Dictionary<string, Codec> ByName = ByRawType.Values.ToDictionary(codec => codec.LoadName);

    protected Codec(string loadName, DataViewType type)
    {
        LoadName = loadName;
        Type = type;
    }

    public string LoadName { get; }

    public DataViewType Type { get; }

    /// <summary>The codec of a type; null if it has none.</summary>
    public static Codec? For(DataViewType type)
    {
        switch (type)
        {
            case KeyDataViewType key:
                return Make(typeof(KeyCodec<>), key.RawType, key, ByRawType[key.RawType]);
            case VectorDataViewType vector:
                return For(vector.ItemType) is { } items ? Make(typeof(VectorCodec<>), vector.ItemType.RawType, vector, items) : null;
            default:
                return ByRawType.TryGetValue(type.RawType, out var codec) && codec.Type.Equals(type) ? codec : null;
        }
    }

    /// <summary>Reads what <see cref="WriteDefinition"/> wrote; false, with the reader past it, if the type is not known here.</summary>
    public static bool TryReadDefinition(BinaryReader reader, [NotNullWhen(true)] out Codec? codec)
    {
        string name = reader.ReadString();
        Contracts.CheckDecode(!string.IsNullOrEmpty(name), "Non-empty signature string expected");
        int size = reader.Read7BitEncodedInt();
        Contracts.CheckDecode(size >= 0, "Codec type definition read from stream too large");
        byte[] parameters = reader.ReadBytes(size);
        Contracts.CheckDecode(parameters.Length == size, "The codec type definition is cut short");
        using var inner = new BinaryReader(new MemoryStream(parameters));
        codec = name switch
        {
            "Key2" => TryReadDefinition(inner, out var raw) ? ReadKey(inner, raw) : null,
            "VBuffer" => TryReadDefinition(inner, out var items) ? ReadVector(inner, items) : null,
            _ => ByName.GetValueOrDefault(name),
        };
        Contracts.CheckDecode(codec is null || inner.BaseStream.Position == size, "The codec type definition has more bytes than it should");
        return codec is not null;
    }

    /// <summary>Name, then the size of the parameters, then the parameters.</summary>
    public void WriteDefinition(BinaryWriter writer)
    {
        using var buffer = new MemoryStream();
        using var parameters = new BinaryWriter(buffer);
        WriteParameters(parameters);
        parameters.Flush();
        writer.Write(LoadName);
        writer.Write7BitEncodedInt((int)buffer.Length);
        writer.Write(buffer.ToArray());
    }

    /// <summary>Writes the value of an annotation as a block of one.</summary>
    public abstract void WriteAnnotation(BinaryWriter writer, DataViewSchema.Annotations annotations, string kind);

    /// <summary>A getter of the one value of a block.</summary>
    public abstract Delegate ReadGetter(BinaryReader reader);

    protected virtual void WriteParameters(BinaryWriter writer)
    {
    }

    private static Codec? ReadKey(BinaryReader reader, Codec raw)
    {
        Contracts.CheckDecode(KeyDataViewType.IsValidDataType(raw.Type.RawType));
        return For(new KeyDataViewType(raw.Type.RawType, reader.ReadUInt64()));
    }

    private static Codec? ReadVector(BinaryReader reader, Codec items)
    {
        Contracts.CheckDecode(items.Type is PrimitiveDataViewType);
        int rank = reader.ReadInt32();
        Contracts.CheckDecode(rank >= 0);
        // Old files give vectors of unknown size no dimensions at all.
        var type = (PrimitiveDataViewType)items.Type;
        int[] dimensions = new int[rank];
        for (int i = 0; i < rank; i++)
        {
            dimensions[i] = reader.ReadInt32();
            Contracts.CheckDecode(dimensions[i] >= 0);
        }
        return For(rank == 0 ? new VectorDataViewType(type) : new VectorDataViewType(type, dimensions));
    }

    private static Codec Make(Type definition, Type argument, params object[] arguments)
        => (Codec)Activator.CreateInstance(definition.MakeGenericType(argument), arguments)!;
}

/// <summary>How blocks of values are written.</summary>
internal abstract class Codec<T>(string loadName, DataViewType type) : Codec(loadName, type)
{
    public abstract void Write(BinaryWriter writer, ReadOnlySpan<T> values);

    public abstract T[] Read(BinaryReader reader, int count);

    public sealed override void WriteAnnotation(BinaryWriter writer, DataViewSchema.Annotations annotations, string kind)
    {
        T value = default!;
        annotations.GetValue(kind, ref value);
        Write(writer, [value]);
    }

    public sealed override Delegate ReadGetter(BinaryReader reader) => GetterOf(Read(reader, 1)[0]);

    /// <summary>A getter whose value the caller may change without changing what others get.</summary>
    protected virtual ValueGetter<T> GetterOf(T value) => (ref T destination) => destination = value;
}
