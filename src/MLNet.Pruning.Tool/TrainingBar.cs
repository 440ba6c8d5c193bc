using Spectre.Console;

namespace MLNet.Pruning.Tool;

/// <summary>Shows the progress of a training run: a moving bar on a terminal, otherwise only the table at the end.</summary>
internal sealed class TrainingBar : IProgress<TrainingProgress>, IDisposable
{
    const int Width = 24;

    // Moves to the start of the line and clears it.
    const string Clear = "\r\u001b[K";

    readonly bool live = AnsiConsole.Profile.Capabilities.Interactive && AnsiConsole.Profile.Capabilities.Ansi;
    readonly int epochs;
    bool drawn;

    internal TrainingBar(int epochs) => this.epochs = epochs;

    public void Report(TrainingProgress value)
    {
        if (!live)
            return;
        var part = value.Steps is { } steps and > 0 ? (double)value.Step / steps : 0;
        var done = value.Finished is null ? (value.Epoch - 1 + part) / epochs : (double)value.Epoch / epochs;
        var filled = (int)Math.Round(done * Width);
        string[] parts =
        [
            $"epoch {value.Epoch,3}/{epochs} [{new string('#', filled)}{new string('.', Width - filled)}] {done * 100,3:F0} %",
            $"  loss {value.Loss:F4}",
            value.Accuracy is { } accuracy ? $"  accuracy {accuracy * 100:F2} %" : "",
            $"  {value.RowsPerSecond:N0} rows/s",
        ];
        // Parts that do not fit are left out whole; some room stays for the ^C that a terminal echoes.
        var line = "";
        foreach (var piece in parts.TakeWhile(p => line.Length + p.Length < AnsiConsole.Profile.Width - 4))
            line += piece;
        Console.Write(Clear + line);
        drawn = true;
    }

    public void Dispose()
    {
        if (drawn)
            Console.Write(Clear);
        drawn = false;
    }
}
