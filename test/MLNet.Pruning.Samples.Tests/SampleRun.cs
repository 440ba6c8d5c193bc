using System.Diagnostics;

namespace MLNet.Pruning.Tests.Samples;

/// <summary>A sample in a process of its own.</summary>
sealed record SampleRun(int ExitCode, string Output, string Error)
{
    public static SampleRun Of(string sample, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, sample + ".dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new(process.ExitCode, output, error.Result);
    }
}
