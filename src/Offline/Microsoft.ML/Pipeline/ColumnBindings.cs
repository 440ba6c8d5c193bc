namespace Microsoft.ML.Data;

/// <summary>The schema of an input with columns added: one that bears an old name comes right after it and hides it.</summary>
internal sealed class ColumnBindings
{
    // For each column of the result the input column, or the complement of the added one.
    private readonly int[] _sources;

    public ColumnBindings(DataViewSchema input, DataViewSchema.DetachedColumn[] addedColumns)
    {
        InputSchema = input;
        var sources = Enumerable.Range(0, input.Count).ToList();
        string NameOf(int source) => source >= 0 ? input[source].Name : addedColumns[~source].Name;
        for (int i = 0; i < addedColumns.Length; i++)
        {
            int last = sources.FindLastIndex(source => NameOf(source) == addedColumns[i].Name);
            sources.Insert(last >= 0 ? last + 1 : sources.Count, ~i);
        }

        _sources = [.. sources];
        var builder = new DataViewSchema.Builder();
        builder.AddColumns(sources.Select(source => source >= 0 ? new DataViewSchema.DetachedColumn(input[source]) : addedColumns[~source]));
        Schema = builder.ToSchema();

        int[] added = new int[addedColumns.Length];
        for (int i = 0; i < _sources.Length; i++)
        {
            if (_sources[i] < 0)
                added[~_sources[i]] = i;
        }
        AddedColumnIndices = added;
    }

    public DataViewSchema InputSchema { get; }

    public DataViewSchema Schema { get; }

    /// <summary>Where the added columns stand in the schema.</summary>
    public IReadOnlyList<int> AddedColumnIndices { get; }

    /// <summary>The index of a column of the schema among the input's columns, or among the added ones.</summary>
    public int MapColumnIndex(out bool isSource, int column)
    {
        int source = _sources[column];
        isSource = source >= 0;
        return isSource ? source : ~source;
    }

    /// <summary>Which input columns are active themselves when these columns of the schema are.</summary>
    public bool[] GetActiveInput(bool[] active)
    {
        bool[] input = new bool[InputSchema.Count];
        for (int i = 0; i < _sources.Length; i++)
        {
            if (_sources[i] >= 0)
                input[_sources[i]] = active[i];
        }
        return input;
    }
}
