using MLNet.Pruning.Training;
using Spectre.Console;

namespace MLNet.Pruning.Tool;

/// <summary>The progress of a training run: a bar that moves on a terminal, nothing but the table afterwards elsewhere.</summary>
internal sealed class TrainingBar : IProgress<TrainingProgress>, IDisposable
{
    const int Width = 30;
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
        var accuracy = value.Accuracy is { } a ? $"  accuracy {a * 100,6:F2} %" : "";
        var line = $"epoch {value.Epoch,3}/{epochs} [{new string('#', filled)}{new string('.', Width - filled)}] {done * 100,3:F0} %  loss {value.Loss:F4}{accuracy}  {value.RowsPerSecond,9:N0} rows/s";
        var room = AnsiConsole.Profile.Width - 1;
        Console.Write("\r" + (line.Length > room ? line[..room] : line.PadRight(room)));
        drawn = true;
    }

    public void Dispose()
    {
        if (drawn)
            Console.Write("\r" + new string(' ', AnsiConsole.Profile.Width - 1) + "\r");
        drawn = false;
    }
}
