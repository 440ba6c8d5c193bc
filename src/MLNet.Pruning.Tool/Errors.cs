using System.Reflection;
using System.Runtime.InteropServices;
using Spectre.Console;

namespace MLNet.Pruning.Tool;

/// <summary>A run was stopped; the message says how to go on with it.</summary>
internal sealed class RunStoppedException(string how) : OperationCanceledException(how);

/// <summary>Turns exceptions of a command into one line for the user and an exit code.</summary>
internal static class Errors
{
    internal const string StackTrace = "--stack-trace";

    const int Failed = 1, Interrupted = 130;

    internal static bool ShowStackTrace { get; set; }

    /// <summary>Runs the command; 0 if it succeeds.</summary>
    internal static Task<int> Guard(Action command) => Guard(() =>
    {
        command();
        return true;
    });

    /// <summary>Runs a command that may succeed only in part: then it has told what failed, and returns false.</summary>
    internal static Task<int> Guard(Func<bool> command)
    {
        try
        {
            return Task.FromResult(command() ? 0 : Failed);
        }
        catch (OperationCanceledException stop)
        {
            AnsiConsole.MarkupLine("[yellow]Stopped.[/] Nothing was left half-written.");
            if (stop is RunStoppedException { Message: var how })
                Console.WriteLine(how);
            return Task.FromResult(Interrupted);
        }
        catch (Exception e)
        {
            Console.Error.WriteLine(ShowStackTrace ? e.ToString() : $"error: {Line(e)}");
            return Task.FromResult(Failed);
        }
    }

    /// <summary>What happened, for the user.</summary>
    internal static string Line(Exception e) => Expected(e)?.Message
        ?? $"{e.GetType().Name}: {e.Message.Split('\n')[0].TrimEnd()} This is a bug of mlprune; {StackTrace} shows where.";

    // Failures that files, options and the machine can cause. Anything else is a bug.
    static Exception? Expected(Exception e) => e switch
    {
        IOException or InvalidDataException or UnauthorizedAccessException or ArgumentException or NotSupportedException => e,
        DllNotFoundException or ExternalException or TrainingDivergedException => e,
        // This library throws these for a missing LibTorch, GPU or memory, and ML.NET for a file that is not a model; from .NET they are
        // bugs.
        InvalidOperationException or FormatException when IsOfLibraries(e) => e,
        TypeInitializationException or AggregateException or TargetInvocationException when e.InnerException is { } own => Expected(own),
        _ => null,
    };

    static bool IsOfLibraries(Exception e) => e.Source is { } assembly
        && ((string[])["MLNet.Pruning", "Microsoft.ML"]).Any(name => assembly.StartsWith(name, StringComparison.Ordinal));
}
