using MLNet.Pruning.Reporting.Text;
using static System.FormattableString;

namespace MLNet.Pruning.Samples.RankPruning;

/// <summary>The result of a comparator on a trained network; Gone is a text about what was removed.</summary>
sealed record Compressed(string Method, int Seed, double TrainAccuracy, double TestAccuracy, string Gone, double Seconds)
{
    public string Line() => Invariant($"  seed {Seed}  {Method,-9} {Numbers.Duration(Seconds),9}  training ")
        + Invariant($"{Numbers.Percent(TrainAccuracy),8}  test {Numbers.Percent(TestAccuracy),8}  gone: {Gone}");
}
