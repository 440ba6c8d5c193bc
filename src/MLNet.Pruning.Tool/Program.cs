using MLNet.Pruning.Native;
using MLNet.Pruning.Tool;
using Spectre.Console;

LibTorch.Elsewhere = TorchFolder.Find;

// Files and pipes get plain text.
if (Console.IsOutputRedirected)
    AnsiConsole.Profile.Capabilities.Ansi = false;
return await CommandLine.RunAsync(args);
