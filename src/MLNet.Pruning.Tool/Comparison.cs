using System.Globalization;
using MLNet.Pruning.Models;
using MLNet.Pruning.Neurons;
using MLNet.Pruning.Reporting.Text;
using static MLNet.Pruning.Reporting.Text.Numbers;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tool;

/// <summary>An unpruned and a pruned model side by side: counted, measured by the clock, and by what they answer.</summary>
internal static class Comparison
{
    internal static TextTable Of(PrunedModelTransformer dense, PrunedModelTransformer pruned, double denseAccuracy, double prunedAccuracy)
    {
        var values = dense.Module.named_parameters().First().parameter.shape[^1];
        var speeds = ScoringSpeed.Measure([dense.Module, pruned.Module], [values]);
        var (a, b) = (Sizes(dense.Module, values), Sizes(pruned.Module, values));
        return new TextTable("", "unpruned#", "pruned#", "#")
            .Add("test accuracy", Percent(denseAccuracy), Percent(prunedAccuracy), ((prunedAccuracy - denseAccuracy) * 100).ToString("+0.00;-0.00", CultureInfo.InvariantCulture) + " points")
            .Add("parameters", Count(a.Parameters), Count(b.Parameters), Times(a.Parameters, b.Parameters, "smaller"))
            .Add("multiply-accumulates a digit", Count(a.Macs), Count(b.Macs), Times(a.Macs, b.Macs, "less"))
            .Add("digits/s, batches of 256, one thread", Count(speeds[0].RowsPerSecond), Count(speeds[1].RowsPerSecond), Times(speeds[1].RowsPerSecond, speeds[0].RowsPerSecond, "faster"))
            .Add("network's latency, one digit", Duration(speeds[0].Latency), Duration(speeds[1].Latency), Times(speeds[0].Latency, speeds[1].Latency, "faster"));
    }

    static (long Parameters, long Macs) Sizes(nn.Module<Tensor, Tensor> model, long values)
    {
        using var scope = NewDisposeScope();
        return (model.parameters().Sum(p => p.NumberOfElements), MultiplyAccumulates.Of(model, zeros(1, values), row => model.call(row)));
    }

    // Ours says so when a pruned model is not faster.
    static string Times(double more, double less, string word) =>
        string.Create(CultureInfo.InvariantCulture, $"{more / less:F2}x {(more < 0.95 * less ? "(not " + word + ")" : word)}");
}
