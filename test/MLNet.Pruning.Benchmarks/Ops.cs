using System.Diagnostics;
using static TorchSharp.torch;

namespace MLNet.Pruning.Benchmarks;

/// <summary>One small operator: adding 16 floats, with the result disposed of, in C#, C++ and Python.</summary>
static class Ops
{
    const int Calls = 200_000;

    public static void Run(string[] args)
    {
        set_num_threads(1);
        using var a = ones(16);
        using var b = ones(16);
        using var cpp = args.Length > 0 && args[0].Length > 0 ? Peer.Start(args[0]) : null;
        using var python = Peer.Python("ops.py");
        List<double> ours = [], inCpp = [], inPython = [];
        Add(a, b);
        for (var round = 0; round < 9; round++)
        {
            ours.Add(Add(a, b));
            if (cpp is not null)
                inCpp.Add(cpp.Ask("go"));
            if (python is not null)
                inPython.Add(python.Ask("go"));
        }
        Table.Title("Adding 16 floats, ns a call (median of 9 interleaved rounds)");
        Table.Row("C#", $"{Table.Median(ours):F0}");
        if (cpp is not null)
            Table.Row("C++", $"{Table.Median(inCpp):F0}", $"C# takes {Ratio(ours, inCpp):F2}x (wanted: at most 1.6x)");
        if (python is not null)
            Table.Row("Python", $"{Table.Median(inPython):F0}", $"C# takes {Ratio(ours, inPython):F2}x (wanted: below 1x)");
    }

    static double Ratio(List<double> ours, List<double> theirs) => Table.Median(ours.Zip(theirs, (a, b) => a / b));

    static double Add(Tensor a, Tensor b)
    {
        using var off = no_grad();
        var began = Stopwatch.GetTimestamp();
        for (var i = 0; i < Calls; i++)
            (a + b).Dispose();
        return Stopwatch.GetElapsedTime(began).TotalNanoseconds / Calls;
    }
}
