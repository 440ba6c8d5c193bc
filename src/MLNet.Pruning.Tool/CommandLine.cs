using System.CommandLine;
using System.CommandLine.Invocation;
using MLNet.Pruning.Tool.Commands;

namespace MLNet.Pruning.Tool;

/// <summary>The commands of mlprune.</summary>
internal static class CommandLine
{
    static readonly Option<bool> stackTrace = new(Errors.StackTrace)
    {
        Description = "Show the stack trace of an error.",
        Recursive = true,
    };

    internal static RootCommand Root() => new("MLNet.Pruning: trains TorchSharp models through ML.NET.")
    {
        stackTrace,
        QuickstartCommand.Create(),
        NewCommand.Create(),
        TrainCommand.Create(),
        SweepCommand.Create(),
        CompareCommand.Create(),
        EvaluateCommand.Create(),
        PredictCommand.Create(),
        ReportCommand.Create(),
        InspectCommand.Create(),
        ExportCommand.Create(),
        CodeCommand.Create(),
        SchemaCommand.Create(),
        CompletionCommand.Create(),
        InfoCommand.Create(),
    };

    /// <summary>Runs a command.</summary>
    /// <returns>The exit code: 0, 1 after an error, or 130 if it was stopped.</returns>
    internal static Task<int> RunAsync(string[] args, CancellationToken cancellation = default)
    {
        // Who says nothing wants to know what there is to say.
        var parsed = Root().Parse(args.Length == 0 ? ["--help"] : args);
        if (parsed.Action is ParseErrorAction mistake)
            mistake.ShowHelp = false;
        else
            Errors.ShowStackTrace = parsed.GetValue(stackTrace);
        return parsed.InvokeAsync(cancellationToken: cancellation);
    }
}
