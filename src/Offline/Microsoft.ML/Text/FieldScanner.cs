using System.Text;

namespace Microsoft.ML.Data;

/// <summary>Cuts a line into fields. Fields that are empty are left out, unless empty reals are to be told from zeros.</summary>
internal sealed class FieldScanner
{
    private readonly ParseLog _log;
    private readonly char[] _separators;
    private readonly bool _separatesBySpace;
    private readonly char _escape;
    private readonly int _inputSize;
    private readonly int _lastNeeded;
    private readonly bool _quoting;
    private readonly bool _sparse;
    private readonly bool _keepEmpty;
    private readonly StringBuilder _unquoted = new();
    private readonly List<int> _indices = [];
    private readonly List<ReadOnlyMemory<char>> _texts = [];

    // Columns of the file after the last that is needed are not looked at.
    public FieldScanner(TextFormat format, ParseLog log, int inputSize, int lastNeeded)
    {
        _log = log;
        _separators = format.Separators;
        _separatesBySpace = _separators.Contains(' ');
        _escape = format.EscapeChar;
        _inputSize = inputSize;
        _lastNeeded = lastNeeded;
        _quoting = format.Has(TextFlags.AllowQuoting);
        _sparse = format.Has(TextFlags.AllowSparse);
        _keepEmpty = format.Has(TextFlags.MissingRealsAsNaNs);
    }

    public int Count => _indices.Count;

    public int IndexOf(int field) => _indices[field];

    public ReadOnlyMemory<char> TextOf(int field) => _texts[field];

    /// <summary>The first field at or after a column of the file.</summary>
    public int Find(int column)
    {
        int at = _indices.BinarySearch(column);
        return at >= 0 ? at : ~at;
    }

    /// <summary>Takes in a line and returns the number of columns that it has, as far as they were looked at.</summary>
    public int Scan(ReadOnlyMemory<char> line, string? path = null, long number = 0)
    {
        _indices.Clear();
        _texts.Clear();
        var scan = new Position(line, path, number);
        return _sparse ? ScanSparse(ref scan) : ScanDense(ref scan);
    }

    private int ScanDense(ref Position scan)
    {
        for (int column = 0; ;)
        {
            bool more = Next(ref scan);
            if (!scan.Text.IsEmpty || _keepEmpty)
                Add(column, scan.Text);
            if (++column > _lastNeeded || !more)
                return column;
        }
    }

    // Dense fields, then, unless the input's size is known, the number of sparse slots, then index:value pairs in order.
    private int ScanSparse(ref Position scan)
    {
        int column = 0;
        int sparseSize = -1;
        int sparseStart = -1;
        int previous = -1;
        int inputSize = _inputSize;
        int lastNeeded = _lastNeeded;
        while (true)
        {
            bool more = Next(ref scan);
            if (scan.SparseIndex < 0)
            {
                if (sparseStart >= 0)
                {
                    Report(scan, "Non-sparse formatted value follows sparse formatted value");
                    break;
                }
                if (!scan.Text.IsEmpty)
                    Add(column, scan.Text);
                if (column++ > lastNeeded || !more)
                    break;
                continue;
            }

            if (sparseStart < 0)
            {
                if (inputSize == 0)
                {
                    if (!TryTakeSparseSize(scan, column, out sparseSize))
                        break;
                    sparseStart = _indices[^1];
                    _indices.RemoveAt(Count - 1);
                    _texts.RemoveAt(_texts.Count - 1);
                    sparseSize = Math.Min(sparseSize, TextSegment.EndOfLine - sparseStart - 1);
                    inputSize = sparseStart + sparseSize;
                    lastNeeded = Math.Min(lastNeeded, inputSize - 1);
                }
                else
                {
                    sparseStart = Count;
                    sparseSize = inputSize - Count;
                }
            }

            if (scan.SparseIndex > lastNeeded - sparseStart)
            {
                if (scan.SparseIndex >= sparseSize)
                {
                    Report(scan, "Sparse item index larger than expected. Is the specified size incorrect?");
                    break;
                }
                if (scan.SparseIndex > lastNeeded - sparseStart + 1)
                    break;
            }
            if (previous >= scan.SparseIndex)
            {
                Report(scan, "Sparse indices out of order");
                break;
            }
            previous = scan.SparseIndex;
            if (!scan.Text.IsEmpty)
                Add(sparseStart + scan.SparseIndex, scan.Text);
            if (!more)
                break;
        }
        return sparseStart < 0 ? Math.Max(column, inputSize) : inputSize;
    }

