using System.Text.Json;
using System.Text.Json.Serialization;
using MLNet.Pruning.Persistence;
using MLNet.Pruning.Tokens;

namespace MLNet.Pruning;

/// <summary>A merging of tokens as an archive.</summary>
static class TokenMergingFile
{
    const string Kind = "token merging", What = "The saved token merging", Entry = "columns";

    public static void Write(Stream stream, TokenColumns columns)
    {
        var (grid, archive) = (columns.Grid, new Archive(Kind));
        archive.Add(Entry, JsonSerializer.SerializeToUtf8Bytes(
            new TokenMergingSettings(columns.Output, columns.Input, grid.Height, grid.Width, grid.Channels, grid.PatchSize, grid.Pad, columns.Merge),
            TokenMergingJson.Default.TokenMergingSettings));
        archive.Write(stream);
    }

    /// <exception cref="InvalidDataException">The stream is cut short or damaged, of another version, or something else altogether.</exception>
    public static TokenColumns Read(Stream stream)
    {
        return Archive.Read(stream, Kind, What).Part(Entry, What, json =>
        {
            var saved = JsonSerializer.Deserialize(json, TokenMergingJson.Default.TokenMergingSettings);
            if (saved is null || string.IsNullOrEmpty(saved.Output) || string.IsNullOrEmpty(saved.Input))
                throw new InvalidDataException("it names no columns.");
            var grid = new PatchGrid(saved.Height, saved.Width, saved.Channels, saved.PatchSize, saved.Pad);
            MergeAmount.Check(saved.Merge, grid.Count);
            return new TokenColumns(saved.Output, saved.Input, grid, saved.Merge);
        });
    }
}

sealed record TokenMergingSettings(string Output, string Input, int Height, int Width, int Channels, int PatchSize, bool Pad, int Merge);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(TokenMergingSettings))]
sealed partial class TokenMergingJson : JsonSerializerContext;
