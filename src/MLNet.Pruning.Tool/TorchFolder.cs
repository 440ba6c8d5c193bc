using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using MLNet.Pruning.Native;

namespace MLNet.Pruning.Tool;

/// <summary>
/// Where the installed tool finds LibTorch. Its package has none, which would make it 130 MB larger for Linux alone: it uses the package
/// of LibTorch that a project would, and fetches that by NuGet if it is not on the machine.
/// </summary>
internal static class TorchFolder
{
    internal const string Variable = "MLPRUNE_LIBTORCH";

    static readonly string version = typeof(TorchFolder).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(entry => entry.Key == "LibTorchVersion").Value!;

    // The platforms that TorchSharp has a library for.
    static readonly string? platform = (RuntimeInformation.OSArchitecture, OperatingSystem.IsLinux(), OperatingSystem.IsWindows()) switch
    {
        (Architecture.X64, true, _) => "linux-x64",
        (Architecture.X64, _, true) => "win-x64",
        (Architecture.Arm64, _, true) => "win-arm64",
        (Architecture.Arm64, false, false) when OperatingSystem.IsMacOS() => "osx-arm64",
        _ => null,
    };

    static string Package => $"libtorch-cpu-{platform}";

    /// <summary>What to say of a LibTorch that is not there.</summary>
    internal static string Absence => platform == null ? Unsupported : "not on this machine yet; the first command that trains fetches it";

    static string Unsupported =>
        $"TorchSharp does not support {RuntimeInformation.RuntimeIdentifier}: models can be scored here, but not trained";

    /// <summary>The folder with LibTorch, fetched if need be.</summary>
    internal static string? Find()
    {
        if (platform == null)
            throw new PlatformNotSupportedException(Unsupported + ".");
        return Present() ?? Fetch().Select(Within).FirstOrDefault(folder => folder != null)
            ?? throw new DllNotFoundException($"{Package} {version} has no {LibTorch.FileName}.");
    }

    /// <summary>The folder with LibTorch, if it is on the machine.</summary>
    internal static string? Present()
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named)
            return File.Exists(Path.Combine(named, LibTorch.FileName)) ? named
                : throw new DllNotFoundException($"{Variable} is '{named}', where there is no {LibTorch.FileName}.");
        return Within(Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } packages ? packages
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages"));
    }

    static string? Within(string packages)
    {
        var folder = Path.Combine(packages, Package, version, "runtimes", platform ?? "", "native");
        return File.Exists(Path.Combine(folder, LibTorch.FileName)) ? folder : null;
    }

    /// <summary>Restores a project that has the package, with the feeds of the current folder. Gives NuGet's folders of packages.</summary>
    static IEnumerable<string> Fetch()
    {
        Console.Error.WriteLine($"Fetching LibTorch, once: the package {Package} {version}, about 100 MB.");
        var folder = Directory.CreateTempSubdirectory("mlprune-");
        try
        {
            var project = Path.Combine(folder.FullName, "libtorch.csproj");
            File.WriteAllText(project, $"""
                <Project Sdk="Microsoft.NET.Sdk">
                  <PropertyGroup><TargetFramework>net10.0</TargetFramework></PropertyGroup>
                  <ItemGroup><PackageDownload Include="{Package}" Version="[{version}]" /></ItemGroup>
                </Project>
                """);
            Restore(project);
            var assets = JsonNode.Parse(File.ReadAllText(Path.Combine(folder.FullName, "obj", "project.assets.json")))!;
            return assets["packageFolders"]!.AsObject().Select(entry => entry.Key);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    static void Restore(string project)
    {
        // The dotnet that runs this tool.
        var dotnet = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "dotnet"));
        var start = new ProcessStartInfo(dotnet,
            ["restore", project, "--nologo", "-nodeReuse:false", $"-p:RestoreRootConfigDirectory={Environment.CurrentDirectory}"])
        {
            RedirectStandardOutput = true,
            UseShellExecute = false,
            Environment = { ["DOTNET_CLI_UI_LANGUAGE"] = "en" }, // Reason reads it
        };
        string[] lines;
        int code;
        try
        {
            using var process = Process.Start(start)!;
            lines = process.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.TrimEntries);
            process.WaitForExit();
            code = process.ExitCode;
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            (lines, code) = ([e.Message], 1);
        }
        if (code != 0)
            throw new DllNotFoundException($"LibTorch could not be fetched: {Reason(lines)} "
                + $"If it is elsewhere on this machine, name its folder in {Variable}: the one that has {LibTorch.FileName}, "
                + $"such as runtimes/{platform}/native of the package {Package} {version}.");
    }

    // NuGet's first error, without the project's name.
    static string Reason(string[] lines)
    {
        const string Mark = ": error ";
        var line = lines.FirstOrDefault(line => line.Contains(Mark, StringComparison.Ordinal)) ?? lines[^1];
        return line.Contains(Mark, StringComparison.Ordinal) ? line[(line.IndexOf(Mark, StringComparison.Ordinal) + Mark.Length)..] : line;
    }
}
