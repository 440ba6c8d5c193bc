using MLNet.Pruning.Reporting.Text;
using static System.FormattableString;

namespace MLNet.Pruning.Samples.RankPruning;

/// <summary>One finished run.</summary>
sealed record Outcome(string Method, int Seed, TrainingHistory History, double Seconds)
{
    public IReadOnlyList<Plateau> Plateaus { get; } = Plateau.Of(History);

    // 70 % of 1,024 and of 512 neurons are not whole numbers.
    const double Rounding = 0.005;

    /// <summary>
    /// The first plateau with at least this fraction of neurons gone, to the percent; null if the run never got there. Without pruning,
    /// the last one.
    /// </summary>
    public Plateau? At(double pruned) => History.Events.Count == 0 ? Plateaus[^1]
        : Plateaus.FirstOrDefault(p => p.Pruned >= pruned - Rounding);

    public string Line()
    {
        var last = Plateaus[^1];
        return Invariant($"  seed {Seed}  {Method,-9} {Numbers.Duration(Seconds),9}  {100 * last.Pruned,4:0} % pruned  ")
            + Invariant($"{Numbers.Count(last.Parameters),11} parameters  training {Numbers.Percent(last.TrainAccuracy),8}  ")
            + Invariant($"test {Numbers.Percent(last.TestAccuracy),8}");
    }
}
