using System.Diagnostics;

namespace MLNet.Pruning;

/// <summary>
/// Times what scores, on this thread, in turns with a piece of work that never changes: that tells how fast the machine is at the moment.
/// Only turns count in which it is at rest, and what is left of its ups and downs is divided out.
/// </summary>
/// <remarks>
/// On a shared machine, a core whose other half computes as well takes up to twice as long, for seconds at a time, and not all networks
/// suffer alike. A median over all turns would tell more of the neighbours than of the network. On a machine that is at rest, all turns
/// count, and this is the median.
/// </remarks>
/// <param name="reference">The work that never changes, such as one row of the network that the run began with.</param>
sealed class ScoringClock(Action reference)
{
    // Long enough for the clock, and short enough that a busy system interrupts few of them.
    const double SliceSeconds = 200e-6;

    // The reference at most so many times as slow as at its best: the machine is at rest, but for the frequency of its cores.
    const double AtRest = 1.08;

    // Parts of the turns: those at rest that are enough, and the fastest that tell what is best, since a single one may be luck.
    const double Enough = 0.25, Fastest = 0.05;

    // How often as many turns are taken again, until enough of them are at rest.
    const int MostRounds = 8;

    // Of normal errors: how the middle half of them, and the error of a median, compare with the deviation.
    const double DeviationsInMiddleHalf = 1.349, MedianError = 1.253;

    readonly Slice steady = new(reference);
    readonly List<double> levels = []; // of the reference at rest, for each measurement
    double best = double.PositiveInfinity;

    /// <summary>How many turns, for a look and for a figure that counts.</summary>
    public const int Few = 100, Many = 400;

    /// <summary>The time of a call on a machine at rest, and how far off it may be as a fraction.</summary>
    /// <param name="scores">
    /// A call, of one or of several copies of what is timed, which take turns: where their memory lies makes a difference.
    /// </param>
    /// <param name="turns">How often it is timed.</param>
    public (double Seconds, double Noise) Measure(IReadOnlyList<Action> scores, int turns)
    {
        Slice[] timed = [.. scores.Select(score => new Slice(score))];
        List<double> references = [steady.Seconds()], times = [];
        int[] resting = [];
        for (var round = 0; round < MostRounds && resting.Length < Enough * turns; round++)
        {
            for (var turn = 0; turn < turns; turn++)
            {
                times.Add(timed[turn % timed.Length].Seconds());
                references.Add(steady.Seconds());
            }
            best = Math.Min(best, references.Order().ElementAt((int)(Fastest * references.Count)));
            // Before and after.
            resting = [.. Enumerable.Range(0, times.Count).Where(i => Math.Max(references[i], references[i + 1]) <= AtRest * best)];
        }
        if (resting.Length > 0)
            levels.Add(Median(Sorted(resting.Select(i => references[i]))));
        else
            resting = [.. Enumerable.Range(0, times.Count)];
        var ratios = Sorted(resting.Select(i => 2 * times[i] / (references[i] + references[i + 1])));
        // What seemed to be at rest at first may not have been.
        var known = Sorted(levels.Where(level => level <= AtRest * best));
        var level = known.Length > 0 ? Median(known) : best;
        var error = MedianError * Deviation(ratios) / Math.Sqrt(ratios.Length);
        var drift = known.Length > 0 ? Deviation(known) : 0;
        return (Median(ratios) * level, Math.Sqrt((error * error) + (drift * drift)));
    }

    static double Median(double[] sorted) => sorted[sorted.Length / 2];

    static double[] Sorted(IEnumerable<double> values) => [.. values.Order()];

    // Of the middle half, in parts of the median.
    static double Deviation(double[] sorted) =>
        (sorted[sorted.Length * 3 / 4] - sorted[sorted.Length / 4]) / DeviationsInMiddleHalf / Median(sorted);

    sealed class Slice
    {
        readonly Action score;
        readonly int calls;

        public Slice(Action score)
        {
            this.score = score;
            // The first call may compile.
            score();
            var (count, best) = (0, double.MaxValue);
            var began = Stopwatch.GetTimestamp();
            do
            {
                best = Math.Min(best, Time(score, 1));
                count++;
            }
            while (count < 3 || (count < 50 && Stopwatch.GetElapsedTime(began).TotalSeconds < 10 * SliceSeconds));
            calls = Math.Max(1, (int)Math.Round(SliceSeconds / best));
        }

        /// <summary>Of one call. Half as many before are not timed: the caches are another's.</summary>
        public double Seconds()
        {
            Time(score, 1 + (calls / 2));
            return Time(score, calls) / calls;
        }

        static double Time(Action score, int calls)
        {
            var began = Stopwatch.GetTimestamp();
            for (var i = 0; i < calls; i++)
                score();
            return Stopwatch.GetElapsedTime(began).TotalSeconds;
        }
    }
}
