using System.Diagnostics;
using System.Text.Json;

namespace MLNet.Pruning.Tests;

/// <summary>Runs the scripts beside the tests, which compute the same things by other means.</summary>
static class Python
{
    public static string Run(string script, params object[] arguments)
    {
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("PYTHON") ?? "/usr/bin/python3") { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "Python", script));
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument.ToString()!);
        start.Environment["OMP_NUM_THREADS"] = "1";
        Process? process = null;
        try
        {
            process = Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Inconclusive("There is no python3 here to compare with.");
        }
        using (process)
        {
            var error = process!.StandardError.ReadToEndAsync();
            var output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            if (process.ExitCode != 0 && error.Result.Contains("No module named 'torch'", StringComparison.Ordinal))
                Assert.Inconclusive("There is no PyTorch here to compare with.");
            Assert.AreEqual(0, process.ExitCode, error.Result);
            return output;
        }
    }

    public static T Json<T>(string script, params object[] arguments) => JsonSerializer.Deserialize<T>(Run(script, arguments), JsonSerializerOptions.Web)!;
}
