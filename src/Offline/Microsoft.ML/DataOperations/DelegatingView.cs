using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>A view over another with the same columns and, unless it says otherwise, an unknown number of rows.</summary>
internal abstract class DelegatingView(IHost host, IDataView source) : IDataView
{
    public virtual bool CanShuffle => Source.CanShuffle;

    public virtual DataViewSchema Schema => Source.Schema;

    protected IDataView Source { get; } = source;

    protected IHost Host { get; } = host;

    public virtual long? GetRowCount() => null;

    public abstract DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null);

    public virtual DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null)
        => [GetRowCursor(columnsNeeded, rand)];

    /// <summary>Which of the columns were asked for.</summary>
    protected static bool[] ActiveOf(DataViewSchema schema, IEnumerable<DataViewSchema.Column> columnsNeeded)
    {
        var active = new bool[schema.Count];
        foreach (var column in columnsNeeded)
            active[column.Index] = true;
        return active;
    }

    /// <summary>The columns asked for, and those that the view itself must read.</summary>
    protected IEnumerable<DataViewSchema.Column> WithColumns(bool[] active, params int[] more)
        => Source.Schema.Where(column => (column.Index < active.Length && active[column.Index]) || more.Contains(column.Index));
}

/// <summary>A cursor over the rows of another, of which it may leave some out.</summary>
internal abstract class DelegatingCursor(IExceptionContext context, DataViewRowCursor input, bool[] active) : DataViewRowCursor
{
    private const string NoRow = "Values cannot be fetched at this time. This method was called either before the first call to MoveNext, or at any point after MoveNext returned false.";
    private long _position = -1;
    private bool _done;

    public override long Position => _position;

    public override long Batch => Input.Batch;

    public override DataViewSchema Schema => Input.Schema;

    protected DataViewRowCursor Input { get; } = input;

    protected IExceptionContext Context { get; } = context;

    public sealed override bool MoveNext()
    {
        if (_done)
            return false;
        if (MoveNextCore())
        {
            _position++;
            return true;
        }
        Dispose();
        return false;
    }

    public override ValueGetter<DataViewRowId> GetIdGetter() => Input.GetIdGetter();

    public override bool IsColumnActive(DataViewSchema.Column column)
    {
        Context.Check(column.Index < active.Length, "Column index out of range");
        return active[column.Index];
    }

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
    {
        CheckActive(column);
        return Input.GetGetter<TValue>(column);
    }

    protected abstract bool MoveNextCore();

    protected void CheckActive(DataViewSchema.Column column)
        => Context.Check(IsColumnActive(column), $"Column '{column.Name}' is not active in the cursor");

    protected void CheckRow() => Context.Check(_position >= 0, NoRow);

    protected ValueGetter<TValue> Cast<TValue>(Delegate getter)
        => getter as ValueGetter<TValue>
            ?? throw Context.Except($"Invalid TValue in GetGetter: '{typeof(TValue)}', expected type: '{getter.GetType().GetGenericArguments()[0]}'.");

    protected override void Dispose(bool disposing)
    {
        if (_done)
            return;
        _done = true;
        _position = -1;
        if (disposing)
            Input.Dispose();
        base.Dispose(disposing);
    }
}
