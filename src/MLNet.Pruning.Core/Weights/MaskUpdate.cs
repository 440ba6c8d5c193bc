namespace MLNet.Pruning;

/// <summary>What a cut did to one parameter, in weights: how many it has, how many were active and are, and how many came back.</summary>
sealed record LayerChange(string Name, int Count, int Before, int After, int Reactivated);

/// <summary>
/// Cuts the masks of a run anew: the schedule's fraction (<see cref="MaskPlan"/>) becomes a count of active weights for each layer, or
/// for all together, and the rule chooses which, from scores of the persistent weights. What was inactive and is chosen comes back with
/// the value that it has by then.
/// </summary>
sealed class MaskUpdate(WeightPruning settings, MaskedWeights masked)
{
    /// <param name="sparsity">The fraction that is to be inactive.</param>
    /// <param name="progress">From 0 at the beginning of the run to 1 at the last cut.</param>
    /// <param name="gradients">Of the flat vector; empty where there are none.</param>
    /// <param name="byLayer">The inactive fraction of each layer; null where it is the same for all.</param>
    public IReadOnlyList<LayerChange> Cut(double sparsity, double progress, float[] gradients, IReadOnlyList<double>? byLayer = null)
    {
        Range[] ranges = [.. Enumerable.Range(0, masked.Layers.Count).Select(masked.RangeOf)];
        return masked.Change((weights, active) =>
        {
            if (settings.Distribution != MaskDistribution.Global)
            {
                var keep = settings.Distribution == MaskDistribution.PerLayer ? null
                    : ErdosRenyiKernel(sparsity, [.. masked.Layers.Select(l => l.Parameter.shape)]);
                for (var l = 0; l < ranges.Length; l++)
                {
                    var some = weights[ranges[l]];
                    Choose(some, gradients.Length == 0 ? [] : gradients.AsSpan(ranges[l]), active[ranges[l]],
                        keep?[l] ?? Active(byLayer?[l] ?? sparsity, some.Length), masked.Layers[l]);
                }
                return;
            }
            var (together, masks) = (Joined<float>(weights, ranges), Joined<sbyte>(active, ranges));
            Choose(together, gradients.Length == 0 ? [] : Joined<float>(gradients, ranges), masks, Active(sparsity, masks.Length), null);
            var at = 0;
            foreach (var range in ranges)
            {
                var length = range.End.Value - range.Start.Value;
                together.AsSpan(at, length).CopyTo(weights[range]);
                masks.AsSpan(at, length).CopyTo(active[range]);
                at += length;
            }
        });

        void Choose(Span<float> weights, ReadOnlySpan<float> gradients, Span<sbyte> active, int keep, MaskedLayer? layer)
        {
            settings.Rule.Cut(new MaskCut
            {
                Weights = weights,
                Gradients = gradients,
                On = active,
                Keep = keep,
                Progress = progress,
                Reactivation = settings.Reactivation,
                Criterion = settings.Criterion,
                Shape = layer?.Parameter.shape ?? [],
                Axis = layer?.Axis ?? 0,
            });
            if (active.IndexOfAnyExcept((sbyte)-1, (sbyte)0) is >= 0 and var at)
                throw new InvalidOperationException($"{settings.Rule.GetType().Name} wrote {active[at]} to {nameof(MaskCut)}."
                    + $"{nameof(MaskCut.On)}: an active weight is -1, an inactive one 0.");
        }
    }

    static T[] Joined<T>(ReadOnlySpan<T> all, Range[] ranges)
    {
        var (joined, at) = (new T[ranges.Sum(r => r.End.Value - r.Start.Value)], 0);
        foreach (var range in ranges)
        {
            all[range].CopyTo(joined.AsSpan(at));
            at += all[range].Length;
        }
        return joined;
    }

    /// <summary>Exactly round(sparsity * count) weights are inactive, a half to the even number.</summary>
    public static int Active(double sparsity, int count) => count - (int)Math.Round(sparsity * count);

