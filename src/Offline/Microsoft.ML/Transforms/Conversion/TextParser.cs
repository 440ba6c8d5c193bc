using System.Globalization;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

internal delegate bool TryParseMapper<T>(in ReadOnlyMemory<char> source, out T value);

/// <summary>Reads values of every column type from text. False means that the text is no such value.</summary>
internal sealed class TextParser
{
    private static readonly Dictionary<RealFormat, TextParser> Known = [];
    private readonly RealFormat _format;

    private TextParser(RealFormat format) => _format = format;

    public static TextParser Default { get; } = For(default);

    public static TextParser For(RealFormat format)
    {
        lock (Known)
        {
            if (!Known.TryGetValue(format, out var parser))
                Known[format] = parser = new TextParser(format);
            return parser;
        }
    }

    public TryParseMapper<T> Get<T>(DataViewType type)
    {
        Contracts.Check(type.RawType == typeof(T), "Wrong TDst type parameter");
        return (TryParseMapper<T>)(type is KeyDataViewType key ? KeyParser(key) : ScalarParser(type));
    }

    /// <summary>"?", "NA", "N/A" and "NaN", in any case.</summary>
    public static bool IsMissing(ReadOnlySpan<char> text)
        => text is "?" || text.Equals("NA", StringComparison.OrdinalIgnoreCase)
            || text.Equals("N/A", StringComparison.OrdinalIgnoreCase) || text.Equals("NaN", StringComparison.OrdinalIgnoreCase);

    /// <summary>A key value: zero-based in text, one-based in the column; missing is zero.</summary>
    public static bool TryParseKey(ReadOnlySpan<char> text, ulong maximum, out ulong key)
    {
        key = 0;
        if (text.IsEmpty || IsMissing(text))
            return true;
        if (!TryParseUnsigned(text, out ulong value) || value > maximum)
            return false;
        key = value + 1;
        return true;
    }

