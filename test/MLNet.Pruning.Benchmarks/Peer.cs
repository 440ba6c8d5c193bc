using System.Diagnostics;
using System.Globalization;

namespace MLNet.Pruning.Benchmarks;

/// <summary>A program in another language that measures when told to: a line in, a number out.</summary>
sealed class Peer : IDisposable
{
    readonly Process process;

    Peer(Process process) => this.process = process;

    /// <summary>Starts a peer, or says why not and gives null.</summary>
    public static Peer? Start(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true };
        try
        {
            var peer = new Peer(Process.Start(start)!);
            var hello = peer.process.StandardOutput.ReadLine();
            if (hello == "ready")
                return peer;
            peer.Dispose();
        }
        catch (System.ComponentModel.Win32Exception)
        {
        }
        Console.Error.WriteLine($"SKIPPED: {string.Join(' ', arguments.Prepend(program))} does not run here.");
        return null;
    }

    public static Peer? Python(string script, params string[] arguments) =>
        Start(Environment.GetEnvironmentVariable("PYTHON") ?? "/usr/bin/python3", [Path.Combine(AppContext.BaseDirectory, "peers", script), .. arguments]);

    public double Ask(string question)
    {
        process.StandardInput.WriteLine(question);
        process.StandardInput.Flush();
        var answer = process.StandardOutput.ReadLine() ?? throw new InvalidOperationException($"The peer ended at '{question}'.");
        return double.Parse(answer, CultureInfo.InvariantCulture);
    }

    /// <summary>Waits until the peer uses no processor: the threads of its BLAS go on spinning for a tenth of a second after their work.</summary>
    public void AwaitRest()
    {
        for (var i = 0; i < 40; i++)
        {
            process.Refresh();
            var before = process.TotalProcessorTime;
            Thread.Sleep(50);
            process.Refresh();
            if (process.TotalProcessorTime == before)
                return;
        }
    }

    public void Dispose()
    {
        process.StandardInput.Close();
        process.WaitForExit();
        process.Dispose();
    }
}
