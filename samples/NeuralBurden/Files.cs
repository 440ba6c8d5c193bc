using System.Text;
using MLNet.Pruning.Reporting.Burden;
using MLNet.Pruning.Reporting.Charts;
using MLNet.Pruning.Reporting.Text;
using static System.FormattableString;

namespace MLNet.Pruning.Samples.NeuralBurden;

/// <summary>Writes the results of a study: tables to the console, curves as CSV and SVG, everything as JSON and as one page.</summary>
static class Files
{
    public static void Write(string folder, string name, IReadOnlyList<(double Sparsity, BurdenResult Result)> results, double at)
    {
        var study = results.Single(r => r.Sparsity == at).Result;
        var sparsities = SparsityTable.Of(results);
        Console.WriteLine($"\nTest accuracy of dynamic pruning, mean and standard deviation over seeds\n\n{sparsities}");
        Console.WriteLine(Invariant($"Trainings at {100 * at:0.##} %\n\n{BurdenTables.Accuracy(study)}"));
        Write(folder, $"{name}.csv", Curves(results));
        Write(folder, $"{name}.json", study.ToJson());
        Write(folder, $"{name}-sparsity.svg", Chart(name, results).ToSvg());
        foreach (var merged in study.Runs.Select(r => r.Merged).Distinct())
            foreach (var quantity in Enum.GetValues<BurdenQuantity>())
            {
                if (!merged)
                    Console.WriteLine($"Mean over the run of {(quantity == BurdenQuantity.Gradients ? "|gradient|" : "|weight|")} "
                        + $"of active weights, without merging\n\n{BurdenTables.Layers(study, quantity, merged)}");
                Write(folder, $"{name}-{quantity.ToString().ToLowerInvariant()}{(merged ? "-merged" : "")}.svg",
                    BurdenCharts.Layers(study, quantity, merged).ToSvg());
            }
        var title = Invariant($"Neural burden, {name}, {100 * at:0.##} % of the weights inactive");
        Write(folder, $"{name}.html", BurdenPage.ToHtml(study, title, tables: [("Dynamic pruning by sparsity", sparsities)]));
        Console.WriteLine($"{name}.html, .csv, .json and the figures are in {Path.GetFullPath(folder)}.");
    }

    static string Curves(IReadOnlyList<(double Sparsity, BurdenResult Result)> results)
    {
        var csv = new StringBuilder("sparsity,training,seed,merged,epoch,train_loss,train_accuracy,test_loss,test_accuracy,seconds\n");
        foreach (var (sparsity, result) in results)
            foreach (var run in result.Runs)
                foreach (var epoch in run.History.Epochs)
                    csv.Append(Invariant($"{sparsity},{run.Kind.ToString().ToLowerInvariant()},{run.Seed},{(run.Merged ? 1 : 0)},")
                        + Invariant($"{epoch.Epoch},{epoch.Loss:R},{epoch.Accuracy:R},")
                        + Invariant($"{epoch.ValidationLoss:R},{epoch.ValidationAccuracy:R},{epoch.Seconds:R}\n"));
        return csv.ToString();
    }

    static LineChart Chart(string name, IReadOnlyList<(double Sparsity, BurdenResult Result)> results) =>
        new($"{name}: accuracy by sparsity", "inactive weights, %", "test accuracy, %")
        {
            Width = 720,
            Height = 360,
            Series = [.. from merged in new[] { false, true }
                     let points = results.Select(r => (X: 100 * r.Sparsity, Of: Statistics.MeanAndSpread(
                         SparsityTable.Pruned(r.Result, merged).Select(run => 100 * (run.Accuracy ?? double.NaN))))).ToArray()
                     where points.Any(p => double.IsFinite(p.Of.Mean))
                     let label = merged ? "with merging" : "without merging"
                     select new Series(label, [.. points.Select(p => (p.X, p.Of.Mean))], !merged)
                     {
                         Spread = points.All(p => double.IsNaN(p.Of.Spread)) ? null : [.. points.Select(p => p.Of.Spread)],
                     }],
        };

    static void Write(string folder, string name, string text)
    {
        var path = Path.Combine(folder, name);
        File.WriteAllText(path + ".part", text);
        File.Move(path + ".part", path, overwrite: true);
    }
}
