namespace MLNet.Pruning;

/// <summary>The effect of an update on one parameter: its weights, how many were and are active, and how many were reactivated.</summary>
sealed record LayerChange(string Name, int Count, int Before, int After, int Reactivated);

/// <summary>
/// Updates the masks of a run: turns the schedule's fraction (<see cref="MaskPlan"/>) into a number of active weights per layer, or for
/// all layers together, and the rule chooses them by scores of the persistent weights. A reactivated weight has the value that it has
/// reached meanwhile.
/// </summary>
sealed class MaskUpdate(WeightPruning settings, MaskedWeights masked)
{
    /// <param name="sparsity">The fraction that is to be inactive.</param>
    /// <param name="progress">0 at the beginning of the run, 1 at the last update.</param>
    /// <param name="gradients">Gradients of the flat vector; empty if there are none.</param>
    /// <param name="byLayer">The inactive fraction of each layer; null if it is the same for all.</param>
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
                        keep?[l] ?? ActiveCount(byLayer?[l] ?? sparsity, some.Length), masked.Layers[l]);
                }
                return;
            }
            var (together, masks) = (Joined<float>(weights, ranges), Joined<sbyte>(active, ranges));
            var joined = gradients.Length == 0 ? [] : Joined<float>(gradients, ranges);
            Choose(together, joined, masks, ActiveCount(sparsity, masks.Length), null);
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
                Active = active,
                Keep = keep,
                Progress = progress,
                Reactivation = settings.Reactivation,
                Criterion = settings.Criterion,
                Shape = layer?.Parameter.shape ?? [],
                Axis = layer?.Axis ?? 0,
            });
            if (active.IndexOfAnyExcept((sbyte)-1, (sbyte)0) is >= 0 and var at)
                throw new InvalidOperationException($"{settings.Rule.GetType().Name} wrote {active[at]} to {nameof(MaskCut)}."
                    + $"{nameof(MaskCut.Active)}: an active weight is -1, an inactive one 0.");
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

    /// <summary>Exactly round(sparsity * count) weights are inactive; a half rounds to even.</summary>
    public static int ActiveCount(double sparsity, int count) => count - (int)Math.Round(sparsity * count);

    /// <summary>
    /// Densities in proportion to sum(shape) / product(shape). Layers that would exceed 1 are dense, and the others share the rest (Evci
    /// et al., 2020, and their code). In all, exactly round(sparsity * count) weights are inactive; a layer may differ from the formula by
    /// one weight.
    /// </summary>
    /// <param name="sparsity">In [0, 1).</param>
    /// <param name="shapes">The shapes of the weights.</param>
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
            // The densest layer first: once it is at its bound, others may no longer exceed theirs.
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

/// <summary>When the masks of a run are updated, and the fraction that is inactive then; all in completed steps.</summary>
sealed class MaskPlan
{
    // Fewer updates make jumps from which a network recovers badly; more frequent updates gain nothing.
    const long MinimumCuts = 20, LongestInterval = 100;

    // With a budget, a schedule says when weights become inactive, not how many. This target stands in.
    const double AnyTarget = 0.5;

    readonly Schedule? schedule;
    readonly long interval, until, end;
    readonly bool own; // the user's own schedule says itself when it is due

    public MaskPlan(WeightPruning settings, int epochs, int stepsPerEpoch)
    {
        Total = (long)epochs * stepsPerEpoch;
        var factor = settings.ScheduleIn == ScheduleUnit.Epochs ? stepsPerEpoch : 1;
        // With a sparsity alone, the last quarter trains the weights that are left: weights that come back in the last steps are untrained.
        var (alone, rise) = (settings is { Sparsity: > 0, Schedule: null, Budget: null } && !settings.Rule.FindsAmount
            && settings.Rule.Sparsity is null, Math.Max(1, Total * 3 / 4));
        until = settings.Until * factor ?? (alone ? rise : long.MaxValue);
        end = until == long.MaxValue ? Total : until;
        var last = Math.Min(Total, until);
        schedule = settings.Rule.FindsAmount ? null
            : settings.Schedule is { } given ? given.In(factor)
            : settings.Rule.Sparsity is { } fraction ? Schedule.Constant(fraction)
            : settings.Sparsity is 0 ? Schedule.Constant(0)
            : Schedule.Cubic(0, Math.Max(1, Math.Min(until, rise)), settings.Sparsity ?? AnyTarget);
        own = schedule is not null && !schedule.IsOfLibrary;
        for (var step = 0L; own && step <= Total; step++)
            schedule!.FractionAt(step); // report errors before training
        var first = schedule?.FirstTime ?? 0;
        if (first > last)
            throw new ArgumentException($"Pruning.{nameof(WeightPruning.Schedule)}'s first event comes after {first} steps; the run has "
                + $"{Total}"
                + $"{(until < Total ? $", and masks are cut until step {until}" : "")}, so that nothing would be pruned.");
        var span = schedule switch
        {
            CubicSchedule cubic => Math.Min(cubic.End, last) - first,
            AsymptoticSchedule asymptotic => Math.Min(asymptotic.End, last) - first,
            ConstantSchedule or null => last - first,
            _ => long.MaxValue, // a jump; masks are updated there
        };
        interval = settings.Every
            ?? (own ? long.MaxValue : settings.Schedule is { Interval: > 1 } every ? every.Interval * factor
                : Math.Clamp(span / MinimumCuts, 1, LongestInterval));
        for (LastCut = last; LastCut > 0 && !IsDue(LastCut);)
            LastCut--;
    }

    /// <summary>The number of steps in the run.</summary>
    public long Total { get; }

    /// <summary>The last step after which masks are updated.</summary>
    public long LastCut { get; }

    /// <summary>The fraction that is to be inactive.</summary>
    public double Fraction(long step) => schedule?.FractionAt(step) ?? 0;

    /// <summary>The final inactive fraction.</summary>
    public double Target => schedule?.FractionAt(long.MaxValue) ?? 0;

    /// <summary>The fraction of <see cref="Target"/> that is to be inactive.</summary>
    public double Part(long step) => Target > 0 ? Fraction(step) / Target : 1;

    /// <summary>0 at the first step, 1 at the last update.</summary>
    public double Progress(long step) => end == 0 ? 1 : Math.Min(1, (double)step / end);

    public bool IsDue(long step)
    {
        if (step > until)
            return false;
        // After the last step, the network cannot recover: then masks are cut only if the fraction still rises.
        if (step == Total && step > 0 && (schedule is null || schedule.FractionAt(step) == schedule.FractionAt(step - 1)))
            return false;
        if (schedule is null)
            return step % interval == 0;
        var fraction = schedule.FractionAt(step);
        if (step < schedule.FirstTime || (fraction == 0 && step == schedule.FirstTime))
            return false;
        return (step - schedule.FirstTime) % interval == 0 || schedule switch
        {
            CubicSchedule cubic => step == cubic.End, // before its end, its fraction rises at every step
            AsymptoticSchedule asymptotic => step == asymptotic.End,
            _ when own => schedule.IsDue(step),
            _ => fraction != schedule.FractionAt(step - 1),
        };
    }
}
