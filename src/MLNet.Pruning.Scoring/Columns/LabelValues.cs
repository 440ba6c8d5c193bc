using System.Globalization;
using System.Reflection;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace MLNet.Pruning.Scoring;

/// <summary>The values that the keys of a label stand for, in the order of the keys.</summary>
abstract class LabelValues
{
    /// <summary>Their type.</summary>
    public abstract LabelKind Kind { get; }

    /// <summary>How many there are.</summary>
    public abstract int Count { get; }

    /// <summary>The values as text: the names of the classes.</summary>
    public abstract ReadOnlyMemory<char>[] Names { get; }

    /// <summary>
    /// Sets a property to the value of a key, from 1, or to what stands for a missing one; null where the property is of another type.
    /// </summary>
    public abstract Action<TOwner, uint>? Setter<TOwner>(PropertyInfo property);

    /// <summary>Adds them as an annotation.</summary>
    public abstract void Annotate(DataViewSchema.Annotations.Builder builder, string name);

    /// <summary>Writes them, without their kind and count.</summary>
    public abstract void Write(BinaryWriter writer);
}

/// <inheritdoc/>
sealed class LabelValues<T>(LabelKind<T> kind, T[] values) : LabelValues
{
    /// <inheritdoc/>
    public override LabelKind Kind => kind;

    /// <inheritdoc/>
    public override int Count => values.Length;

    /// <inheritdoc/>
    public override ReadOnlyMemory<char>[] Names => [.. values.Select(value => kind.Text(value).AsMemory())];

    /// <inheritdoc/>
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

    /// <inheritdoc/>
    public override void Annotate(DataViewSchema.Annotations.Builder builder, string name) =>
        builder.Add(
            name,
            new VectorDataViewType(kind.Type, values.Length),
            (ref VBuffer<T> value) => new VBuffer<T>(values.Length, values).CopyTo(ref value));

    /// <inheritdoc/>
    public override void Write(BinaryWriter writer) => Array.ForEach(values, value => kind.Write(writer, value));
}

/// <summary>A type that the values of a label may have.</summary>
abstract class LabelKind
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
            13,
            DateTimeDataViewType.Instance,
            (to, value) => to.Write(value.ToBinary()),
            from => DateTime.FromBinary(from.ReadInt64()),
            RoundTrip),
        new LabelKind<DateTimeOffset>(
            14,
            DateTimeOffsetDataViewType.Instance,
            (to, value) => to.Write(RoundTrip(value)),
            from => DateTimeOffset.ParseExact(from.ReadString(), "o", CultureInfo.InvariantCulture),
            RoundTrip),
        new LabelKind<TimeSpan>(
            15, TimeSpanDataViewType.Instance, (to, value) => to.Write(value.Ticks), from => new TimeSpan(from.ReadInt64()), Invariant),
    ];

    /// <summary>What stands for the type in a file; never reused.</summary>
    public abstract byte Tag { get; }

    /// <summary>The type as ML.NET calls it.</summary>
    public abstract PrimitiveDataViewType Type { get; }

    /// <summary>The kind for values of this type; null when labels cannot have it.</summary>
    public static LabelKind? Of(DataViewType type) => All.FirstOrDefault(kind => kind.Type.Equals(type));

    /// <summary>The kind with this tag in a file; null when there is none.</summary>
    public static LabelKind? Tagged(byte tag) => All.FirstOrDefault(kind => kind.Tag == tag);

    /// <summary>The key values that a key column is annotated with.</summary>
    public abstract LabelValues From(DataViewSchema.Annotations annotations, string name);

    /// <summary>The values that <see cref="LabelValues.Write"/> wrote.</summary>
    public abstract LabelValues Read(BinaryReader reader, int count);

    static string Invariant<T>(T value)
        where T : IFormattable => value.ToString(null, CultureInfo.InvariantCulture);

    static string RoundTrip<T>(T value)
        where T : IFormattable => value.ToString("o", CultureInfo.InvariantCulture);
}

/// <inheritdoc/>
sealed class LabelKind<T>(
    byte tag, PrimitiveDataViewType type, Action<BinaryWriter, T> write, Func<BinaryReader, T> read, Func<T, string> text) : LabelKind
{
    /// <inheritdoc/>
    public override byte Tag => tag;

    /// <inheritdoc/>
    public override PrimitiveDataViewType Type => type;

    /// <summary>Writes one value.</summary>
    public Action<BinaryWriter, T> Write => write;

    /// <summary>One value as people read it.</summary>
    public Func<T, string> Text => text;

    /// <inheritdoc/>
    public override LabelValues From(DataViewSchema.Annotations annotations, string name)
    {
        var values = default(VBuffer<T>);
        annotations.GetValue(name, ref values);
        return new LabelValues<T>(this, [.. values.DenseValues()]);
    }

    /// <inheritdoc/>
    public override LabelValues Read(BinaryReader reader, int count)
    {
        var values = new T[count];
        for (int i = 0; i < count; i++)
            values[i] = read(reader);
        return new LabelValues<T>(this, values);
    }
}
