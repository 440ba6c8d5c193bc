using System.Text.Json;

namespace MLNet.Pruning.Samples.RankPruning.Protocol;

/// <summary>Everything that was decided before the test set is touched: a file in the repository.</summary>
sealed record Frozen
{
    public required string Study { get; init; }

    public required int Epochs { get; init; }

    public long? Rows { get; init; }

    public required int Validation { get; init; }

    /// <summary>The fraction at which settings were tried.</summary>
    public required double TunedAt { get; init; }

    /// <summary>Of the tuning runs; none of the final ones has it.</summary>
    public required int TuningSeed { get; init; }

    /// <summary>Settings tried for each method.</summary>
    public required int Budget { get; init; }

    public required IReadOnlyList<int> Seeds { get; init; }

    public required IReadOnlyList<double> Fractions { get; init; }

    public required SortedDictionary<string, Chosen> Methods { get; init; }

    static readonly JsonSerializerOptions indented = new(JsonSerializerOptions.Web) { WriteIndented = true };

    public static Frozen Load(string path) => File.Exists(path)
        ? JsonSerializer.Deserialize<Frozen>(File.ReadAllText(path), indented) ?? throw new InvalidDataException($"'{path}' is empty.")
        : throw new FileNotFoundException($"There are no settings at '{path}': 'tune' writes them.", path);

    public void Save(string path) => RunResult.Whole(path, JsonSerializer.Serialize(this, indented) + "\n");
}

/// <summary>The setting that did best on the validation rows.</summary>
/// <param name="Setting">Its values.</param>
/// <param name="ValidationAccuracy">Of its run.</param>
/// <param name="Tried">How many were tried, which is less than the budget only where a method has no more.</param>
sealed record Chosen(SortedDictionary<string, double> Setting, double ValidationAccuracy, int Tried);
