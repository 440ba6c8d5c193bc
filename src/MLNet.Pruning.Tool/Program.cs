using System.CommandLine;
using System.CommandLine.Invocation;
using System.Reflection;
using System.Runtime.InteropServices;
using MLNet.Pruning;
using MLNet.Pruning.Native;
using MLNet.Pruning.Tool;
using MLNet.Pruning.Tool.Commands;
using Spectre.Console;

LibTorch.Elsewhere = TorchFolder.Find;

// Files and pipes get plain text.
if (Console.IsOutputRedirected)
    AnsiConsole.Profile.Capabilities.Ansi = false;

var stackTrace = new Option<bool>(Errors.StackTrace) { Description = "Show the stack trace of an error.", Recursive = true };
var root = new RootCommand("MLNet.Pruning: trains TorchSharp models through ML.NET.")
{
    stackTrace,
    QuickstartCommand.Create(),
    NewCommand.Create(),
    TrainCommand.Create(),
    EvaluateCommand.Create(),
    PredictCommand.Create(),
    ReportCommand.Create(),
    InspectCommand.Create(),
    ExportCommand.Create(),
    CodeCommand.Create(),
    SchemaCommand.Create(),
    InfoCommand.Create(),
};
// Who says nothing wants to know what there is to say.
var parsed = root.Parse(args.Length == 0 ? ["--help"] : args);
if (parsed.Action is ParseErrorAction mistake)
    mistake.ShowHelp = false;
else
    Errors.ShowStackTrace = parsed.GetValue(stackTrace);
return await parsed.InvokeAsync();

/// <summary>A run was stopped; the message says how to go on with it.</summary>
internal sealed class RunStoppedException(string how) : OperationCanceledException(how);

/// <summary>Turns exceptions of a command into one line for the user and an exit code.</summary>
internal static class Errors
{
    internal const string StackTrace = "--stack-trace";

    const int Failed = 1, Interrupted = 130;

    internal static bool ShowStackTrace { get; set; }

    /// <summary>Runs the command; 0 if it succeeds.</summary>
    internal static Task<int> Guard(Action command)
    {
        try
        {
            command();
            return Task.FromResult(0);
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
            var line = Expected(e)?.Message ?? $"{e.GetType().Name}: {e.Message.Split('\n')[0].TrimEnd()} This is a bug of mlprune; "
                + $"{StackTrace} shows where.";
            Console.Error.WriteLine(ShowStackTrace ? e.ToString() : $"error: {line}");
            return Task.FromResult(Failed);
        }
    }

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
