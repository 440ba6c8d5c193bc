using MLNet.Pruning.Reporting.Burden;
using MLNet.Pruning.Reporting.Charts;

namespace MLNet.Pruning.Reporting;

/// <summary>Charts of the burden of one run's neurons: a line for each layer, so many in a chart as can be told apart.</summary>
static class BurdenLines
{
    const int MaximumLines = 6;

    public static IEnumerable<LineChart> Of(TrainingHistory history)
    {
        foreach (var quantity in Enum.GetValues<BurdenQuantity>())
        {
            var layers = history.Burden.Where(b => b.Epochs.Count > 0 || b.Windows.Count > 0).Chunk(MaximumLines).ToArray();
            for (var part = 0; part < layers.Length; part++)
                yield return Chart(quantity, layers[part], layers.Length == 1 ? "" : $" ({part + 1} of {layers.Length})");
        }
    }

    static LineChart Chart(BurdenQuantity quantity, BurdenRecord[] layers, string part)
    {
        // A run of few epochs is told by windows of steps.
        var byEpoch = layers.All(l => l.Epochs.Count > 2);
        return new($"Mean |{(quantity == BurdenQuantity.Gradients ? "gradient" : "weight")}| of active weights{part}",
            byEpoch ? "epoch (mean from the start)" : "step (mean of a window)", quantity.Name())
        {
            WholeX = true,
            Series = [.. layers.Select(layer => new Series(BurdenCharts.Plain(layer.Layer), [.. (byEpoch ? layer.Epochs : layer.Windows)
                .Select(p => (byEpoch ? p.Epoch : (double)p.Step, quantity.Of(p, null)))]))],
        };
    }
}
