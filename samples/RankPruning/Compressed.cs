using MLNet.Pruning.Reporting.Text;
using static System.FormattableString;

namespace MLNet.Pruning.Samples.RankPruning;

/// <summary>What a comparator has made of a trained network; what it has taken away, in words.</summary>
sealed record Compressed(string Method, int Seed, double TrainAccuracy, double TestAccuracy, string Gone, double Seconds)
{
    public string Line() => Invariant($"  seed {Seed}  {Method,-9} {Numbers.Duration(Seconds),9}  training {Numbers.Percent(TrainAccuracy),8}  test {Numbers.Percent(TestAccuracy),8}  gone: {Gone}");
}
