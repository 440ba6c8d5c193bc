namespace MLNet.Pruning.Samples.RankPruning;

/// <summary>The options of the command line.</summary>
sealed record Settings
{
    public string? Data { get; init; }

    public bool Download { get; init; }

    public long? Rows { get; init; }

    public int? Epochs { get; init; }

    public int? Maturity { get; init; }

    public int? Every { get; init; }

    public int? Seeds { get; init; }

    public double? Amount { get; init; }

    public double? Target { get; init; }

    public IReadOnlyList<string> Methods { get; init; } = [];

    public string Output { get; init; } = "";

    public CancellationToken Cancellation { get; init; }
}
