using MLNet.Pruning.Reporting.Charts;
using MLNet.Pruning.Reporting.Text;

namespace MLNet.Pruning.Reporting.Burden;

/// <summary>
/// Charts of a burden study. Each layer has two: cumulative means by epoch above, means of windows of steps below, with a curve for each
/// kind of training.
/// </summary>
public static class BurdenCharts
{
    const int Width = 440, Height = 210;

    // Dense, dynamic, optimal, random: each kind has the same colour in every chart.
    static readonly int[] Colours = [3, 0, 1, 2];

    /// <summary>Charts of layers, each averaged over neurons and seeds; bands are one standard deviation over seeds.</summary>
    /// <param name="result">The study.</param>
    /// <param name="quantity">The quantity to show.</param>
    /// <param name="merged">Whether to show the runs with merging or those without.</param>
    /// <param name="layers">The layers, by parameter; null for all.</param>
    /// <param name="columns">Layers per row of charts; at least 1.</param>
    public static ChartGrid Layers(
        BurdenResult result, BurdenQuantity quantity, bool merged, IReadOnlyList<string>? layers = null, int columns = 3)
    {
        ArgumentNullException.ThrowIfNull(result);
        ArgumentOutOfRangeException.ThrowIfLessThan(columns, 1);
        var shown = layers ?? [.. result.Runs.SelectMany(r => r.History.Burden).Select(b => b.Layer).Distinct()];
        var pairs = shown.Select(layer => Pair(result, quantity, merged, layer, null, Plain(layer)));
        return Grid(Title(quantity, merged), [.. pairs], columns);
    }

    /// <summary>Charts of single neurons of one layer.</summary>
    /// <param name="result">The study.</param>
    /// <param name="quantity">The quantity to show.</param>
    /// <param name="merged">Whether to show the runs with merging or those without.</param>
    /// <param name="layer">The layer, by parameter.</param>
    /// <param name="neurons">The neurons, from 0.</param>
    /// <param name="columns">Neurons per row of charts; at least 1.</param>
    public static ChartGrid Neurons(
        BurdenResult result, BurdenQuantity quantity, bool merged, string layer, IReadOnlyList<int> neurons, int columns = 3)
    {
        ArgumentNullException.ThrowIfNull(result);
        ArgumentNullException.ThrowIfNull(neurons);
        ArgumentOutOfRangeException.ThrowIfLessThan(columns, 1);
        var records = result.Runs.SelectMany(r => r.History.Burden);
        var names = string.Join(", ", records.Select(b => $"'{b.Layer}'").Distinct());
        var count = records.FirstOrDefault(b => b.Layer == layer)?.Epochs.FirstOrDefault()?.Gradients.Count
            ?? throw new ArgumentException($"There is no layer '{layer}' in the study; there are {names}.", nameof(layer));
        if (neurons.Any(n => n < 0 || n >= count))
        {
            throw new ArgumentOutOfRangeException(
                nameof(neurons), string.Join(", ", neurons), $"The neurons of '{layer}' are 0 to {count - 1}.");
        }
        var pairs = neurons.Select(n => Pair(result, quantity, merged, layer, n, $"neuron {n}"));
        return Grid($"{Title(quantity, merged)}: {Plain(layer)}", [.. pairs], columns);
    }

    /// <summary>Validation accuracy by epoch for all kinds of training, averaged over seeds.</summary>
    public static LineChart Accuracy(BurdenResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return new("Accuracy by epoch", "epoch", "accuracy, %")
        {
            WholeX = true,
            Width = 820,
            Height = 360,
            Series = [.. from kind in Enum.GetValues<BurdenRunKind>()
                         from merged in new[] { false, true }
                         let runs = result.Of(kind, merged)
                         where runs.Count > 0
                         let points = runs.Select(r => r.History.Epochs.Select(e => ((double)e.Epoch, 100 * Best(e))))
                         select Mean(kind, merged ? ", merged" : "", points, merged)],
        };
    }

