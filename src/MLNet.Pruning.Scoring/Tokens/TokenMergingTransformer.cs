using Microsoft.ML;
using Microsoft.ML.Data;
using MLNet.Pruning.Persistence;
using MLNet.Pruning.Scoring;
using MLNet.Pruning.Tokens;

namespace MLNet.Pruning;

/// <summary>
/// Cuts images into patches and merges the most similar ones, when a row is read. Adds tokens, sizes and sources. Any number of threads may
/// read from it at once, and it needs no LibTorch. Saved and loaded with <c>mlContext.Model</c>, after <c>mlContext.UsePruning()</c>.
/// </summary>
public sealed class TokenMergingTransformer : ITransformer
{
    readonly TokenColumns columns;
    readonly TokenScorer scorer;

    internal TokenMergingTransformer(TokenColumns columns) => (this.columns, scorer) = (columns, new TokenScorer(columns));

    /// <summary>The column that is read.</summary>
    public string InputColumnName => columns.Input;

    /// <summary>The column of tokens; those of sizes and sources are called after it.</summary>
    public string OutputColumnName => columns.Output;

    /// <summary>How an image is cut.</summary>
    public PatchGrid Grid => columns.Grid;

    /// <summary>Tokens that are left of an image.</summary>
    public int Survivors => columns.Survivors;

    internal TokenScorer Scorer => scorer;

    /// <summary>Numbers of a row: tokens, sizes, sources.</summary>
    internal int RowNumbers => columns.RowNumbers;

    internal ScoreBinding Bind(DataViewSchema input) => columns.Bind(input);

    /// <inheritdoc/>
    bool ITransformer.IsRowToRowMapper => true;

    /// <inheritdoc/>
    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema) => columns.Bind(inputSchema).Output;

    /// <inheritdoc/>
    public IDataView Transform(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return new ScoredView(columns.Bind(input.Schema), scorer, input);
    }

    /// <inheritdoc/>
    IRowToRowMapper ITransformer.GetRowToRowMapper(DataViewSchema inputSchema) => new ScoreMapper(columns.Bind(inputSchema), scorer);

    /// <inheritdoc/>
    void ICanSaveModel.Save(ModelSaveContext ctx)
    {
        ArgumentNullException.ThrowIfNull(ctx);
        Loaders.SaveTokenMerging(ctx, stream => TokenMergingFile.Write(stream, columns));
    }

    internal static TokenMergingTransformer ReadFrom(Stream stream) => new(TokenMergingFile.Read(stream));
}
