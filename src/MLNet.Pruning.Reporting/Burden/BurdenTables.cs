using System.Globalization;
using MLNet.Pruning.Reporting.Text;

namespace MLNet.Pruning.Reporting.Burden;

/// <summary>Tables of a burden study: means over seeds, with the standard deviation if there are several.</summary>
public static class BurdenTables
{
    /// <summary>Final accuracy by kind of training, without merging and with it.</summary>
    public static TextTable Accuracy(BurdenResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        var merging = new[] { false, true }.Where(m => result.Runs.Any(r => r.Merged == m)).ToArray();
        var accuracies = merging.Select(m => m ? "accuracy with merging#" : "accuracy without merging#");
        var table = new TextTable(["training", "inactive weights#", "seeds#", .. accuracies]);
        foreach (var kind in Kinds(result))
        {
            var runs = result.Runs.Where(r => r.Kind == kind).ToArray();
            table.Add([
                BurdenCharts.Name(kind),
                Numbers.Percent(runs.Average(r => r.Masks?.Sparsity ?? 0)),
                runs.Select(r => r.Seed).Distinct().Count().ToString(CultureInfo.InvariantCulture),
                .. merging.Select(m => Numbers.MeanAndSpread(result.Of(kind, m).Select(r => r.Accuracy ?? double.NaN)))]);
        }
        return table;
    }

    /// <summary>The mean over the whole run and all neurons for each layer, by kind of training.</summary>
    public static TextTable Layers(BurdenResult result, BurdenQuantity quantity, bool merged)
    {
        ArgumentNullException.ThrowIfNull(result);
        var kinds = Kinds(result).Where(k => result.Of(k, merged).Count > 0).ToArray();
        var table = new TextTable(["layer", .. kinds.Select(k => BurdenCharts.Name(k) + "#")]);
        foreach (var layer in result.Runs.SelectMany(r => r.History.Burden).Select(b => b.Layer).Distinct())
            table.Add([BurdenCharts.Plain(layer), .. kinds.Select(k => Numbers.MeanAndSpread(
                result.Of(k, merged).Select(r => r.History.Burden.Find(b => b.Layer == layer)).OfType<BurdenRecord>()
                    .Where(b => b.Epochs.Count > 0).Select(b => quantity.Of(b.Epochs[^1], null)), "0.00e+0"))]);
        return table;
    }

    /// <summary>
    /// For each layer density S, reconstruction R under the found and under random masks, and J = R + lambda * S of the found masks.
    /// </summary>
    /// <param name="result">The study.</param>
    /// <param name="merged">Whether to show the runs with merging or those without.</param>
    /// <param name="lambda">The cost of all weights of a layer.</param>
    public static TextTable Costs(BurdenResult result, bool merged, double lambda = 0.1)
    {
        ArgumentNullException.ThrowIfNull(result);
        var (found, random) = (result.Of(BurdenRunKind.Dynamic, merged), result.Of(BurdenRunKind.Random, merged));
        var table = new TextTable(
            "layer",
            "density#",
            "reconstruction, found masks#",
            "reconstruction, random masks#",
            FormattableString.Invariant($"cost at lambda {lambda}, found masks#"));
        foreach (var layer in found.SelectMany(r => r.Costs).Select(c => c.Layer).Distinct())
        {
            table.Add(
                BurdenCharts.Plain(layer),
                Of(found, c => c.Density),
                Of(found, c => c.Reconstruction),
                Of(random, c => c.Reconstruction),
                Of(found, c => c.Total(lambda)));

            string Of(IEnumerable<BurdenRun> runs, Func<LayerCost, double> value) =>
                Numbers.MeanAndSpread(runs.SelectMany(r => r.Costs).Where(c => c.Layer == layer).Select(value));
        }
        return table;
    }

    static IEnumerable<BurdenRunKind> Kinds(BurdenResult result) =>
        Enum.GetValues<BurdenRunKind>().Where(k => result.Runs.Any(r => r.Kind == k));
}

/// <summary>A quantity of a neuron's burden.</summary>
public enum BurdenQuantity
{
    /// <summary>Mean |gradient|.</summary>
    Gradients,

    /// <summary>Mean |weight|.</summary>
    Weights,
}

static class BurdenQuantities
{
    public static string Name(this BurdenQuantity quantity) => quantity == BurdenQuantity.Gradients ? "mean |gradient|" : "mean |weight|";

    /// <summary>The mean over a layer's neurons, or the value of one of them.</summary>
    public static double Of(this BurdenQuantity quantity, BurdenPoint point, int? neuron)
    {
        if (neuron is { } row)
            return quantity == BurdenQuantity.Gradients ? point.Gradients[row] : point.Weights[row];
        return quantity == BurdenQuantity.Gradients ? point.MeanGradient : point.MeanWeight;
    }
}
