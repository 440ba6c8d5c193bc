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
        var archive = Archive.Read(stream, Kind, What);
        try
        {
            var saved = JsonSerializer.Deserialize(archive[Entry], TokenMergingJson.Default.TokenMergingSettings);
            if (saved is null || string.IsNullOrEmpty(saved.Output) || string.IsNullOrEmpty(saved.Input))
                throw new InvalidDataException($"{What} names no columns.");
            var grid = new PatchGrid(saved.Height, saved.Width, saved.Channels, saved.PatchSize, saved.Pad);
            if (saved.Merge < 0 || saved.Merge > MergeAmount.Limit(grid.Count))
                throw new InvalidDataException($"{What} merges {saved.Merge} of {grid.Count} tokens; at most half can.");
            return new TokenColumns(saved.Output, saved.Input, grid, saved.Merge);
        }
        catch (Exception failure) when (failure is JsonException or ArgumentException)
        {
            throw new InvalidDataException($"{What} has wrong settings: {failure.Message}", failure);
        }
    }
}

sealed record TokenMergingSettings(string Output, string Input, int Height, int Width, int Channels, int PatchSize, bool Pad, int Merge);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(TokenMergingSettings))]
sealed partial class TokenMergingJson : JsonSerializerContext;
