namespace MLNet.Pruning;

/// <summary>
/// Finds the largest network that meets a budget: how many neurons of each group go. A network's load is what it needs as a part of what it
/// may: at most 1 meets the budget.
/// </summary>
/// <remarks>
/// Times move in steps, as kernels compute whole vectors of neurons, and measurements err. So the same part of all groups is searched
/// first, by halving; then each group by itself takes back what it can. Both only look at networks. What they found is measured with care,
/// and what lies between a network that then meets the budget and one that does not is halved again. </remarks>
static class RemovalSearch
{
    // Below the budget by what a look at a network errs; and near enough to it, measured with care.
    const double Aim = 0.985, Near = 0.97;

    // Of large networks with many groups, a look takes long, and a measurement longer.
    const int MostLooks = 80, MostHalvings = 6;

    /// <summary>
    /// How many neurons of each group go so that the budget is just met; <paramref name="most"/> where that does not meet it.
    /// </summary>
    /// <param name="most">How many may go of each group.</param>
    /// <param name="apart">Whether groups may go by different parts.</param>
    /// <param name="look">The load of the network without so many of each group, roughly.</param>
    /// <param name="measure">The same, carefully.</param>
    public static int[] Fewest(int[] most, bool apart, Func<int[], double> look, Func<int[], double> measure)
    {
        var steps = most.Max();
        if (steps == 0 || measure(most) is var all && all > 1)
            return most;
        var looks = 0;
        // What met the budget, each larger than those before; the last is wanted.
        var found = new List<int[]> { most };
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

        // Looks had luck, or none: from a network that meets the budget towards a larger one that does not.
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
            for (var i = 0; i < MostHalvings && measure(best) < Near; i++)
            {
                int[] middle = [.. best.Zip(over, (goes, stays) => (goes + stays) / 2)];
                if (middle.AsSpan().SequenceEqual(over))
                    break;
                if (measure(middle) <= 1)
                    best = middle;
                else
                    over = middle;
            }
            for (var group = 0; apart && group < most.Length && measure(best) < Near; group++)
            {
                var counts = (int[])best.Clone();
                counts[group] = Math.Min(counts[group], over[group]);
                if (measure(counts) <= 1)
                    best = counts;
            }
            return best;
        }

        int[] Part(int step) => [.. most.Select(count => (int)((long)count * step / steps))];

        bool Meets(int[] counts)
        {
            looks++;
            var load = look(counts);
            if (load > Aim)
                return false;
            found.Add(counts);
            return true;
        }

        // The groups with the most neurons first: their steps are the largest, and the others' fit between.
        void TakeBackApart()
        {
            foreach (var group in Enumerable.Range(0, most.Length).OrderByDescending(g => most[g]).ThenBy(g => g))
            {
                var best = found[^1];
                int tooFew = -1, goes = best[group];
                while (goes - tooFew > 1 && looks < MostLooks)
                {
                    // One first, since a step of the kernels may begin right there.
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
