using System.CommandLine;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using Spectre.Console;
using TorchSharp;

namespace MLNet.Pruning.Tool.Commands;

/// <summary><c>mlprune info</c>: what this build stands on and what the machine offers.</summary>
internal static class InfoCommand
{
    internal static Command Create()
    {
        var command = new Command("info", "Print the stack this build stands on, the versions and the devices.");
        command.SetAction(_ => Print());
        return command;
    }

    static void Print()
    {
        var assembly = typeof(InfoCommand).Assembly;
        var rows = new Grid().AddColumn(new GridColumn().NoWrap().PadLeft(2).PadRight(3)).AddColumn();
        rows.AddRow("mlprune", assembly.GetName().Version!.ToString(3));
        rows.AddRow("stack", Stack(assembly));
        rows.AddRow("LibTorch", Markup.Escape(LibTorch()));
        rows.AddRow(".NET", Environment.Version.ToString());
        rows.AddRow("processor", $"{Environment.ProcessorCount} cores, {RuntimeInformation.ProcessArchitecture}, {VectorUnit()}");
        rows.AddRow("CUDA", Cuda());
        AnsiConsole.Write(rows);
    }

    static string Stack(Assembly assembly)
    {
        var stack = assembly.GetCustomAttributes<AssemblyMetadataAttribute>().First(a => a.Key == "Stack").Value!;
        return stack == "Offline"
            ? "Offline (src/Offline, source-compatible with Microsoft.ML and TorchSharp, on the machine's own LibTorch)"
            : "NuGet (the packages Microsoft.ML and TorchSharp)";
    }

    static string LibTorch()
    {
        try
        {
            return torch.__version__;
        }
        catch (Exception e) when (e is DllNotFoundException or NotSupportedException or TypeInitializationException)
        {
            return $"not loaded: {(e.InnerException ?? e).Message}";
        }
    }

    static string Cuda()
    {
        try
        {
            return torch.cuda.is_available() ? $"{torch.cuda.device_count()} device(s)" : "none";
        }
        catch (Exception e) when (e is DllNotFoundException or NotSupportedException or TypeInitializationException)
        {
            return "unknown";
        }
    }

    static string VectorUnit() => Avx512F.IsSupported ? "AVX-512" : Avx2.IsSupported ? "AVX2" : System.Numerics.Vector.IsHardwareAccelerated ? "SIMD" : "no SIMD";
}
