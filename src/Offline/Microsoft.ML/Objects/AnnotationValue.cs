using System.Reflection;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>Getters of fixed values.</summary>
internal static class AnnotationValue
{
    private static readonly MethodInfo Array = typeof(AnnotationValue).GetMethod(nameof(OfArray), BindingFlags.Static | BindingFlags.NonPublic)!;
    private static readonly MethodInfo Vector = typeof(AnnotationValue).GetMethod(nameof(OfVector), BindingFlags.Static | BindingFlags.NonPublic)!;

    /// <summary>A getter of a value (a scalar, a string, an array of them or a vector) as values of a column type.</summary>
    public static Delegate GetterOf<T>(T value, DataViewType type)
    {
        var (itemType, isVector) = Members.ItemTypeOf("annotation value", typeof(T), []);
        if (isVector != type is VectorDataViewType)
            throw Contracts.Except($"Value inputted is supposed to be {(isVector ? "vector" : "scalar")}, but type of Annotationinfo is {(isVector ? "scalar" : "vector")}");
        if (itemType != type.GetItemType().RawType)
            throw Contracts.Except($"Value inputted is supposed to have Type {itemType}, but type of Annotationinfo has {type.GetItemType().RawType}");

        return value switch
        {
            string text => (ValueGetter<ReadOnlyMemory<char>>)((ref ReadOnlyMemory<char> destination) => destination = text.AsMemory()),
            string[] texts => OfArray(System.Array.ConvertAll(texts, text => text.AsMemory())),
            Array items => (Delegate)Array.MakeGenericMethod(itemType).Invoke(null, [items])!,
            null => throw Contracts.ExceptValue(nameof(value)),
            _ when isVector => (Delegate)Vector.MakeGenericMethod(itemType).Invoke(null, [value])!,
            _ => (ValueGetter<T>)((ref T destination) => destination = value),
        };
    }

    private static ValueGetter<VBuffer<T>> OfArray<T>(T[] items) => OfVector(new VBuffer<T>(items.Length, items));

    private static ValueGetter<VBuffer<T>> OfVector<T>(VBuffer<T> vector) => (ref VBuffer<T> destination) => vector.CopyTo(ref destination);
}
