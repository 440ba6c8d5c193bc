using System.Diagnostics;

namespace MLNet.Pruning;

/// <summary>
/// Times scoring on this thread, in turns with a fixed piece of work that shows how fast the machine is at the moment. Only turns on an
/// otherwise idle machine count, and remaining changes of its speed are divided out.
/// </summary>
/// <remarks>
/// On a shared machine, a core whose other hyper-thread is busy takes up to twice as long, for seconds at a time, and not all networks
/// suffer alike. A median over all turns would tell more about the neighbours than about the network. On an idle machine all turns count,
/// and the result is their median.
/// </remarks>
/// <param name="reference">The fixed work, such as scoring one row with the initial network.</param>
sealed class ScoringClock(Action reference)
{
    // Long enough for the clock, and short enough that a busy system interrupts few slices.
    const double SliceSeconds = 200e-6;

    // The machine counts as idle while the reference takes at most this many times its best time, which allows for changes of frequency.
    const double AtRest = 1.08;

    // Fractions of the turns: how many idle ones are enough, and how many of the fastest determine the best time, since a single one may
    // be luck.
    const double Enough = 0.25, Fastest = 0.05;

    // The maximum number of rounds of turns until enough of them are idle.
    const int MaximumRounds = 8;

    // For normal errors: the width of the middle half, and the error of a median, in standard deviations.
    const double DeviationsInMiddleHalf = 1.349, MedianError = 1.253;

    readonly Slice steady = new(reference);
    readonly List<double> levels = []; // of the reference on an idle machine, for each measurement
    double best = double.PositiveInfinity;

    /// <summary>The number of turns for a rough look and for a precise measurement.</summary>
    public const int Few = 100, Many = 400;

    /// <summary>The time of a call on an idle machine, and its relative uncertainty.</summary>
    /// <param name="scores">
    /// A call, or calls of several copies of the same network, which take turns: their place in memory makes a difference.
    /// </param>
    /// <param name="turns">How often to time it.</param>
    public (double Seconds, double Noise) Measure(IReadOnlyList<Action> scores, int turns)
    {
        Slice[] timed = [.. scores.Select(score => new Slice(score))];
        List<double> references = [steady.Seconds()], times = [];
        int[] resting = [];
        for (var round = 0; round < MaximumRounds && resting.Length < Enough * turns; round++)
        {
            for (var turn = 0; turn < turns; turn++)
            {
                times.Add(timed[turn % timed.Length].Seconds());
                references.Add(steady.Seconds());
            }
            best = Math.Min(best, references.Order().ElementAt((int)(Fastest * references.Count)));
            // The reference before and after.
            resting = [.. Enumerable.Range(0, times.Count).Where(i => Math.Max(references[i], references[i + 1]) <= AtRest * best)];
        }
        if (resting.Length > 0)
            levels.Add(Median(Sorted(resting.Select(i => references[i]))));
        else
            resting = [.. Enumerable.Range(0, times.Count)];
        var ratios = Sorted(resting.Select(i => 2 * times[i] / (references[i] + references[i + 1])));
        // Turns that seemed idle at first may not have been.
        var known = Sorted(levels.Where(level => level <= AtRest * best));
        var level = known.Length > 0 ? Median(known) : best;
        var error = MedianError * Deviation(ratios) / Math.Sqrt(ratios.Length);
        var drift = known.Length > 0 ? Deviation(known) : 0;
        return (Median(ratios) * level, Math.Sqrt((error * error) + (drift * drift)));
    }

    static double Median(double[] sorted) => sorted[sorted.Length / 2];

    static double[] Sorted(IEnumerable<double> values) => [.. values.Order()];

    // From the middle half, relative to the median.
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

        /// <summary>The time of one call. Half as many calls before it are not timed, to fill the caches.</summary>
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
