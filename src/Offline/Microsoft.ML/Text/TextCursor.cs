using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>Reads the rows of text files, a block of lines at a time: a line that cannot be read takes its block with it.</summary>
internal sealed class TextCursor : RootCursorBase
{
    private const int BatchSize = 64;
    private readonly TextBindings _bindings;
    private readonly TextFormat _format;
    private readonly TextPipe?[] _pipes;
    private readonly Delegate?[] _getters;
    private readonly ParseLog _log;
    private readonly FieldScanner _scanner;
    private readonly IEnumerator<TextLine> _lines;
    private readonly int _blockSize;
    private int _row = -1;
    private int _rows;
    private bool _disposed;

    // Where lines are parsed on several threads, an error comes wrapped.
    private readonly bool _wrapsErrors;

    public TextCursor(IHost host, TextBindings bindings, TextFormat format, IMultiStreamSource files, bool[] active)
        : base(host)
    {
        _bindings = bindings;
        _format = format;
        _wrapsErrors = format.UseThreads && Environment.ProcessorCount > 1 && format.MaxRows / BatchSize > 1;
        _blockSize = _wrapsErrors ? BatchSize : 1;
        _pipes = [.. bindings.Columns.Select((column, i) => active[i] ? TextPipe.Create(column, format, _blockSize) : null)];
        _getters = Array.ConvertAll(_pipes, pipe => pipe?.MakeGetter(CurrentRow));
        _log = new ParseLog(host, shown: 10);
        int limit = bindings.Columns.Where((_, i) => active[i]).SelectMany(column => column.Segments).Select(segment => segment.Limit).DefaultIfEmpty(1).Max();
        if (format.InputSize > 0)
            limit = Math.Min(limit, format.InputSize);
        _scanner = new FieldScanner(format, _log, format.InputSize, limit - 1);
        _lines = TextLines.Read(files, format, format.Has(TextFlags.HasHeader), format.MaxRows).GetEnumerator();
    }

    // Rows that several threads parse belong to no batch.
    public override long Batch => _wrapsErrors ? -1 : Position / BatchSize;

    public override DataViewSchema Schema => _bindings.Schema;

    public override bool IsColumnActive(DataViewSchema.Column column)
    {
        Ch.Check(column.Index < _pipes.Length);
        return _pipes[column.Index] is not null;
    }

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
    {
        Ch.CheckParam(column.Index < _getters.Length, nameof(column), "requested column not valid.");
        Ch.Check(IsColumnActive(column));
        return RowCursorUtils.Cast<TValue>(_getters[column.Index]);
    }

    public override ValueGetter<DataViewRowId> GetIdGetter()
        => (ref DataViewRowId value) =>
        {
            Ch.Check(IsGood, RowCursorUtils.FetchValueStateError);
            value = new DataViewRowId((ulong)Position, 0);
        };

    protected override bool MoveNextCore()
    {
        if (++_row < _rows)
            return true;
        _row = 0;
        _rows = 0;
        try
        {
            for (; _rows < _blockSize && MoveToLine(); _rows++)
            {
                Parse(_lines.Current, _rows);
                _log.AddRow();
            }
        }
        catch (Exception e) when (_wrapsErrors)
        {
            throw Ch.ExceptDecode(e, $"Parsing failed with an exception: {e.Message}");
        }
        return _rows > 0;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing && !_disposed)
        {
            _disposed = true;
            _lines.Dispose();
            _log.Dispose();
        }
        base.Dispose(disposing);
    }

    private int CurrentRow()
    {
        Contracts.Check(IsGood);
        return _row;
    }

    private bool MoveToLine()
    {
        try
        {
            return _lines.MoveNext();
        }
        catch (Exception e)
        {
            throw Contracts.ExceptDecode(null, e, "Stream reading encountered exception");
        }
    }

    private void Parse(TextLine line, int row)
    {
        var text = line.Text.AsMemory();
        int columns = _scanner.Scan(_format.Has(TextFlags.TrimWhitespace) ? text.TrimEnd() : text, line.Path, line.Number);
        for (int i = 0; i < _pipes.Length; i++)
        {
            if (_pipes[i] is not { } pipe)
                continue;
            if (_bindings.Columns[i].Type is VectorDataViewType)
                ParseVector(pipe, row, _bindings.Columns[i], columns, line.Number);
            else
                ParseScalar(pipe, row, _bindings.Columns[i], line.Number);
        }
    }

    private void ParseScalar(TextPipe pipe, int row, TextColumn column, long line)
    {
        int source = column.Segments[0].Min;
        int field = _scanner.Find(source);
        if (field < _scanner.Count && _scanner.IndexOf(field) == source)
        {
            if (pipe.Take(row, 0, _scanner.TextOf(field)))
                return;
            if (!pipe.HasMissing)
                throw Contracts.Except($"Could not parse value {_scanner.TextOf(field)} in line {line}, column {column.Name}");
            _log.AddBadValue(line, column.Name, null);
        }
        else if (_format.Has(TextFlags.MissingRealsAsNaNs) && pipe.IsReal)
            pipe.Take(row, 0, default);
        else
            pipe.Reset(row, 0);
    }

    private void ParseVector(TextPipe pipe, int row, TextColumn column, int columns, long line)
    {
        int open = column.Segments.Where(segment => segment.IsVariable).Sum(segment => Math.Max(0, columns - segment.Min));
        pipe.Reset(row, checked(column.FixedSize + open));
        int offset = 0;
        foreach (var segment in column.Segments)
        {
            int limit = segment.IsVariable ? columns : segment.Limit;
            int field = _scanner.Find(segment.Min);
            for (; field < _scanner.Count && _scanner.IndexOf(field) < limit; field++)
            {
                int slot = offset + _scanner.IndexOf(field) - segment.Min;
                if (pipe.Take(row, slot, _scanner.TextOf(field)))
                    continue;
                if (!pipe.HasMissing)
                    throw Contracts.Except($"Could not parse value {_scanner.TextOf(field)} in slot {slot} of column {column.Name} in line {line}");
                _log.AddBadValue(line, column.Name, slot);
            }
            // Columns that the line ends before are as missing as empty ones.
            if (_format.Has(TextFlags.MissingRealsAsNaNs) && field >= _scanner.Count && pipe.IsReal)
            {
                for (int source = Math.Max(segment.Min, _scanner.Count); source < limit; source++)
                    pipe.Take(row, offset + source - segment.Min, default);
            }
            offset += limit - segment.Min;
        }
    }
}
