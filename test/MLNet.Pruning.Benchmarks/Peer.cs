using System.Diagnostics;
using System.Globalization;

namespace MLNet.Pruning.Benchmarks;

/// <summary>Another process that measures when told to: a line in, a number out.</summary>
sealed class Peer : IDisposable
{
    static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(50), Patience = TimeSpan.FromSeconds(2);

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

    /// <summary>This program once more.</summary>
    public static Peer? Own(params string[] arguments)
    {
        var (host, program) = (Environment.ProcessPath!, Environment.GetCommandLineArgs()[0]);
        return Start(host, Path.GetFileNameWithoutExtension(host) == "dotnet" ? [program, .. arguments] : arguments);
    }

    public double Ask(string question)
    {
        process.StandardInput.WriteLine(question);
        process.StandardInput.Flush();
        var answer = process.StandardOutput.ReadLine() ?? throw new InvalidOperationException($"The peer ended at '{question}'.");
        return double.Parse(answer, CultureInfo.InvariantCulture);
    }

    /// <summary>
    /// Waits until the peer uses no processor: the threads of its BLAS go on spinning for a tenth of a second after their work. Waits busily,
    /// as the peer itself goes from one epoch to the next: after a sleep, a core is slow at first.
    /// </summary>
    public void AwaitRest()
    {
        var began = Stopwatch.GetTimestamp();
        for (var (used, since) = (TimeSpan.Zero, began); Stopwatch.GetElapsedTime(since) < Quiet && Stopwatch.GetElapsedTime(began) < Patience; Thread.SpinWait(100_000))
        {
            process.Refresh();
            if (process.TotalProcessorTime is var now && now != used)
                (used, since) = (now, Stopwatch.GetTimestamp());
        }
    }

    public void Dispose()
    {
        process.StandardInput.Close();
        process.WaitForExit();
        process.Dispose();
    }
}
