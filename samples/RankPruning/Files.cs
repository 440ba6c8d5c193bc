using System.Text;
using MLNet.Pruning.Reporting.Charts;
using static System.FormattableString;

namespace MLNet.Pruning.Samples.RankPruning;

/// <summary>Writes the results of an experiment: curves as CSV and SVG, histories as JSON.</summary>
static class Files
{
    /// <summary>One row per epoch of each run, and one row per event right after its epoch, for the troughs.</summary>
    public static void Curves(string folder, string name, IReadOnlyList<Outcome> runs, bool accuracy)
    {
        var csv = new StringBuilder("method,seed,epoch,after_event,train_loss,train_accuracy,test_loss,test_accuracy,parameters\n");
        foreach (var run in runs)
        {
            foreach (var epoch in run.History.Epochs)
            {
                csv.Append(Invariant($"{run.Method},{run.Seed},{epoch.Epoch},0,{epoch.Loss:R},{epoch.Accuracy:R},")
                    + Invariant($"{epoch.ValidationLoss:R},{epoch.ValidationAccuracy:R},{epoch.Parameters}\n"));
                foreach (var e in run.History.Events.Where(e => e.Epoch == epoch.Epoch))
                    csv.Append(Invariant($"{run.Method},{run.Seed},{epoch.Epoch},1,,,")
                        + Invariant($"{e.LossAfter:R},{e.AccuracyAfter:R},{e.ParametersAfter}\n"));
            }
            Write(folder, Invariant($"{name}-{run.Method}-{run.Seed}.json"), run.History.ToJson());
        }
        Write(folder, $"{name}.csv", csv.ToString());
        var first = runs.Where(r => r.Seed == runs[0].Seed).ToArray();
        var what = accuracy ? "accuracy" : "loss";
        var events = first.FirstOrDefault(r => r.History.Events.Count > 0)?.History.Events ?? [];
        var chart = new LineChart($"{name}: test {what}, with every trough and recovery", "epoch", $"test {what}")
        {
            WholeX = true,
            Width = 900,
            Height = 420,
            Series = [.. first.Select(r => new Series(r.Method, Points(r, accuracy), r.Method == "unpruned"))],
            Markers = [.. events.Select(e => new Marker(e.Epoch, Invariant($"{e.Groups.Sum(g => g.Before)} to ")
                + Invariant($"{e.Groups.Sum(g => g.After)} neurons")))],
        };
        Write(folder, $"{name}.svg", chart.ToSvg());
        Console.WriteLine(Invariant($"\n{name}.csv, {name}.svg and the histories are in {Path.GetFullPath(folder)}."));
    }

    static IReadOnlyList<(double, double)> Points(Outcome run, bool accuracy)
    {
        var points = new List<(double, double)>();
        foreach (var epoch in run.History.Epochs)
        {
            points.Add((epoch.Epoch, (accuracy ? epoch.ValidationAccuracy : epoch.ValidationLoss) ?? double.NaN));
            foreach (var e in run.History.Events.Where(e => e.Epoch == epoch.Epoch))
                points.Add((epoch.Epoch, (accuracy ? e.AccuracyAfter : e.LossAfter) ?? double.NaN));
        }
        return points;
    }

    static void Write(string folder, string name, string text)
    {
        var path = Path.Combine(folder, name);
        File.WriteAllText(path + ".part", text);
        File.Move(path + ".part", path, overwrite: true);
    }
}
