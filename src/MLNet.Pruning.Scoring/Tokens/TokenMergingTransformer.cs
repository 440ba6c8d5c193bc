using System.Text.Json;
using System.Text.Json.Serialization;
using MLNet.Pruning.Persistence;
using MLNet.Pruning.Scoring;
using MLNet.Pruning.Tokens;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace MLNet.Pruning;

/// <summary>
/// Cuts images into patches and merges the most similar ones when a row is read. Adds tokens, sizes and sources. Thread-safe, and needs no
/// LibTorch. Save and load it with <c>mlContext.Model</c>, after <c>mlContext.UsePruning()</c>.
/// </summary>
public sealed class TokenMergingTransformer : ITransformer
{
    readonly TokenColumns columns;
    readonly TokenScorer scorer;

    internal TokenMergingTransformer(TokenColumns columns) => (this.columns, scorer) = (columns, new TokenScorer(columns));

    /// <summary>The column of images.</summary>
    public string InputColumnName => columns.Input;

    /// <summary>The column of tokens; those of sizes and sources are named after it.</summary>
    public string OutputColumnName => columns.Output;

    /// <summary>How images are cut into patches.</summary>
    public PatchGrid Grid => columns.Grid;

    /// <summary>How many tokens are left of an image.</summary>
    public int Survivors => columns.Survivors;

    internal TokenScorer Scorer => scorer;

    /// <summary>Numbers in a row: tokens, sizes, sources.</summary>
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
        return PipelineStep.View(typeof(TokenMergingTransformer), columns.Bind(input.Schema), scorer, input);
    }

    /// <inheritdoc/>
    IRowToRowMapper ITransformer.GetRowToRowMapper(DataViewSchema inputSchema) => new ScoreMapper(columns.Bind(inputSchema), scorer);

    /// <inheritdoc/>
    void ICanSaveModel.Save(ModelSaveContext ctx)
    {
        ArgumentNullException.ThrowIfNull(ctx);
        Loaders.Save(ctx, Loaders.Tokens, stream => TokenMergingFile.Write(stream, columns));
    }

    internal static TokenMergingTransformer ReadFrom(Stream stream) => new(TokenMergingFile.Read(stream));
}

/// <summary>
/// Merges the patches of images, on as many threads as are worthwhile. Gives tokens, sizes and sources of a row one after the other.
/// </summary>
sealed unsafe class TokenScorer(TokenColumns columns) : IRowScorer
{
    readonly TokenMerging merging = new(columns.Grid, columns.Merge);

    public void Score(ReadOnlySpan<float> features, int rows, Span<float> output)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(features.Length, rows * columns.Grid.ImageValues);
        ArgumentOutOfRangeException.ThrowIfNotEqual(output.Length, rows * columns.RowNumbers);
        fixed (float* images = features, results = output)
        {
            if (rows == 1)
                MergeOne(images, results);
            else
                MergeMany(images, rows, results);
        }
    }

    // The path of a prediction engine: nothing is allocated.
    void MergeOne(float* image, float* result)
    {
        var worker = merging.Take();
        Merge(worker, image, result);
        merging.Give(worker);
    }

    void MergeMany(float* images, int rows, float* results)
    {
        int values = columns.Grid.ImageValues, numbers = columns.RowNumbers;
        merging.ForEach(rows, threads: 0, (worker, row) => Merge(worker, images + ((long)row * values), results + ((long)row * numbers)));
    }

    void Merge(TokenMerging.Worker worker, float* image, float* tokens)
    {
        float* sizes = tokens + (columns.Survivors * columns.Grid.TokenWidth), sources = sizes + columns.Survivors;
        foreach (int source in worker.Merge(image, tokens, sizes))
            *sources++ = source;
    }
}

static class TokenMergingFile
{
    const string Kind = SavedNetwork.Merging, What = "The saved token merging", Entry = SavedNetwork.Columns;

    public static void Write(Stream stream, TokenColumns columns)
    {
        var (grid, archive) = (columns.Grid, new Archive(Kind));
        archive.Add(Entry, JsonSerializer.SerializeToUtf8Bytes(
            new TokenMergingSettings(
                columns.Output, columns.Input, grid.Height, grid.Width, grid.Channels, grid.PatchSize, grid.Pad, columns.Merge),
            TokenMergingJson.Default.TokenMergingSettings));
        archive.Write(stream);
    }

    /// <exception cref="InvalidDataException">The stream is cut short, damaged, of another version, or something else.</exception>
    public static TokenColumns Read(Stream stream) => Archive.Read(stream, Kind, What).Part(Entry, What, json =>
    {
        var saved = GuardedStream.Description(json, TokenMergingJson.Default.TokenMergingSettings);
        if (saved is null || string.IsNullOrEmpty(saved.Output) || string.IsNullOrEmpty(saved.Input))
            throw new InvalidDataException("it names no columns.");
        var grid = new PatchGrid(saved.Height, saved.Width, saved.Channels, saved.PatchSize, saved.Pad);
        MergeAmount.Check(saved.Merge, grid.Count);
        return new TokenColumns(saved.Output, saved.Input, grid, saved.Merge);
    });
}

sealed record TokenMergingSettings(string Output, string Input, int Height, int Width, int Channels, int PatchSize, bool Pad, int Merge);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(TokenMergingSettings))]
sealed partial class TokenMergingJson : JsonSerializerContext;
