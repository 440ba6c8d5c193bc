using MLNet.Pruning.Models;

namespace MLNet.Pruning;

/// <summary>
/// A budget of weights in one run: the final inactive fraction of each layer, and how much of the way to it is done. If the accuracy is
/// not kept, the masks wait an epoch for it; after that, the weights that became inactive since it was last kept come back, and pruning
/// ends.
/// </summary>
sealed class WeightBudget
{
    // Beyond this fraction only single weights would be left of most layers.
    const double MaximumInactive = 0.99;

    // Aim lies below the budget by the error of a look; More is how much more becomes inactive if the look was wrong.
    const double Aim = 0.985, More = 0.005;

    // The part of the way after which the network is measured again.
    const double Stride = 0.05;

    readonly Budget budget;
    readonly TrainingRun run;
    readonly MaskedWeights masked;
    readonly MaskPlan plan;
    readonly BudgetProgress progress;
    readonly BudgetGauge? gauge;
    double[]? targets; // per layer, the inactive fraction at the end of the way
    double left = 1, planned, measuredAt; // parts of the way: what is left, the plan's at the last cut, done when last measured
    double leftWhenKept = 1;
    bool landed, idle, waits, isOpen;
    bool more; // the end of the way was not enough, so a little more becomes inactive with the next cut
    bool gone; // something became inactive since the accuracy was last kept

    /// <summary>The run's step at which the accuracy was last kept.</summary>
    public long KeptStep { get; private set; }

    public WeightBudget(WeightPruning settings, TrainingRun run, MaskedWeights masked, MaskPlan plan)
    {
        (budget, this.run, this.masked, this.plan) = (settings.Budget!, run, masked, plan);
        if (!budget.IsMeasured)
        {
            progress = BudgetProgress.Begin(budget, run, null);
            return;
        }
        if (CountsTime && !BudgetGauge.HasPlan(run.Model))
            throw new ArgumentException($"Pruning.Budget has a time, and a {run.Model.GetType().Name} is scored by LibTorch, which "
                + "computes "
                + $"inactive weights like any others. Give {nameof(NeuronPruning)} the budget, or bound the file's size.");
        gauge = new BudgetGauge(budget, run, ModelOutputs.Of, deflated: true, settings.Seconds);
        var now = gauge.Read(run.Model, carefully: true);
        progress = BudgetProgress.Begin(budget, run, now);
        if (now.Load <= 1)
            Idle($"The budget ({budget}) is met by the network as it is: {now}.");
        else if (Read(Paying(MaximumInactive), carefully: true) is { Load: > 1 } smallest)
            Idle(FormattableString.Invariant($"The budget ({budget}) cannot be met: with {100 * MaximumInactive} % of the weights ")
                + $"inactive, in the layers that are scored faster for it, the network still measures {smallest}; as it is, {now}.");
        else
            targets = Search();
    }

    bool CountsTime => budget.Measured.Any(limit => limit.Quantity != BudgetQuantity.FileSize);

    /// <summary>Whether no weight is ever pruned.</summary>
    public bool IsIdle => idle;

    /// <summary>Whether how much is inactive is final.</summary>
    public bool IsOver(long step) => progress.Ended || (budget.Floor is null && step >= plan.LastCut);

    /// <summary>Moves on along the way if a cut is due.</summary>
    /// <returns>Per layer, the fraction that is to be inactive; null if the layers share one ranking. And the overall fraction.</returns>
    public (double[]? ByLayer, double Sparsity) Advance(long step)
    {
        var (part, before) = (plan.Part(step), left);
        if (!waits && !progress.Ended)
        {
            // After a wait, the rest of the way makes up for it.
            left *= planned < 1 ? (1 - part) / (1 - planned) : 0;
            if (more)
                targets = [.. targets!.Select(target => target > 0 ? Math.Min(MaximumInactive, target + More) : 0)];
            gone |= left < before || more;
            more = false;
        }
        planned = part;
        if (left <= 0 && !landed && targets is not null)
        {
            // Search now, as typical weights are known.
            targets = Search();
            landed = true;
        }
        return (targets?.Select(target => target * (1 - left)).ToArray(), plan.Target * (1 - left));
    }

    /// <summary>Measurements of the network after a cut; empty if it is not time for them.</summary>
    public IReadOnlyList<BudgetMeasurement> Measure(int epoch)
    {
        if (gauge is null || progress.Ended || (1 - left < measuredAt + Stride && left > 0))
            return [];
        measuredAt = 1 - left;
        var reading = gauge.Read(run.Model, carefully: left <= 0);
        var met = left > 0 ? null : reading.Load <= 1 ? $"The budget is met: {reading}." : null;
        progress.Measured(reading, met);
        if (left <= 0 && met is null)
            more = !waits;
        else if (budget.Floor is null && met is not null)
            progress.Confirm(epoch);
        return reading.Measurements;
    }

