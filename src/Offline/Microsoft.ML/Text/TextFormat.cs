using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>How the characters of a text file are read.</summary>
internal sealed record TextFormat
{
    public required char[] Separators { get; init; }

    public char EscapeChar { get; init; }

    public char DecimalMarker { get; init; }

    public TextFlags Flags { get; init; }

    /// <summary>The number of columns in the file; zero if each row may say.</summary>
    public int InputSize { get; init; }

    public long MaxRows { get; init; }

    public bool UseThreads { get; init; }

    public bool Has(TextFlags flag) => (Flags & flag) != 0;

    public static TextFormat Of(TextLoader.Options options, bool hasHeaderFile, IHost host)
    {
        var flags = (options.TrimWhitespace ? TextFlags.TrimWhitespace : 0)
            | (!hasHeaderFile && options.HasHeader ? TextFlags.HasHeader : 0)
            | (options.AllowQuoting ? TextFlags.AllowQuoting : 0)
            | (options.AllowSparse ? TextFlags.AllowSparse : 0)
            | (options.AllowQuoting && options.ReadMultilines ? TextFlags.ReadMultilines : 0)
            | (options.MissingRealsAsNaNs ? TextFlags.MissingRealsAsNaNs : 0);
        long maxRows = options.MaxRows ?? long.MaxValue;
        host.CheckUserArg(maxRows >= 0, nameof(options.MaxRows));
        int inputSize = options.InputSize ?? 0;
        host.Check(inputSize >= 0, "inputSize");

        char[] separators = [.. options.Separators.Select(separator => CheckSeparator(separator, options.AllowSparse, host)).Distinct()];
        if (options.DecimalMarker is not ('.' or ','))
            throw host.ExceptUserArg(nameof(options.DecimalMarker), $"Decimal marker cannot be the '{options.DecimalMarker}' character. It must be '.' or ','.");
        if (!options.AllowQuoting && options.DecimalMarker == ',' && separators.Contains(','))
            throw host.ExceptUserArg(nameof(options.AllowQuoting), "Quoting must be allowed if decimal marker and separator are the ',' character.");
        if (separators.Contains(options.EscapeChar))
            throw host.ExceptUserArg(nameof(options.EscapeChar), $"EscapeChar '{options.EscapeChar}' can't be used both as EscapeChar and separator");
        return new TextFormat
        {
            Separators = separators,
            EscapeChar = options.EscapeChar,
            DecimalMarker = options.DecimalMarker,
            Flags = flags,
            InputSize = Math.Min(inputSize, TextSegment.EndOfLine - 1),
            MaxRows = maxRows,
            UseThreads = options.UseThreads,
        };
    }

    private static char CheckSeparator(char separator, bool allowSparse, IHost host)
    {
        if (separator == ':')
            host.CheckUserArg(!allowSparse, "Separator", "When the separator is colon, turn off allowSparse");
        if (separator != '\t' && (separator < ' ' || char.IsAsciiDigit(separator) || separator == '"'))
            throw host.ExceptUserArg("Separator", $"Illegal separator: '{separator}'");
        return separator;
    }
}

/// <summary>The options of a text file that can be on or off, as they are saved.</summary>
[Flags]
internal enum TextFlags : uint
{
    TrimWhitespace = 0x01,
    HasHeader = 0x02,
    AllowQuoting = 0x04,
    AllowSparse = 0x08,
    ReadMultilines = 0x10,
    MissingRealsAsNaNs = 0x20,
    All = TrimWhitespace | HasHeader | AllowQuoting | AllowSparse | ReadMultilines | MissingRealsAsNaNs,
}
