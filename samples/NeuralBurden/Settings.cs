namespace MLNet.Pruning.Samples.NeuralBurden;

/// <summary>The size of a study.</summary>
enum StudySize
{
    Small,
    Medium,
    Full,
}

/// <summary>The options of the command line.</summary>
sealed record Settings
{
    public string? Data { get; init; }

    public bool Download { get; init; }

    public StudySize Size { get; init; } = StudySize.Small;

    public int? Rows { get; init; }

    public int? Epochs { get; init; }

    public int? Seeds { get; init; }

    public IReadOnlyList<double> Sparsities { get; init; } = [];

    public double? Study { get; init; }

    public IReadOnlyList<bool> Merging { get; init; } = [false, true];

    public Reactivation Reactivation { get; init; } = Reactivation.Persistent;

    public double Fading { get; init; }

    public string Device { get; init; } = "cpu";

    public string Output { get; init; } = "";

    public CancellationToken Cancellation { get; init; }
}