    private bool TryTakeSparseSize(in Position scan, int column, out int size)
    {
        size = 0;
        if (Count == 0 || _indices[^1] != column - 1)
        {
            Report(scan, "Missing dimensionality or ambiguous sparse item. Use sparse=- for non-sparse file, and/or quote the value.");
            return false;
        }
        if (TextParser.TryParseSigned(_texts[^1].Span, int.MaxValue, out long value) && value > 0)
        {
            size = (int)value;
            return true;
        }
        Report(scan, "Bad dimensionality or ambiguous sparse item. Use sparse=- for non-sparse file, and/or quote the value.");
        return false;
    }

    private void Add(int column, ReadOnlyMemory<char> text)
    {
        _indices.Add(column);
        _texts.Add(text);
    }

    private void Report(in Position scan, string message) => _log.AddBadFormat(scan.Path, scan.Line, scan.Start, scan.End, message);

    // Reads the next field; false if it is the last.
    private bool Next(ref Position scan)
    {
        var line = scan.Buffer.Span;
        int at = SkipSpaces(line, scan.Next);
        scan.SparseIndex = -1;
        scan.Start = at;
        if (at < line.Length && _sparse && char.IsAsciiDigit(line[at]))
        {
            // At most nine digits, so that the index cannot overflow.
            int digits = at + 1;
            while (digits < Math.Min(line.Length, at + 9) && char.IsAsciiDigit(line[digits]))
                digits++;
            if (digits < line.Length && line[digits] == ':')
            {
                scan.SparseIndex = int.Parse(line[at..digits]);
                at = SkipSpaces(line, digits + 1);
            }
        }

        if (at >= line.Length)
        {
            scan.Text = default;
            scan.End = at;
            scan.Next = at;
            return false;
        }
        if (_quoting && line[at] == '"')
            at = Quoted(ref scan, line, at + 1);
        else
        {
            int length = line[at..].IndexOfAny(_separators);
            int end = length < 0 ? line.Length : at + length;
            scan.Text = scan.Buffer[at..end];
            at = end;
        }
        scan.End = at;
        scan.Next = Math.Min(at + 1, line.Length);
        return at < line.Length;
    }

    private int Quoted(ref Position scan, ReadOnlySpan<char> line, int at)
    {
        _unquoted.Clear();
        bool good = ReadQuoted(line, ref at);
        // Between the closing quote and the separator there may be spaces only.
        for (; at < line.Length && !IsSeparator(line[at]); at++)
            good &= line[at] == ' ';
        scan.Text = good ? _unquoted.ToString().AsMemory() : default;
        if (!good)
        {
            scan.End = at;
            Report(scan, "Illegal quoting");
        }
        return at;
    }

    private bool ReadQuoted(ReadOnlySpan<char> line, ref int at)
    {
        for (; at < line.Length; at++)
        {
            if (_escape != '"' && line[at] == _escape)
            {
                if (++at >= line.Length)
                    return false;
                // The escape goes only if it escapes a quote.
                if (line[at] != '"')
                    _unquoted.Append(_escape);
            }
            else if (line[at] == '"')
            {
                at++;
                if (_escape != '"' || at >= line.Length || line[at] != '"')
                    return true;
            }
            _unquoted.Append(line[at]);
        }
        return false;
    }

    private int SkipSpaces(ReadOnlySpan<char> line, int at)
    {
        while (!_separatesBySpace && at < line.Length && line[at] == ' ')
            at++;
        return at;
    }

    private bool IsSeparator(char character) => Array.IndexOf(_separators, character) >= 0;

    private struct Position(ReadOnlyMemory<char> buffer, string? path, long line)
    {
        public readonly ReadOnlyMemory<char> Buffer = buffer;
        public readonly string? Path = path;
        public readonly long Line = line;
        public ReadOnlyMemory<char> Text;
        public int SparseIndex;
        public int Start;
        public int End;
        public int Next;
    }
}