    /// <summary>
    /// The same density everywhere but for a factor of sum(shape) / product(shape); layers that would be more than dense are dense, and the
    /// others share what is left (Evci et al., 2020, and their code). In all exactly round(sparsity * count) are inactive; a layer may
    /// have up to one weight more or less than the formula says.
    /// </summary>
    /// <param name="sparsity">In [0, 1).</param>
    /// <param name="shapes">Of the weights.</param>
    /// <returns>The active weights of each layer.</returns>
    public static int[] ErdosRenyiKernel(double sparsity, IReadOnlyList<long[]> shapes)
    {
        long[] counts = [.. shapes.Select(shape => shape.Aggregate(1L, (n, extent) => n * extent))];
        double[] shares = [.. shapes.Select(shape => (double)shape.Sum())];
        var left = counts.Sum() - (long)Math.Round(sparsity * counts.Sum());
        var dense = new bool[counts.Length];
        double scale;
        while (true)
        {
            var (rest, sum) = (left - counts.Where((_, l) => dense[l]).Sum(), shares.Where((_, l) => !dense[l]).Sum());
            scale = sum > 0 ? rest / sum : 0;
            // The densest first: with it at its bound, others may no longer be above theirs.
            var over = Enumerable.Range(0, counts.Length).Where(l => !dense[l] && scale * shares[l] > counts[l]).ToArray();
            if (over.Length == 0)
                break;
            dense[over.MaxBy(l => shares[l] / counts[l])] = true;
        }
        double[] exact = [.. counts.Select((count, l) => dense[l] ? count : scale * shares[l])];
        int[] active = [.. exact.Select(value => (int)Math.Floor(value))];
        left -= active.Sum(n => (long)n);
        foreach (var layer in Enumerable.Range(0, active.Length).Where(l => active[l] < counts[l])
            .OrderByDescending(l => exact[l] - active[l]).ThenBy(l => l).Take((int)left))
            active[layer]++;
        return active;
    }
}

/// <summary>When masks are cut in one run, and which fraction is inactive then; all in completed steps.</summary>
sealed class MaskPlan
{
    // Fewer cuts make jumps, from which a network recovers badly; more often than every so many steps, nothing is gained.
    const long FewestCuts = 20, LongestInterval = 100;

    // A budget says how much is inactive in the end, and a schedule of its own only when.
    const double AnyTarget = 0.5;

    readonly Schedule? schedule;
    readonly long interval, until, end, total;
    readonly bool own; // the user's own schedule says itself when it is due

    public MaskPlan(WeightPruning settings, int epochs, int stepsPerEpoch)
    {
        total = (long)epochs * stepsPerEpoch;
        var factor = settings.ScheduleIn == ScheduleUnit.Epochs ? stepsPerEpoch : 1;
        until = settings.Until * factor ?? long.MaxValue;
        end = settings.Until is null ? total : until;
        var last = Math.Min(total, until);
        schedule = settings.Rule.FindsAmount ? null
            : settings.Schedule is { } given ? given.In(factor)
            : settings.Rule.Sparsity is { } fraction ? Schedule.Constant(fraction)
            : settings.Sparsity is 0 ? Schedule.Constant(0)
            : Schedule.Cubic(0, Math.Max(1, Math.Min(until, total * 3 / 4)), settings.Sparsity ?? AnyTarget);
        own = schedule is not (null or ConstantSchedule or CubicSchedule or OneShotSchedule or StepwiseSchedule);
        var first = schedule?.FirstTime ?? 0;
        if (first > last)
            throw new ArgumentException($"Pruning.{nameof(WeightPruning.Schedule)}'s first event comes after {first} steps; the run has "
                + $"{total}"
                + $"{(until < total ? $", and masks are cut until step {until}" : "")}, so that nothing would be pruned.");
        var span = schedule switch
        {
            CubicSchedule cubic => Math.Min(cubic.End, last) - first,
            ConstantSchedule or null => last - first,
            _ => long.MaxValue, // It jumps, and masks are cut where it does.
        };
        interval = settings.Every
            ?? (own ? long.MaxValue : settings.Schedule is { Interval: > 1 } every ? every.Interval * factor
                : Math.Clamp(span / FewestCuts, 1, LongestInterval));
        for (LastCut = last; LastCut > 0 && !IsDue(LastCut);)
            LastCut--;
    }

    /// <summary>The last step after which masks are cut.</summary>
    public long LastCut { get; }

    /// <summary>The fraction that is to be inactive.</summary>
    public double Fraction(long step) => schedule?.Fraction(step) ?? 0;

    /// <summary>The fraction that is inactive in the end.</summary>
    public double Target => schedule?.Fraction(long.MaxValue) ?? 0;

    /// <summary>The part of <see cref="Target"/> that is to be inactive.</summary>
    public double Part(long step) => Target > 0 ? Fraction(step) / Target : 1;

    /// <summary>From 0 at the first step to 1 at the last cut.</summary>
    public double Progress(long step) => end == 0 ? 1 : Math.Min(1, (double)step / end);

    public bool IsDue(long step)
    {
        if (step > until)
            return false;
        // After the last step nothing can learn to do without what goes: then masks are cut only where more must go.
        if (step == total && step > 0 && (schedule is null || schedule.Fraction(step) == schedule.Fraction(step - 1)))
            return false;
        if (schedule is null)
            return step % interval == 0;
        var fraction = schedule.Fraction(step);
        if (step < schedule.FirstTime || (fraction == 0 && step == schedule.FirstTime))
            return false;
        // Between its end and its beginning a cubic is different at every step.
        return (step - schedule.FirstTime) % interval == 0
            || (own ? schedule.IsDue(step) : schedule is CubicSchedule cubic ? step == cubic.End : fraction != schedule.Fraction(step - 1));
    }
}
