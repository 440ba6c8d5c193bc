using MLNet.Pruning.Reporting.Text;
using static System.FormattableString;
using static TorchSharp.torch;

namespace MLNet.Pruning.Samples.RankPruning;

/// <summary>Compares the size and the measured speed of the model before and after pruning.</summary>
static class SpeedTable
{
    public static TextTable Of(nn.Module<Tensor, Tensor> dense, nn.Module<Tensor, Tensor> pruned, int values)
    {
        var speeds = ScoringSpeed.Measure([dense, pruned], [values]);
        var (a, b) = (Facts(dense, values), Facts(pruned, values));
        return new TextTable("on one thread", "unpruned#", "pruned#", "ratio#")
            .Add("parameters", Numbers.Count(a.Parameters), Numbers.Count(b.Parameters), Ratio(a.Parameters, b.Parameters))
            .Add("multiply-accumulates a row", Numbers.Count(a.Macs), Numbers.Count(b.Macs), Ratio(a.Macs, b.Macs))
            .Add("rows/s in batches of 256", Numbers.Count(speeds[0].RowsPerSecond), Numbers.Count(speeds[1].RowsPerSecond),
                Ratio(speeds[1].RowsPerSecond, speeds[0].RowsPerSecond))
            .Add("latency of one row", Numbers.Duration(speeds[0].Latency), Numbers.Duration(speeds[1].Latency),
                Ratio(speeds[0].Latency, speeds[1].Latency));
    }

    static (long Parameters, long Macs) Facts(nn.Module<Tensor, Tensor> model, int values)
    {
        using var scope = NewDisposeScope();
        return (model.parameters().Sum(p => p.NumberOfElements), MultiplyAccumulates.Of(model, zeros(1, values), row => model.call(row)));
    }

    static string Ratio(double more, double less) => Invariant($"{more / less:F2}x");
}
