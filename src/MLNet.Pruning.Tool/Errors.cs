using System.Runtime.InteropServices;
using Spectre.Console;

namespace MLNet.Pruning.Tool;

/// <summary>Turns what a command throws into one line for a person and an exit code.</summary>
internal static class Errors
{
    const int Failed = 1, Interrupted = 130;

    /// <summary>Runs the command; 0 when it ends well.</summary>
    internal static Task<int> Guard(Action command)
    {
        try
        {
            command();
            return Task.FromResult(0);
        }
        catch (OperationCanceledException)
        {
            AnsiConsole.MarkupLine("[yellow]Stopped.[/] Nothing was left half-written.");
            return Task.FromResult(Interrupted);
        }
        catch (Exception e) when (Expected(e) is { } expected)
        {
            Console.Error.WriteLine($"error: {expected.Message}");
            return Task.FromResult(Failed);
        }
    }

    // What input and machine can cause; anything else is a mistake of ours and keeps its stack trace.
    static Exception? Expected(Exception e) => e switch
    {
        IOException or InvalidDataException or UnauthorizedAccessException or ArgumentException or DllNotFoundException or ExternalException or NotSupportedException or FormatException or InvalidOperationException or TrainingDivergedException => e,
        TypeInitializationException or AggregateException or System.Reflection.TargetInvocationException when e.InnerException is { } inner => Expected(inner),
        _ => null,
    };
}
