using System.Globalization;
using System.Text;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>Writes values of every column type as text that can be read back.</summary>
internal static class ValueText
{
    /// <summary>Replaces the builder's text by the value's.</summary>
    public static ValueMapper<T, StringBuilder> Get<T>(DataViewType type)
    {
        if (type is KeyDataViewType key)
            return GetKey<T>(key);
        if (typeof(T) == typeof(float))
            return (in T value, ref StringBuilder text) => Real(ref text, (float)(object)value!, float.IsNaN);
        if (typeof(T) == typeof(double))
            return (in T value, ref StringBuilder text) => Real(ref text, (double)(object)value!, double.IsNaN);
        if (typeof(T) == typeof(bool))
            return (in T value, ref StringBuilder text) => Clear(ref text).Append((bool)(object)value! ? '1' : '0');
        if (typeof(T) == typeof(ReadOnlyMemory<char>))
            return (in T value, ref StringBuilder text) => Clear(ref text).Append((ReadOnlyMemory<char>)(object)value!);
        if (typeof(T) == typeof(TimeSpan))
            return (in T value, ref StringBuilder text) => Clear(ref text).Append(CultureInfo.CurrentCulture, $"{value:c}");
        if (typeof(T) == typeof(DateTime) || typeof(T) == typeof(DateTimeOffset))
            return (in T value, ref StringBuilder text) => Clear(ref text).Append(CultureInfo.CurrentCulture, $"{value:o}");
        if (typeof(T) == typeof(DataViewRowId))
            return (in T value, ref StringBuilder text) => RowId(ref text, (DataViewRowId)(object)value!);
        if (type is NumberDataViewType)
            return (in T value, ref StringBuilder text) => Clear(ref text).Append(value);
        throw Contracts.Except($"No conversion from '{type}' to {nameof(StringBuilder)}");
    }

    private static StringBuilder Clear(ref StringBuilder text) => text is null ? text = new StringBuilder() : text.Clear();

    private static void Real<T>(ref StringBuilder text, T value, Func<T, bool> isNaN)
        where T : ISpanFormattable
    {
        Clear(ref text);
        if (isNaN(value))
            text.Append('?');
        else
            text.Append(value.ToString(typeof(T) == typeof(double) ? "G17" : "R", CultureInfo.InvariantCulture));
    }

    private static void RowId(ref StringBuilder text, DataViewRowId value)
        => Clear(ref text).Append(CultureInfo.InvariantCulture, $"0x{value.High:x16}{value.Low:x16}");

    // Zero-based; missing and out of range are nothing.
    private static ValueMapper<T, StringBuilder> GetKey<T>(KeyDataViewType key)
    {
        var widen = Conversions.Get<T, ulong>(key, NumberDataViewType.UInt64, out _);
        ulong count = key.Count;
        return (in T value, ref StringBuilder text) =>
        {
            ulong wide = 0;
            widen(value, ref wide);
            Clear(ref text);
            if (wide != 0 && wide <= count)
                text.Append(wide - 1);
        };
    }
}
