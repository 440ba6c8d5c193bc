using MLNet.Pruning.Burden;
using System.Text.Json;

namespace MLNet.Pruning;

/// <summary>What a <see cref="BurdenStudy"/> found: its runs. Plain values only.</summary>
public sealed record BurdenResult(IReadOnlyList<BurdenRun> Runs)
{
    /// <summary>The runs of one kind, with or without merging, by seed.</summary>
    public IReadOnlyList<BurdenRun> Of(BurdenRunKind kind, bool merged) => [.. Runs.Where(r => r.Kind == kind && r.Merged == merged).OrderBy(r => r.Seed)];

    /// <summary>The result as JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, BurdenJson.Default.BurdenResult);

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    public static BurdenResult FromJson(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        try
        {
            return JsonSerializer.Deserialize(json, BurdenJson.Default.BurdenResult) is { Runs: not null } result ? result : throw new InvalidDataException("The result of the burden study has no runs.");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"This is no result of a burden study: {e.Message}", e);
        }
    }
}
