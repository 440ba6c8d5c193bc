using MLNet.Pruning.Reporting.Text;
using static System.FormattableString;

namespace MLNet.Pruning.Samples.NeuralBurden;

/// <summary>Test accuracy by sparsity, without merging and with it: mean and spread over seeds.</summary>
static class SparsityTable
{
    public static TextTable Of(IReadOnlyList<(double Sparsity, BurdenResult Result)> results)
    {
        bool[] merging = [.. new[] { false, true }.Where(m => results.Any(r => r.Result.Runs.Any(run => run.Merged == m)))];
        var table = new TextTable(["inactive weights#",
            .. merging.Select(m => m ? "accuracy with merging#" : "accuracy without merging#")]);
        foreach (var (sparsity, result) in results)
            table.Add([Invariant($"{100 * sparsity:0.##} %"),
                .. merging.Select(m => Numbers.MeanAndSpread(Pruned(result, m).Select(r => r.Accuracy ?? double.NaN)))]);
        return table;
    }

    public static IReadOnlyList<BurdenRun> Pruned(BurdenResult result, bool merged) =>
        [.. result.Of(BurdenRunKind.Dense, merged), .. result.Of(BurdenRunKind.Dynamic, merged)];
}