    /// <summary>Digits only.</summary>
    public static bool TryParseUnsigned(ReadOnlySpan<char> text, out ulong value)
    {
        value = 0;
        return !text.IsEmpty && ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);
    }

    /// <summary>Digits with an optional minus; empty text is zero.</summary>
    public static bool TryParseSigned(ReadOnlySpan<char> text, long maximum, out long value)
    {
        value = 0;
        if (text.IsEmpty)
            return true;
        if (text[0] == '-')
        {
            if (!TryParseUnsigned(text[1..], out ulong magnitude) || magnitude > (ulong)maximum + 1)
                return false;
            value = unchecked(-(long)magnitude);
            return true;
        }
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value) && value <= maximum;
    }

    public static bool TryParseBoolean(ReadOnlySpan<char> text, out bool value)
    {
        value = text is "1" or "+" || Is(text, "T") || Is(text, "Y") || Is(text, "true") || Is(text, "yes") || text is "+1";
        return value || text.IsEmpty || text is "0" or "-" or "-1" || Is(text, "F") || Is(text, "N") || Is(text, "false") || Is(text, "no");

        static bool Is(ReadOnlySpan<char> text, string word) => text.Equals(word, StringComparison.OrdinalIgnoreCase);
    }

    public static bool TryParseRowId(ReadOnlySpan<char> text, out DataViewRowId value)
    {
        value = default;
        if (text.Length != 34 || text[0] != '0' || text[1] is not ('x' or 'X'))
            return false;
        if (!ulong.TryParse(text[2..18], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong high)
            || !ulong.TryParse(text[18..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong low))
            return false;
        value = new DataViewRowId(low, high);
        return true;
    }

    public bool TryParseSingle(in ReadOnlyMemory<char> text, out float value)
    {
        if (RealParser.TryParse(text.Span, _format, out value))
            return true;
        value = float.NaN;
        return IsMissing(text.Span);
    }

    public bool TryParseDouble(in ReadOnlyMemory<char> text, out double value)
    {
        if (RealParser.TryParse(text.Span, _format, out value))
            return true;
        value = double.NaN;
        return IsMissing(text.Span);
    }

    private static Delegate KeyParser(KeyDataViewType key)
    {
        ulong maximum = key.Count - 1;
        if (key.RawType == typeof(byte))
            return (TryParseMapper<byte>)((in ReadOnlyMemory<char> s, out byte v) => { bool good = TryParseKey(s.Span, maximum, out ulong k); v = (byte)k; return good; });
        if (key.RawType == typeof(ushort))
            return (TryParseMapper<ushort>)((in ReadOnlyMemory<char> s, out ushort v) => { bool good = TryParseKey(s.Span, maximum, out ulong k); v = (ushort)k; return good; });
        if (key.RawType == typeof(uint))
            return (TryParseMapper<uint>)((in ReadOnlyMemory<char> s, out uint v) => { bool good = TryParseKey(s.Span, maximum, out ulong k); v = (uint)k; return good; });
        return (TryParseMapper<ulong>)((in ReadOnlyMemory<char> s, out ulong v) => TryParseKey(s.Span, maximum, out v));
    }

    private Delegate ScalarParser(DataViewType type)
    {
        if (type is TextDataViewType)
            return (TryParseMapper<ReadOnlyMemory<char>>)((in ReadOnlyMemory<char> s, out ReadOnlyMemory<char> v) => { v = s; return true; });
        if (type.RawType == typeof(float))
            return (TryParseMapper<float>)TryParseSingle;
        if (type.RawType == typeof(double))
            return (TryParseMapper<double>)TryParseDouble;
        if (type is BooleanDataViewType)
            return (TryParseMapper<bool>)((in ReadOnlyMemory<char> s, out bool v) => TryParseBoolean(s.Span, out v));
        if (type is RowIdDataViewType)
            return (TryParseMapper<DataViewRowId>)((in ReadOnlyMemory<char> s, out DataViewRowId v) => TryParseRowId(s.Span, out v));
        if (type is TimeSpanDataViewType)
            return (TryParseMapper<TimeSpan>)((in ReadOnlyMemory<char> s, out TimeSpan v) => { v = default; return s.IsEmpty || TimeSpan.TryParse(s.Span, CultureInfo.InvariantCulture, out v); });
        if (type is DateTimeDataViewType)
            return (TryParseMapper<DateTime>)((in ReadOnlyMemory<char> s, out DateTime v) => { v = default; return s.IsEmpty || DateTime.TryParse(s.Span, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out v); });
        if (type is DateTimeOffsetDataViewType)
            return (TryParseMapper<DateTimeOffset>)((in ReadOnlyMemory<char> s, out DateTimeOffset v) => { v = default; return s.IsEmpty || DateTimeOffset.TryParse(s.Span, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out v); });
        if (type is NumberDataViewType)
            return IntegerParser(type.RawType);
        throw Contracts.ExceptParam("typeDst", "Parse conversion only supported for standard types");
    }

    private static Delegate IntegerParser(Type type) => Type.GetTypeCode(type) switch
    {
        TypeCode.SByte => (TryParseMapper<sbyte>)((in ReadOnlyMemory<char> s, out sbyte v) => { bool good = TryParseSigned(s.Span, sbyte.MaxValue, out long x); v = good ? (sbyte)x : (sbyte)0; return good; }),
        TypeCode.Int16 => (TryParseMapper<short>)((in ReadOnlyMemory<char> s, out short v) => { bool good = TryParseSigned(s.Span, short.MaxValue, out long x); v = good ? (short)x : (short)0; return good; }),
        TypeCode.Int32 => (TryParseMapper<int>)((in ReadOnlyMemory<char> s, out int v) => { bool good = TryParseSigned(s.Span, int.MaxValue, out long x); v = good ? (int)x : 0; return good; }),
        TypeCode.Int64 => (TryParseMapper<long>)((in ReadOnlyMemory<char> s, out long v) => { bool good = TryParseSigned(s.Span, long.MaxValue, out v); v = good ? v : 0; return good; }),
        TypeCode.Byte => (TryParseMapper<byte>)((in ReadOnlyMemory<char> s, out byte v) => { bool good = TryParseUnsigned(s.Span, out ulong x) && x <= byte.MaxValue; v = good ? (byte)x : (byte)0; return good; }),
        TypeCode.UInt16 => (TryParseMapper<ushort>)((in ReadOnlyMemory<char> s, out ushort v) => { bool good = TryParseUnsigned(s.Span, out ulong x) && x <= ushort.MaxValue; v = good ? (ushort)x : (ushort)0; return good; }),
        TypeCode.UInt32 => (TryParseMapper<uint>)((in ReadOnlyMemory<char> s, out uint v) => { bool good = TryParseUnsigned(s.Span, out ulong x) && x <= uint.MaxValue; v = good ? (uint)x : 0; return good; }),
        _ => (TryParseMapper<ulong>)((in ReadOnlyMemory<char> s, out ulong v) => TryParseUnsigned(s.Span, out v)),
    };
}
