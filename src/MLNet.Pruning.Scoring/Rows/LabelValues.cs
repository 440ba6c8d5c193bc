using System.Globalization;
using System.Reflection;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace MLNet.Pruning.Scoring;

/// <summary>The values of the label's keys, in the order of the keys.</summary>
abstract class LabelValues
{
    public abstract LabelKind Kind { get; }

    /// <summary>The values as text: the names of the classes.</summary>
    public abstract ReadOnlyMemory<char>[] Names { get; }

    /// <summary>A setter of a property by key (1 for the first value, 0 for missing); null if the property has another type.</summary>
    public abstract Action<TOwner, uint>? Setter<TOwner>(PropertyInfo property);

    /// <summary>Adds the values as an annotation.</summary>
    public abstract void Annotate(DataViewSchema.Annotations.Builder builder, string name);

    /// <summary>Writes the values without their kind and count.</summary>
    public abstract void Write(BinaryWriter writer);
}

sealed class LabelValues<T>(LabelKind<T> kind, T[] values) : LabelValues
{
    public override LabelKind Kind => kind;

    public override ReadOnlyMemory<char>[] Names => [.. values.Select(value => kind.Text(value).AsMemory())];

    public override Action<TOwner, uint>? Setter<TOwner>(PropertyInfo property)
    {
        if (values is ReadOnlyMemory<char>[] texts && property.PropertyType == typeof(string))
            return Setting(property.SetMethod!.CreateDelegate<Action<TOwner, string>>(), ["", .. texts.Select(text => text.ToString())]);
        if (property.PropertyType != typeof(T))
            return null;
        object? missing = typeof(T) == typeof(float) ? float.NaN : typeof(T) == typeof(double) ? double.NaN : default(T);
        return Setting(property.SetMethod!.CreateDelegate<Action<TOwner, T>>(), [(T)missing!, .. values]);

        static Action<TOwner, uint> Setting<TValue>(Action<TOwner, TValue> set, TValue[] byKey) => (owner, key) => set(owner, byKey[key]);
    }

    public override void Annotate(DataViewSchema.Annotations.Builder builder, string name) =>
        builder.Add(
            name,
            new VectorDataViewType(kind.Type, values.Length),
            (ref VBuffer<T> value) => new VBuffer<T>(values.Length, values).CopyTo(ref value));

    public override void Write(BinaryWriter writer) => Array.ForEach(values, value => kind.Write(writer, value));
}

/// <summary>A type that label values may have.</summary>
/// <param name="tag">Identifies the type in files; never reused.</param>
/// <param name="type">The type as ML.NET calls it.</param>
abstract class LabelKind(byte tag, PrimitiveDataViewType type)
{
    static readonly LabelKind[] All =
    [
        new LabelKind<ReadOnlyMemory<char>>(
            1, TextDataViewType.Instance, (to, text) => to.Write($"{text}"), from => from.ReadString().AsMemory(), text => $"{text}"),
        new LabelKind<bool>(
            2, BooleanDataViewType.Instance, (to, value) => to.Write(value), from => from.ReadBoolean(), value => value ? "True" : "False"),
        new LabelKind<sbyte>(3, NumberDataViewType.SByte, (to, value) => to.Write(value), from => from.ReadSByte(), Invariant),
        new LabelKind<byte>(4, NumberDataViewType.Byte, (to, value) => to.Write(value), from => from.ReadByte(), Invariant),
        new LabelKind<short>(5, NumberDataViewType.Int16, (to, value) => to.Write(value), from => from.ReadInt16(), Invariant),
        new LabelKind<ushort>(6, NumberDataViewType.UInt16, (to, value) => to.Write(value), from => from.ReadUInt16(), Invariant),
        new LabelKind<int>(7, NumberDataViewType.Int32, (to, value) => to.Write(value), from => from.ReadInt32(), Invariant),
        new LabelKind<uint>(8, NumberDataViewType.UInt32, (to, value) => to.Write(value), from => from.ReadUInt32(), Invariant),
        new LabelKind<long>(9, NumberDataViewType.Int64, (to, value) => to.Write(value), from => from.ReadInt64(), Invariant),
        new LabelKind<ulong>(10, NumberDataViewType.UInt64, (to, value) => to.Write(value), from => from.ReadUInt64(), Invariant),
        new LabelKind<float>(11, NumberDataViewType.Single, (to, value) => to.Write(value), from => from.ReadSingle(), Invariant),
        new LabelKind<double>(12, NumberDataViewType.Double, (to, value) => to.Write(value), from => from.ReadDouble(), Invariant),
        new LabelKind<DateTime>(
            13, DateTimeDataViewType.Instance, (to, t) => to.Write(t.ToBinary()), from => DateTime.FromBinary(from.ReadInt64()), RoundTrip),
        new LabelKind<DateTimeOffset>(14, DateTimeOffsetDataViewType.Instance, (to, t) => to.Write(RoundTrip(t)), ReadTime, RoundTrip),
        new LabelKind<TimeSpan>(
            15, TimeSpanDataViewType.Instance, (to, value) => to.Write(value.Ticks), from => new TimeSpan(from.ReadInt64()), Invariant),
    ];

    public byte Tag => tag;

    public PrimitiveDataViewType Type => type;

    /// <summary>The kind for values of this type; null if labels cannot have it.</summary>
    public static LabelKind? Of(DataViewType type) => All.FirstOrDefault(kind => kind.Type.Equals(type));

    /// <summary>The kind with this tag; null if there is none.</summary>
    public static LabelKind? Tagged(byte tag) => All.FirstOrDefault(kind => kind.Tag == tag);

    /// <summary>Reads the key values from a column's annotations.</summary>
    public abstract LabelValues From(DataViewSchema.Annotations annotations, string name);

    /// <summary>Reads what <see cref="LabelValues.Write"/> wrote.</summary>
    public abstract LabelValues Read(BinaryReader reader, int count);

    static string Invariant<T>(T value)
        where T : IFormattable => value.ToString(null, CultureInfo.InvariantCulture);

    static DateTimeOffset ReadTime(BinaryReader from) => DateTimeOffset.ParseExact(from.ReadString(), "o", CultureInfo.InvariantCulture);

    static string RoundTrip<T>(T value)
        where T : IFormattable => value.ToString("o", CultureInfo.InvariantCulture);
}

sealed class LabelKind<T>(
    byte tag, PrimitiveDataViewType type, Action<BinaryWriter, T> write, Func<BinaryReader, T> read, Func<T, string> text)
    : LabelKind(tag, type)
{
    public Action<BinaryWriter, T> Write => write;

    public Func<T, string> Text => text;

    public override LabelValues From(DataViewSchema.Annotations annotations, string name)
    {
        var values = default(VBuffer<T>);
        annotations.GetValue(name, ref values);
        return new LabelValues<T>(this, [.. values.DenseValues()]);
    }

    public override LabelValues Read(BinaryReader reader, int count)
    {
        var values = new T[count];
        for (int i = 0; i < count; i++)
            values[i] = read(reader);
        return new LabelValues<T>(this, values);
    }
}
