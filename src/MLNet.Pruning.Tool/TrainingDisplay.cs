using System.Globalization;
using System.Text.Json;
using Spectre.Console;
using static MLNet.Pruning.Reporting.Text.Numbers;

namespace MLNet.Pruning.Tool;

/// <summary>How progress is shown.</summary>
internal enum ProgressStyle
{
    /// <summary>A moving bar on a terminal, a line for each epoch elsewhere.</summary>
    Automatic,

    /// <summary>A moving bar on a terminal, nothing elsewhere.</summary>
    BarOnly,

    /// <summary>An object in JSON for each epoch.</summary>
    Json,

    /// <summary>Not at all.</summary>
    None,
}

/// <summary>Shows the progress of a training run.</summary>
internal sealed class TrainingDisplay(int epochs, ProgressStyle style = ProgressStyle.BarOnly) : IProgress<TrainingProgress>, IDisposable
{
    const int Width = 20;

    // Moves to the start of the line and clears it.
    const string Clear = "\r\u001b[K";

    readonly bool live = style is not (ProgressStyle.Json or ProgressStyle.None) && AnsiConsole.Profile.Capabilities.Interactive
        && AnsiConsole.Profile.Capabilities.Ansi;
    readonly long began = TimeProvider.System.GetTimestamp();
    double? doneAtFirst;
    bool drawn;

    public void Report(TrainingProgress value)
    {
        double part = value.Steps is { } steps and > 0 ? (double)value.Step / steps : 0;
        double done = value.Finished is null ? (value.Epoch - 1 + part) / epochs : (double)value.Epoch / epochs;
        if (live)
            Draw(value, done);
        else if (value.Finished is { } epoch && style == ProgressStyle.Json)
            Console.WriteLine(JsonSerializer.Serialize(new
            {
                epoch = epoch.Epoch,
                epochs,
                loss = epoch.Loss,
                accuracy = epoch.Accuracy,
                validationLoss = epoch.ValidationLoss,
                validationAccuracy = epoch.ValidationAccuracy,
                learningRate = epoch.LearningRate,
                seconds = epoch.Seconds,
                rowsPerSecond = epoch.RowsPerSecond,
                parameters = epoch.Parameters,
                inactive = Inactive(value),
            }, Output.Json));
        else if (value.Finished is { } finished && style == ProgressStyle.Automatic)
            Console.WriteLine(string.Join("  ", Line(value, finished).Where(piece => piece.Length > 0)));
    }

    /// <summary>The fraction of the weights that masks leave out; null without masks.</summary>
    static double? Inactive(TrainingProgress value) =>
        value.LastEvent is { Weights: { } weights and > 0, WeightsOn: { } active } ? 1 - ((double)active / weights) : null;

    /// <summary>What pruning has done so far, in words.</summary>
    static string Pruned(TrainingProgress value) => Inactive(value) is { } inactive ? $"{Percent(inactive)} inactive"
        : value.Parameters < value.ParametersAtStart ? $"{Percent((double)value.Parameters / value.ParametersAtStart)} of parameters left"
            : "";

    static string[] Line(TrainingProgress value, EpochRecord epoch) =>
    [
        $"epoch {epoch.Epoch,3}/{value.Epochs}",
        $"loss {Fixed(epoch.Loss)}",
        epoch.Accuracy is { } accuracy ? $"accuracy {Percent(accuracy)}" : "",
        epoch.ValidationLoss is { } loss ? $"validation loss {Fixed(loss)}" : "",
        epoch.ValidationAccuracy is { } validation ? $"validation accuracy {Percent(validation)}" : "",
        $"{Count(epoch.Parameters)} parameters",
        Pruned(value),
        Duration(epoch.Seconds),
    ];

    void Draw(TrainingProgress value, double done)
    {
        doneAtFirst ??= done;
        int filled = (int)Math.Round(done * Width);
        double passed = TimeProvider.System.GetElapsedTime(began).TotalSeconds;
        string left = done > doneAtFirst + 0.01 ? $"  {Remaining(passed * (1 - done) / (done - doneAtFirst.Value))} left" : "";
        string pruned = Pruned(value);
        string[] parts =
        [
            string.Create(CultureInfo.InvariantCulture,
                $"epoch {value.Epoch,3}/{epochs} [{new string('#', filled)}{new string('.', Width - filled)}] {done * 100,3:F0} %"),
            left,
            $"  loss {Fixed(value.Loss)}",
            value.Accuracy is { } accuracy ? $"  accuracy {Percent(accuracy)}" : "",
            pruned.Length > 0 ? $"  {pruned}" : "",
            $"  {Count(value.RowsPerSecond)} rows/s",
        ];
        // Parts that do not fit are left out whole; some room stays for the ^C that a terminal echoes.
        string line = "";
        foreach (string piece in parts.TakeWhile(p => line.Length + p.Length < AnsiConsole.Profile.Width - 4))
            line += piece;
        Console.Write(Clear + line);
        drawn = true;
    }

    static string Remaining(double seconds) => seconds < 60 ? string.Create(CultureInfo.InvariantCulture, $"{seconds:F0} s")
        : TimeSpan.FromSeconds(seconds).ToString(seconds < 3600 ? @"m\:ss" : @"h\:mm\:ss", CultureInfo.InvariantCulture);

    public void Dispose()
    {
        if (drawn)
            Console.Write(Clear);
        drawn = false;
    }
}
