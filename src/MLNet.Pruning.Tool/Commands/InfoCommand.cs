using System.CommandLine;
using System.Runtime.InteropServices;
using MLNet.Pruning.Native;
using Microsoft.ML;
using Spectre.Console;
using TorchSharp;

namespace MLNet.Pruning.Tool.Commands;

/// <summary><c>mlprune info</c>: prints the versions in use and the abilities of the machine.</summary>
internal static class InfoCommand
{
    internal static Command Create()
    {
        var command = new Command("info", "Print versions, processor and devices.");
        command.SetAction((_, _) => Errors.Guard(Print));
        return command;
    }

    static void Print()
    {
        // Who asks what there is does not ask for more.
        LibTorch.Elsewhere = TorchFolder.Present;
        var assembly = typeof(InfoCommand).Assembly;
        var rows = new Grid().AddColumn(new GridColumn().NoWrap().PadLeft(2).PadRight(3)).AddColumn();
        rows.AddRow("mlprune", assembly.GetName().Version!.ToString(3));
        rows.AddRow("Microsoft.ML", TrainingEnvironment.VersionOf(typeof(MLContext).Assembly));
        rows.AddRow("TorchSharp", TrainingEnvironment.VersionOf(typeof(torch).Assembly));
        rows.AddRow("LibTorch", Markup.Escape(Torch(() => torch.NormalizeNuGetVersion(torch.__version__))));
        rows.AddRow(".NET", Environment.Version.ToString());
        rows.AddRow("processor",
            $"{Environment.ProcessorCount} cores, {RuntimeInformation.ProcessArchitecture}, {TrainingEnvironment.VectorUnit}");
        rows.AddRow("CUDA", Markup.Escape(Torch(Cuda)));
        AnsiConsole.Write(rows);
    }

    static string Torch(Func<string> ask)
    {
        try
        {
            LibTorch.Load();
            return ask();
        }
        catch (InvalidOperationException) when (TorchFolder.Present() == null)
        {
            return TorchFolder.Absence;
        }
        catch (InvalidOperationException e)
        {
            return e.Message;
        }
    }

    static string Cuda() => torch.cuda.is_available() ? $"{torch.cuda.device_count()} device(s)" : "none";
}
