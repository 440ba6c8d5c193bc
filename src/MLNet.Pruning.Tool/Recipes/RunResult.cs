using System.Globalization;
using static MLNet.Pruning.Reporting.Text.Numbers;

namespace MLNet.Pruning.Tool.Recipes;

/// <summary>What came of a run: a line of result.json.</summary>
internal sealed record RunResult
{
    public required string Recipe { get; init; }

    public required IReadOnlyList<string> Settings { get; init; }

    public required string Folder { get; init; }

    public required LearnedTask Task { get; init; }

    /// <summary>Metrics on the test set, the most important first; empty without one.</summary>
    public required Dictionary<string, double> Test { get; init; }

    /// <summary>The last epoch's, or the best one's, that the model is of.</summary>
    public double? ValidationAccuracy { get; init; }

    public double? ValidationLoss { get; init; }

    public required int Seed { get; init; }

    public required int Epochs { get; init; }

    /// <summary>Why the run ended before its last epoch.</summary>
    public string? Stopped { get; init; }

    /// <summary>Seconds of training.</summary>
    public required double Seconds { get; init; }

    public required long ParametersAtStart { get; init; }

    public required long Parameters { get; init; }

    /// <summary>The fraction of the weights that masks leave out; null without masks.</summary>
    public double? Inactive { get; init; }

    /// <summary>Bytes of model.zip.</summary>
    public required long FileBytes { get; init; }

    /// <summary>Seconds for one row on one thread of this machine; null if it was not measured.</summary>
    public double? Latency { get; init; }

    /// <summary>Rows per second in batches on one thread.</summary>
    public double? RowsPerSecond { get; init; }

    internal static RunResult Of(string recipe, IReadOnlyList<string> settings, string folder, LearnedTask task,
        Dictionary<string, double> test, TrainingHistory history, string file)
    {
        var epoch = history.BestEpoch is { } best ? history.Epochs.First(one => one.Epoch == best) : history.Epochs.LastOrDefault();
        var masks = history.Events.LastOrDefault(one => one.Weights is > 0);
        var speed = history.ScoringSpeed;
        return new()
        {
            Recipe = recipe,
            Settings = settings,
            Folder = folder,
            Task = task,
            Test = test,
            ValidationAccuracy = epoch?.ValidationAccuracy,
            ValidationLoss = epoch?.ValidationLoss,
            Seed = history.Seed,
            Epochs = history.Epochs.Count,
            Stopped = history.Stopped,
            Seconds = history.Epochs.Sum(one => one.Seconds),
            ParametersAtStart = history.ParametersAtStart,
            Parameters = epoch?.Parameters ?? history.ParametersAtStart,
            Inactive = masks is { Weights: { } weights, WeightsOn: { } active } ? 1 - ((double)active / weights) : null,
            FileBytes = new FileInfo(file).Length,
            Latency = speed?.Latency,
            RowsPerSecond = speed?.RowsPerSecond,
        };
    }

    /// <summary>The result in words.</summary>
    internal IReadOnlyList<(string Name, string Value)> Facts() =>
    [
        .. Test.Select(metric => ($"test {Words(metric.Key)}", Text(metric.Key, metric.Value))),
        .. ValidationAccuracy is { } accuracy ? [("validation accuracy", Percent(accuracy))] : Array.Empty<(string, string)>(),
        ("parameters", ParametersAtStart == Parameters ? Count(Parameters)
            : $"{Count(ParametersAtStart)} -> {Count(Parameters)} ({Percent((double)Parameters / ParametersAtStart)})"),
        .. Inactive is { } inactive ? [("inactive weights", Percent(inactive))] : Array.Empty<(string, string)>(),
        ("training", $"{Duration(Seconds)}, {Epochs} epoch{(Epochs == 1 ? "" : "s")}{(Stopped is { } why ? $" ({why})" : "")}, seed "
            + $"{Seed}"),
        .. Latency is { } latency ? [("one row", $"{Duration(latency)} on one thread")] : Array.Empty<(string, string)>(),
        .. RowsPerSecond is { } speed ? [("batches", $"{Count(speed)} rows/s on one thread")] : Array.Empty<(string, string)>(),
        ("model file", Bytes(FileBytes)),
    ];

    /// <summary>What is known of a run beside the metrics of its test set.</summary>
    internal static IReadOnlyList<string> FigureNames { get; } = ["validationAccuracy", "validationLoss", "parameters", "inactive",
        "latency", "rowsPerSecond", "fileBytes", "epochs", "seconds"];

    /// <summary>All figures by their names, those of the test set first; null for what was not measured.</summary>
    internal IEnumerable<(string Name, double? Value)> Figures() => Test.Select(metric => (metric.Key, (double?)metric.Value))
        .Concat(FigureNames.Zip((double?[])[ValidationAccuracy, ValidationLoss, Parameters, Inactive, Latency, RowsPerSecond, FileBytes,
            Epochs, Seconds]));

    /// <summary>Figures of which the larger is the better one; of all others it is the smaller one.</summary>
    internal static bool IsLargerBetter(string figure) => figure is "accuracy" or "macroAccuracy" or "areaUnderRocCurve" or "f1Score"
        or "rSquared" or "validationAccuracy" or "inactive" or "rowsPerSecond";

    /// <summary>A metric in words: accuracies in percent.</summary>
    internal static string Text(string metric, double value) => metric switch
    {
        "inactive" => Percent(value),
        "parameters" or "rowsPerSecond" or "epochs" => Count(value),
        "latency" or "seconds" => Duration(value),
        "fileBytes" => Bytes((long)value),
        _ => metric.EndsWith("ccuracy", StringComparison.Ordinal) ? Percent(value) : value.ToString("G5", CultureInfo.InvariantCulture),
    };

    /// <summary>A name in camel case as words: <c>rSquared</c> as "r squared".</summary>
    internal static string Words(string name) => string.Concat(name.Select(letter => char.IsUpper(letter)
        ? $" {char.ToLowerInvariant(letter)}" : $"{letter}"));
}
