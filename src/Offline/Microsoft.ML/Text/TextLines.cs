using System.Text;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>A line of one of the files, or several lines that belong to one row.</summary>
internal readonly record struct TextLine(string? Path, long Number, string Text);

/// <summary>
/// Reads the lines of files that are rows: not the empty ones, not those that begin with //, and, before the first row
/// of each file, not those that begin with #, nor the header.
/// </summary>
internal static class TextLines
{
    public static IEnumerable<TextLine> Read(IMultiStreamSource files, TextFormat format, bool skipHeader, long limit)
    {
        long rows = 0;
        for (int file = 0; file < files.Count && rows < limit; file++)
        {
            string? path = files.GetPathOrNull(file);
            using var reader = files.OpenTextReader(file);
            var records = new RecordReader(reader, format);
            bool first = true;
            for (long number = 1; records.Read(number - 1, first) is { } text; number++)
            {
                if (text.Length == 0 || text.StartsWith("//", StringComparison.Ordinal) || (first && text[0] == '#'))
                    continue;
                if (first && skipHeader)
                {
                    first = false;
                    continue;
                }
                first = false;
                yield return new TextLine(path, number, text);
                if (++rows >= limit)
                    yield break;
            }
        }
    }

    /// <summary>The first lines, header included, to learn from.</summary>
    public static List<string> Peek(IMultiStreamSource files, TextFormat format, int count)
    {
        try
        {
            return [.. Read(files, format, skipHeader: false, Math.Max(2, count)).Select(line => line.Text)];
        }
        catch (Exception e)
        {
            throw Contracts.ExceptDecode(null, e, "Stream reading encountered exception");
        }
    }

    /// <summary>Reads lines, and joins those between which a quoted value goes on.</summary>
    private sealed class RecordReader(TextReader reader, TextFormat format)
    {
        private readonly bool _joins = format.Has(TextFlags.ReadMultilines);
        private readonly bool _separatesBySpace = format.Separators.Contains(' ');

        public string? Read(long number, bool skipsHash)
        {
            string? line = reader.ReadLine();
            if (!_joins || string.IsNullOrEmpty(line) || line.StartsWith("//", StringComparison.Ordinal) || (skipsHash && line[0] == '#'))
                return line;
            bool open = EndsWithinQuotes(line, startsWithin: false);
            if (!open)
                return line;
            var record = new StringBuilder(line);
            while (open)
            {
                line = reader.ReadLine()
                    ?? throw new EndOfStreamException($"A quoted field opened on line {number} was never closed, and we've read to the last line in the file without finding the closing quote");
                record.Append('\n').Append(line);
                open = EndsWithinQuotes(line, startsWithin: true);
            }
            return record.ToString();
        }

        private bool EndsWithinQuotes(string line, bool startsWithin)
        {
            if (line.Length == 0)
                return startsWithin;
            int at = 0;
            bool open = startsWithin;
            for (bool within = startsWithin; at < line.Length; within = false)
            {
                open = FieldIsOpen(line, ref at, within, out bool isWrong);
                // After wrong quoting the rest of the line means nothing.
                if (isWrong)
                    return false;
                while (at < line.Length && IsSeparator(line[at]))
                    at++;
            }
            return open;
        }

        private bool FieldIsOpen(string line, ref int at, bool within, out bool isWrong)
        {
            isWrong = false;
            if (!within)
                SkipSpaces(line, ref at);
            if (at >= line.Length)
                return within;
            if (!within && line[at] != '"')
            {
                while (at < line.Length && !IsSeparator(line[at]))
                    at++;
                return false;
            }

            for (at += within ? 0 : 1; ; at++)
            {
                if (at >= line.Length)
                    return true;
                if (format.EscapeChar != '"' && line[at] == format.EscapeChar)
                {
                    if (++at >= line.Length)
                        return true;
                }
                else if (line[at] == '"')
                {
                    if (format.EscapeChar != '"')
                        break;
                    if (++at >= line.Length)
                        return false;
                    if (line[at] != '"')
                        break;
                }
            }
            SkipSpaces(line, ref at);
            isWrong = at < line.Length && !IsSeparator(line[at]);
            return false;
        }

        private void SkipSpaces(string line, ref int at)
        {
            while (!_separatesBySpace && at < line.Length && line[at] == ' ')
                at++;
        }

        private bool IsSeparator(char character) => Array.IndexOf(format.Separators, character) >= 0;
    }
}