    /// <summary>Checks the accuracy between epochs, and undoes cuts that it has not recovered from.</summary>
    /// <returns>Whether the network was changed back.</returns>
    public bool Judge(int epoch, bool over, EventMeasure measure)
    {
        if (idle || budget.Floor is null || progress.Ended)
            return false;
        // The training rows of the epoch were answered under other masks.
        if (run.Validation is null)
            progress.Look(measure);
        if (progress.IsKept)
        {
            waits = false;
            if (left <= 0)
            {
                // The network had at least the rest of this epoch to recover, and the accuracy is kept after it.
                progress.Confirm(epoch);
                if (!progress.Ended && !budget.IsMeasured)
                    progress.End(epoch, "The schedule's target is reached, and the accuracy is kept.");
                if (progress.Ended)
                    return false;
            }
            progress.Opens(int.MaxValue);
            (leftWhenKept, KeptStep, isOpen, gone) = (left, run.Step, true, false);
            return false;
        }
        if (!waits && !over)
        {
            waits = true;
            return false;
        }
        // Before the accuracy was kept once, there is nothing to go back to.
        if (!isOpen || !gone)
            return false;
        var missed = progress.Missed;
        progress.TakeBack(measure);
        left = leftWhenKept;
        // Restore the same inactive fraction even if another end of the way was found since.
        if (left < 1)
            targets = targets is null ? null : [.. masked.Masks().Masks.Select(mask => (1 - mask.Density) / (1 - left))];
        if (gauge?.Read(run.Model, carefully: true) is { } reading)
            progress.Measured(reading, null);
        progress.End(epoch, $"What had become inactive since the accuracy was kept was taken back: {missed}.");
        return true;
    }

    /// <summary>Ends pruning with the run.</summary>
    public void Conclude(int epoch)
    {
        if (!progress.Ended)
            progress.End(epoch, !progress.IsKept ? $"The run ended before the accuracy was kept: {progress.Missed}."
                : left > 0 ? "The run ended before all masks were cut."
                : "The budget is missed: all masks are cut, and the run has ended.");
        progress.Conclude();
    }

    void Idle(string why)
    {
        idle = true;
        progress.End(0, why);
        run.Warn($"Nothing is pruned: {why}");
    }

    /// <summary>The minimum inactive weights that meet the budget: the same fraction of all layers for which it pays.</summary>
    double[] Search()
    {
        var (less, enough) = (0.0, MaximumInactive);
        for (var i = 0; i < 9; i++)
        {
            var middle = (less + enough) / 2;
            if (Read(Paying(middle), carefully: false).Load <= Aim)
                enough = middle;
            else
                less = middle;
        }
        while (enough < MaximumInactive && Read(Paying(enough), carefully: true).Load > 1)
            enough = Math.Min(MaximumInactive, enough + More);
        return Paying(enough);
    }

    /// <summary>The fraction for the layers that are scored faster with it, and 0 for the others.</summary>
    double[] Paying(double fraction)
    {
        double[] sparsity = [.. masked.Layers.Select(_ => fraction)];
        if (budget.Measured.Any(limit => limit.Quantity == BudgetQuantity.FileSize))
            return sparsity;
        // Leaving some layers out may make others no longer pay: a transformer computes all of its blocks in one way.
        for (var changed = true; changed;)
        {
            changed = false;
            HashSet<string> sparse = [];
            masked.Try(sparsity, () =>
                sparse = [.. NetworkPlans.Compile(run.Model).Steps.Where(s => s.IsSparse).Select(s => $"{s.Layer}.weight")]);
            for (var l = 0; l < sparsity.Length; l++)
                if (sparsity[l] > 0 && !sparse.Contains(masked.Layers[l].Name))
                    (sparsity[l], changed) = (0, true);
        }
        return sparsity;
    }

    BudgetReading Read(double[] sparsity, bool carefully)
    {
        BudgetReading? reading = null;
        masked.Try(sparsity, () => reading = gauge!.Read(run.Model, carefully));
        return reading!;
    }

    // Flags in one byte of a checkpoint; in earlier checkpoints it is 0 or 1.
    const int Open = 1, Known = 2, Gone = 4, MoreGoes = 8;

    public void Write(BinaryWriter writer)
    {
        writer.Write(idle);
        writer.Write(landed);
        writer.Write(waits);
        writer.Write((byte)((isOpen ? Open : 0) | Known | (gone ? Gone : 0) | (more ? MoreGoes : 0)));
        writer.Write(targets is not null);
        foreach (var number in new[] { left, planned, measuredAt, leftWhenKept }.Concat(targets ?? []))
            writer.Write(number);
        writer.Write(KeptStep);
        progress.Write(writer);
    }

    public void Read(BinaryReader reader)
    {
        (idle, landed, waits) = (reader.ReadBoolean(), reader.ReadBoolean(), reader.ReadBoolean());
        var flags = reader.ReadByte();
        targets = reader.ReadBoolean() ? new double[masked.Layers.Count] : null;
        (left, planned, measuredAt, leftWhenKept) = (reader.ReadDouble(), reader.ReadDouble(), reader.ReadDouble(), reader.ReadDouble());
        for (var l = 0; l < targets?.Length; l++)
            targets[l] = reader.ReadDouble() is var target && target * (1 - left) is >= 0 and <= 1 ? target
                : throw new InvalidDataException("The checkpoint's budget has a layer of which no such fraction can be inactive.");
        (isOpen, more) = ((flags & Open) != 0, (flags & MoreGoes) != 0);
        gone = (flags & Known) != 0 ? (flags & Gone) != 0 : left != leftWhenKept;
        KeptStep = reader.ReadInt64();
        progress.Read(reader);
    }
}
