namespace MLNet.Pruning;

/// <summary>
/// Finds the largest network that meets a budget, as the number of neurons to remove from each group. The load of a network is at most 1
/// if it meets the budget.
/// </summary>
/// <remarks>
/// Times change in steps, as kernels compute whole vectors of neurons, and measurements have errors. Therefore the search first halves for
/// a common fraction of all groups, then lets each group alone take neurons back; both use rough looks only. The result is measured
/// precisely, and the range between a network that then meets the budget and one that does not is halved again. </remarks>
static class RemovalSearch
{
    // Aim lies below the budget by the error of a look; a precise measurement above Near is close enough.
    const double Aim = 0.985, Near = 0.97;

    // For large networks with many groups, a look takes long, and a measurement longer.
    const int MaximumLooks = 80, MaximumHalvings = 6;

    /// <summary>
    /// The neurons to remove from each group so that the budget is just met; <paramref name="maximum"/> if that does not meet it.
    /// </summary>
    /// <param name="maximum">The maximum number to remove from each group.</param>
    /// <param name="apart">Whether groups may lose different fractions.</param>
    /// <param name="look">Roughly measures the load of the network without so many neurons of each group.</param>
    /// <param name="measure">The same, precisely.</param>
    public static int[] Find(int[] maximum, bool apart, Func<int[], double> look, Func<int[], double> measure)
    {
        var steps = maximum.Max();
        if (steps == 0 || measure(maximum) is var all && all > 1)
            return maximum;
        var looks = 0;
        // Results that met the budget, each larger than the ones before; the last one is wanted.
        var found = new List<int[]> { maximum };
        int less = 0, enough = steps;
        while (enough - less > 1)
        {
            var middle = (less + enough) / 2;
            if (Meets(Part(middle)))
                enough = middle;
            else
                less = middle;
        }
        if (apart)
            TakeBackApart();
        int[]? tooFew = null;
        while (found.Count > 1 && measure(found[^1]) > 1)
        {
            tooFew = found[^1];
            found.RemoveAt(found.Count - 1);
        }
        return Between(found[^1], tooFew);

        // The rough looks may have been wrong: search from a network that meets the budget towards a larger one that does not.
        int[] Between(int[] best, int[]? over)
        {
            for (int back = Math.Max(1, steps / 16), step = less; over is null && step >= 0 && measure(best) < Near; step -= back,
                back *= 2)
            {
                int[] larger = [.. best.Zip(Part(step), Math.Min)];
                if (measure(larger) <= 1)
                    best = larger;
                else
                    over = larger;
            }
            if (over is null)
                return best;
            for (var i = 0; i < MaximumHalvings && measure(best) < Near; i++)
            {
                int[] middle = [.. best.Zip(over, (goes, stays) => (goes + stays) / 2)];
                if (middle.AsSpan().SequenceEqual(over))
                    break;
                if (measure(middle) <= 1)
                    best = middle;
                else
                    over = middle;
            }
            for (var group = 0; apart && group < maximum.Length && measure(best) < Near; group++)
            {
                var counts = (int[])best.Clone();
                counts[group] = Math.Min(counts[group], over[group]);
                if (measure(counts) <= 1)
                    best = counts;
            }
            return best;
        }

        int[] Part(int step) => [.. maximum.Select(count => (int)((long)count * step / steps))];

        bool Meets(int[] counts)
        {
            looks++;
            var load = look(counts);
            if (load > Aim)
                return false;
            found.Add(counts);
            return true;
        }

        // Start with the largest groups: their steps are the largest, and those of the others fit in between.
        void TakeBackApart()
        {
            foreach (var group in Enumerable.Range(0, maximum.Length).OrderByDescending(g => maximum[g]).ThenBy(g => g))
            {
                var best = found[^1];
                int tooFew = -1, goes = best[group];
                while (goes - tooFew > 1 && looks < MaximumLooks)
                {
                    // Try one neuron first, since a step of the kernels may begin right there.
                    var fewer = tooFew < 0 && goes == best[group] ? goes - 1 : (tooFew + goes) / 2;
                    var counts = (int[])best.Clone();
                    counts[group] = fewer;
                    if (Meets(counts))
                        goes = fewer;
                    else
                        tooFew = fewer;
                }
            }
        }
    }
}
