using System.Globalization;
using System.Numerics;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

internal static partial class Conversions
{
    private static Dictionary<(Type, Type), Delegate> BuildStandard()
    {
        var table = new Dictionary<(Type, Type), Delegate>();
        Signed<sbyte>(table);
        Signed<short>(table);
        Signed<int>(table);
        Signed<long>(table);
        Unsigned<byte>(table);
        Unsigned<ushort>(table);
        Unsigned<uint>(table);
        Unsigned<ulong>(table);
        Reals<float>(table);
        Reals<double>(table);
        RowIds(table);
        Booleans(table);
        Times(table);
        Texts(table);
        return table;
    }

    private static void Add<TSource, TDestination>(Dictionary<(Type, Type), Delegate> table, Func<TSource, TDestination> convert)
        => table.Add((typeof(TSource), typeof(TDestination)),
            (ValueMapper<TSource, TDestination>)((in TSource source, ref TDestination destination) => destination = convert(source)));

    private static void Signed<T>(Dictionary<(Type, Type), Delegate> table)
        where T : INumber<T>
    {
        Add<T, sbyte>(table, sbyte.CreateTruncating);
        Add<T, short>(table, short.CreateTruncating);
        Add<T, int>(table, int.CreateTruncating);
        Add<T, long>(table, long.CreateTruncating);
        Numbers<T>(table);
    }

    private static void Unsigned<T>(Dictionary<(Type, Type), Delegate> table)
        where T : INumber<T>
    {
        Add<T, byte>(table, byte.CreateTruncating);
        Add<T, ushort>(table, ushort.CreateTruncating);
        Add<T, uint>(table, uint.CreateTruncating);
        Add<T, ulong>(table, ulong.CreateTruncating);
        Add<T, DataViewRowId>(table, value => new DataViewRowId(ulong.CreateTruncating(value), 0));
        Numbers<T>(table);
    }

    private static void Numbers<T>(Dictionary<(Type, Type), Delegate> table)
        where T : INumber<T>
    {
        Add<T, float>(table, float.CreateTruncating);
        Add<T, double>(table, double.CreateTruncating);
        Add<T, bool>(table, value => value != T.Zero);
        Add<T, ReadOnlyMemory<char>>(table, value => value.ToString(null, CultureInfo.CurrentCulture).AsMemory());
    }

    private static void Reals<T>(Dictionary<(Type, Type), Delegate> table)
        where T : IFloatingPointIeee754<T>
    {
        // Enough digits to tell neighbours apart for doubles, and seven for singles.
        string format = typeof(T) == typeof(float) ? "G7" : "G17";
        Add<T, float>(table, float.CreateTruncating);
        Add<T, double>(table, double.CreateTruncating);
        Add<T, bool>(table, value => value != T.Zero);
        Add<T, ReadOnlyMemory<char>>(table, value => value.ToString(format, CultureInfo.InvariantCulture).AsMemory());
    }

    private static void RowIds(Dictionary<(Type, Type), Delegate> table)
    {
        Add<DataViewRowId, byte>(table, value => unchecked((byte)value.Low));
        Add<DataViewRowId, ushort>(table, value => unchecked((ushort)value.Low));
        Add<DataViewRowId, uint>(table, value => unchecked((uint)value.Low));
        Add<DataViewRowId, ulong>(table, value => value.Low);
        Add<DataViewRowId, ReadOnlyMemory<char>>(table, value => $"0x{value.High:x16}{value.Low:x16}".AsMemory());
    }

    private static void Booleans(Dictionary<(Type, Type), Delegate> table)
    {
        Add<bool, sbyte>(table, value => value ? (sbyte)1 : (sbyte)0);
        Add<bool, short>(table, value => value ? (short)1 : (short)0);
        Add<bool, int>(table, value => value ? 1 : 0);
        Add<bool, long>(table, value => value ? 1 : 0);
        Add<bool, float>(table, value => value ? 1 : 0);
        Add<bool, double>(table, value => value ? 1 : 0);
        Add<bool, bool>(table, value => value);
        Add<bool, ReadOnlyMemory<char>>(table, value => value.ToString().AsMemory());
    }