    static double Best(EpochRecord epoch) => epoch.ValidationAccuracy ?? epoch.Accuracy ?? double.NaN;

    static ChartGrid Grid(string title, IReadOnlyList<(LineChart Upper, LineChart Lower)> pairs, int columns) =>
        new(title, [.. from row in pairs.Chunk(columns)
                       from line in new[] { row.Select(pair => pair.Upper), row.Select(pair => pair.Lower) }
                       select line.ToArray()]);

    static (LineChart, LineChart) Pair(BurdenResult result, BurdenQuantity quantity, bool merged, string layer, int? neuron, string title)
    {
        return (Chart(title, "epoch (mean from the start on)", r => r.Epochs, p => p.Epoch, true),
            Chart("", "step (mean of the steps since the last point)", r => r.Windows, p => p.Step, false));

        LineChart Chart(
            string heading, string x, Func<BurdenRecord, IEnumerable<BurdenPoint>> points, Func<BurdenPoint, double> at, bool whole)
        {
            var kinds = Enum.GetValues<BurdenRunKind>();
            var lines = kinds.Select(kind => (kind, Runs: Runs(kind))).Where(line => line.Runs.Length > 0).ToArray();
            var power = Thousands(lines.SelectMany(l => l.Runs).SelectMany(r => r).Select(p => p.Y));
            var scale = Math.Pow(10, -power);
            return new(heading, x, quantity.Name() + (power == 0 ? "" : $", in 1e{power}"))
            {
                WholeX = whole,
                Width = Width,
                Height = whole ? Height + 22 : Height,
                Legend = whole,
                Series = [.. from line in lines
                             let scaled = line.Runs.Select(run => run.Select(p => (p.X, p.Y * scale)))
                             select Mean(line.kind, "", scaled, line.kind == BurdenRunKind.Random)],
            };

            (double X, double Y)[][] Runs(BurdenRunKind kind) =>
            [
                .. from run in result.Of(kind, merged)
                   let record = run.History.Burden.Find(b => b.Layer == layer)
                   where record is not null
                   select points(record).Select(p => (at(p), quantity.Of(p, neuron))).ToArray(),
            ];
        }
    }

    /// <summary>The power of a thousand by which values are scaled so that the largest has few leading zeros.</summary>
    static int Thousands(IEnumerable<double> values)
    {
        var largest = values.Where(double.IsFinite).Select(Math.Abs).DefaultIfEmpty().Max();
        return largest is > 0 and < 0.01 ? 3 * (int)Math.Floor(Math.Log10(largest) / 3) : 0;
    }

    static Series Mean(BurdenRunKind kind, string suffix, IEnumerable<IEnumerable<(double X, double Y)>> runs, bool dashed)
    {
        var points = runs.SelectMany(r => r).GroupBy(p => p.X).OrderBy(g => g.Key)
            .Select(g => (g.Key, Of: Statistics.MeanAndSpread(g.Select(p => p.Y)))).ToArray();
        return new(Name(kind) + suffix, [.. points.Select(p => (p.Key, p.Of.Mean))], dashed)
        {
            Colour = Colours[(int)kind],
            Spread = points.All(p => double.IsNaN(p.Of.Spread)) ? null : [.. points.Select(p => p.Of.Spread)],
        };
    }

    static string Title(BurdenQuantity quantity, bool merged) =>
        $"{char.ToUpperInvariant(quantity.Name()[0])}{quantity.Name()[1..]} of active weights, {(merged ? "with" : "without")} merging";

    internal static string Name(BurdenRunKind kind) => kind.ToString().ToLowerInvariant();

    /// <summary>The layer name of a parameter.</summary>
    internal static string Plain(string layer) => layer.EndsWith(".weight", StringComparison.Ordinal) ? layer[..^".weight".Length] : layer;
}
