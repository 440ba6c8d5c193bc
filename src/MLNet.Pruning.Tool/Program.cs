using System.CommandLine;
using MLNet.Pruning.Tool.Commands;
using Spectre.Console;

// A file or a pipe gets the words alone.
if (Console.IsOutputRedirected)
    AnsiConsole.Profile.Capabilities.Ansi = false;

var root = new RootCommand("Train-time pruning for ML.NET: trains models that get smaller while they learn.")
{
    InfoCommand.Create(),
    QuickstartCommand.Create(),
};
return await root.Parse(args).InvokeAsync();
