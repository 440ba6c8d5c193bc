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

    /// <summary>Sets a property to the value of a key, from 1, or to what stands for a missing one; null where the property is of another type.</summary>
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