    private static void Times(Dictionary<(Type, Type), Delegate> table)
    {
        Add<TimeSpan, long>(table, value => value.Ticks);
        Add<TimeSpan, float>(table, value => value.Ticks);
        Add<TimeSpan, double>(table, value => value.Ticks);
        Add<TimeSpan, ReadOnlyMemory<char>>(table, value => value.ToString("c").AsMemory());
        Add<DateTime, long>(table, value => value.Ticks);
        Add<DateTime, float>(table, value => value.Ticks);
        Add<DateTime, double>(table, value => value.Ticks);
        Add<DateTime, DateTime>(table, value => value);
        Add<DateTime, ReadOnlyMemory<char>>(table, value => value.ToString("o", CultureInfo.CurrentCulture).AsMemory());
        Add<DateTimeOffset, long>(table, value => value.UtcDateTime.Ticks);
        Add<DateTimeOffset, float>(table, value => value.UtcDateTime.Ticks);
        Add<DateTimeOffset, double>(table, value => value.UtcDateTime.Ticks);
        Add<DateTimeOffset, ReadOnlyMemory<char>>(table, value => value.ToString("o", CultureInfo.CurrentCulture).AsMemory());
    }

    // Signed integers that cannot be read are an error, unsigned ones zero (the missing key), reals not a number, all others the default.
    private static void Texts(Dictionary<(Type, Type), Delegate> table)
    {
        Add<ReadOnlyMemory<char>, sbyte>(table, text => (sbyte)ParseSigned(text, sbyte.MaxValue, "sbyte"));
        Add<ReadOnlyMemory<char>, short>(table, text => (short)ParseSigned(text, short.MaxValue, "short"));
        Add<ReadOnlyMemory<char>, int>(table, text => (int)ParseSigned(text, int.MaxValue, "int"));
        Add<ReadOnlyMemory<char>, long>(table, text => ParseSigned(text, long.MaxValue, "long"));
        Add<ReadOnlyMemory<char>, byte>(table, text => (byte)ParseUnsigned(text, byte.MaxValue));
        Add<ReadOnlyMemory<char>, ushort>(table, text => (ushort)ParseUnsigned(text, ushort.MaxValue));
        Add<ReadOnlyMemory<char>, uint>(table, text => (uint)ParseUnsigned(text, uint.MaxValue));
        Add<ReadOnlyMemory<char>, ulong>(table, text => ParseUnsigned(text, ulong.MaxValue));
        Add<ReadOnlyMemory<char>, DataViewRowId>(table, text => TextParser.TryParseRowId(text.Span, out var value) ? value : default);
        Add<ReadOnlyMemory<char>, float>(table, text => RealParser.TryParse(text.Span, default, out float value) ? value : float.NaN);
        Add<ReadOnlyMemory<char>, double>(table, text => RealParser.TryParse(text.Span, default, out double value) ? value : double.NaN);
        Add<ReadOnlyMemory<char>, ReadOnlyMemory<char>>(table, text => text);
        Add<ReadOnlyMemory<char>, bool>(table, text => TextParser.TryParseBoolean(text.Span, out bool value) && value);
        Add<ReadOnlyMemory<char>, TimeSpan>(table, Parse<TimeSpan>(TimeSpanDataViewType.Instance));
        Add<ReadOnlyMemory<char>, DateTime>(table, Parse<DateTime>(DateTimeDataViewType.Instance));
        Add<ReadOnlyMemory<char>, DateTimeOffset>(table, Parse<DateTimeOffset>(DateTimeOffsetDataViewType.Instance));
    }

    private static Func<ReadOnlyMemory<char>, T> Parse<T>(DataViewType type)
    {
        var parse = TextParser.Default.Get<T>(type);
        return text => parse(text, out var value) ? value : default!;
    }

    private static long ParseSigned(ReadOnlyMemory<char> text, long maximum, string type)
    {
        Contracts.Check(TextParser.TryParseSigned(text.Span, maximum, out long value), $"Value could not be parsed from text to {type}.");
        return value;
    }

    private static ulong ParseUnsigned(ReadOnlyMemory<char> text, ulong maximum)
        => TextParser.TryParseUnsigned(text.Span, out ulong value) && value <= maximum ? value : 0;
}
