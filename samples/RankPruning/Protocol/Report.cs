using System.Text;
using MLNet.Pruning.Reporting.Text;
using static System.FormattableString;

namespace MLNet.Pruning.Samples.RankPruning.Protocol;

/// <summary>The tables of a study: accuracy by fraction, differences from random pruning by seed, all figures of every method.</summary>
static class Report
{
    const string Control = "random";

    public static void Write(string folder, Study study, Frozen frozen, IReadOnlyList<RunResult> results)
    {
        var text = new StringBuilder();
        text.Append(Invariant($"{study.Name}: {study.Network}, {frozen.Epochs} epochs, seeds {string.Join(", ", frozen.Seeds)}. "))
            .Append(Invariant($"{frozen.Validation} validation rows; {frozen.Budget} settings a method, tried at "))
            .Append(Invariant($"{100 * frozen.TunedAt:0} % with seed {frozen.TuningSeed}.\n\n"))
            .Append("Test accuracy, mean and standard deviation over seeds\n\n");
        text.Append(ByFraction(frozen, results, cell => Spread([.. cell.Select(r => r.TestAccuracy!.Value)])));
        text.Append("\nTest accuracy minus that of random pruning, seed by seed: mean and its standard error\n\n");
        text.Append(ByFraction(frozen, results, cell => Difference(cell, results)));
        text.Append("\nEvery method, at each fraction\n\n").Append(Everything(study, frozen, results));
        Directory.CreateDirectory(folder);
        RunResult.Whole(Path.Combine(folder, $"{study.Name}.txt"), text.ToString());
        RunResult.Whole(Path.Combine(folder, $"{study.Name}.csv"), Csv(results));
        Console.Write(text);
        Console.WriteLine(Invariant($"\n{study.Name}.txt, {study.Name}.csv and a file for each run are in {Path.GetFullPath(folder)}."));
    }

    static TextTable ByFraction(Frozen frozen, IReadOnlyList<RunResult> results, Func<RunResult[], string> cell)
    {
        var table = new TextTable(["method", .. frozen.Fractions.Select(f => Invariant($"{100 * f:0} %#"))]);
        foreach (var method in Entrant.All.Select(e => e.Name).Where(name => results.Any(r => r.Plan.Method == name)))
        {
            var own = results.Where(r => r.Plan.Method == method).ToArray();
            table.Add([method, .. frozen.Fractions.Select((f, i) =>
                own.Where(r => r.Plan.Fraction == f || (r.Plan.Fraction == 0 && i == 0)).ToArray() is { Length: > 0 } some
                    ? cell(some) : "")]);
        }
        return table;
    }

    static string Difference(RunResult[] cell, IReadOnlyList<RunResult> results)
    {
        double[] differences = [.. from one in cell
                                   let other = results.FirstOrDefault(r => r.Plan.Method == Control && r.Plan.Seed == one.Plan.Seed
                                       && r.Plan.Fraction == one.Plan.Fraction)
                                   where other is not null
                                   select one.TestAccuracy!.Value - other.TestAccuracy!.Value];
        if (differences.Length == 0 || cell[0].Plan.Method == Control)
            return "";
        var (mean, deviation) = Moments(differences);
        return Invariant($"{mean:+0.0000;-0.0000}") + (double.IsNaN(deviation) ? ""
            : Invariant($" +-{deviation / Math.Sqrt(differences.Length):F4}"));
    }

    static TextTable Everything(Study study, Frozen frozen, IReadOnlyList<RunResult> results)
    {
        var table = new TextTable("method", "at#", "pruned#", "of", "epochs#", "training, running#", "training, after#", "validation#",
            "test#", "settings tried#", "the paper's figure", "what it is");
        foreach (var group in results.GroupBy(r => (r.Plan.Method, r.Plan.Fraction)))
        {
            var runs = group.ToArray();
            table.Add(group.Key.Method, Invariant($"{100 * group.Key.Fraction:0} %"),
                Invariant($"{100 * runs.Average(r => r.Pruned):0.0} %"),
                runs[0].Unit, Invariant($"{runs.Average(r => r.EpochsSeen):0}"), Spread([.. runs.Select(r => r.RunningTrainAccuracy)]),
                Spread([.. runs.Select(r => r.TrainAccuracy)]), Spread([.. runs.Select(r => r.ValidationAccuracy)]),
                Spread([.. runs.Select(r => r.TestAccuracy!.Value)]), Invariant($"{frozen.Methods[group.Key.Method].Tried}"),
                study.Paper.GetValueOrDefault(group.Key.Method, "-"), Entrant.All.Single(e => e.Name == group.Key.Method).Paper);
        }
        return table;
    }

    static string Csv(IReadOnlyList<RunResult> results)
    {
        var csv = new StringBuilder("method,fraction,seed,pruned,unit,epochs,train_running,train_after,validation,test,")
            .Append("parameters,seconds\n");
        foreach (var r in results)
            csv.Append(Invariant($"{r.Plan.Method},{r.Plan.Fraction},{r.Plan.Seed},{r.Pruned:R},{r.Unit},{r.EpochsSeen},"))
                .Append(Invariant($"{r.RunningTrainAccuracy:R},{r.TrainAccuracy:R},{r.ValidationAccuracy:R},{r.TestAccuracy:R},"))
                .Append(Invariant($"{r.Parameters},{r.Seconds:0.0}\n"));
        return csv.ToString();
    }

    static string Spread(double[] values)
    {
        var (mean, deviation) = Moments(values);
        return Invariant($"{mean:F4}") + (double.IsNaN(deviation) ? "" : Invariant($" +-{deviation:F4}"));
    }

    static (double Mean, double Deviation) Moments(double[] values)
    {
        var mean = values.Average();
        return (mean, values.Length > 1 ? Math.Sqrt(values.Sum(v => (v - mean) * (v - mean)) / (values.Length - 1)) : double.NaN);
    }
}
