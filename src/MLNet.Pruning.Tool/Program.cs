using System.CommandLine;
using System.CommandLine.Invocation;
using MLNet.Pruning.Tool.Commands;
using Spectre.Console;

// A file or a pipe gets the words alone.
if (Console.IsOutputRedirected)
    AnsiConsole.Profile.Capabilities.Ansi = false;

var root = new RootCommand("MLNet.Pruning: trains TorchSharp models through ML.NET.")
{
    InfoCommand.Create(),
    QuickstartCommand.Create(),
    InspectCommand.Create(),
    ExportCommand.Create(),
};
var parsed = root.Parse(args);
if (parsed.Action is ParseErrorAction mistake)
    mistake.ShowHelp = false;
return await parsed.InvokeAsync();
