namespace Microsoft.ML.Data;

/// <summary>What a row-to-row transform adds to a row, by index of its own output columns.</summary>
internal interface IRowMapper : ICanSaveModel
{
    /// <summary>Getters of the active output columns (null for the others) over a row, and what to do when it is disposed of.</summary>
    Delegate?[] CreateGetters(DataViewRow input, Func<int, bool> activeOutput, out Action? disposer);

    /// <summary>Which input columns are read for the active output columns.</summary>
    Func<int, bool> GetDependencies(Func<int, bool> activeOutput);

    DataViewSchema.DetachedColumn[] GetOutputColumns();

    /// <summary>The transformer that made this.</summary>
    ITransformer GetTransformer();
}
