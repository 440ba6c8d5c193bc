using System.Globalization;

namespace MLNet.Pruning;

/// <summary>
/// Prunes single weights while a model trains: the network computes with masked weights, and every so many steps the masks are updated
/// from the persistent weights, which continue to learn. Layers keep their shapes; inactive weights are 0 in the model.
/// </summary>
public sealed record WeightPruning : ITrainingPruning
{
    /// <summary>
    /// The final inactive fraction of the weights; at least 0, less than 1. Null if <see cref="Schedule"/>, <see cref="Rule"/>,
    /// <see cref="Fixed"/> or <see cref="Budget"/> determines it.
    /// </summary>
    public double? Sparsity { get; init; }

    /// <summary>
    /// A limit at which pruning stops, in place of a <see cref="Sparsity"/>. The final number of inactive weights is found by measuring;
    /// only layers that are scored faster with inactive weights get any. A <see cref="Schedule"/> then says when, not how many. Null to
    /// stop at the sparsity. With a budget of an accuracy alone, the sparsity or the schedule's target stays.
    /// </summary>
    public Budget? Budget { get; init; }

    /// <summary>Replaces the clock; null for the clock.</summary>
    internal ScoringSeconds? Seconds { get; init; }

    /// <summary>
    /// The inactive fraction over time; null for a cubic from the first step to three quarters of the run. Times are completed steps,
    /// unless <see cref="ScheduleIn"/> says otherwise. If <see cref="Sparsity"/> is set as well, the schedule must end there.
    /// </summary>
    public Schedule? Schedule { get; init; }

    /// <summary>The unit of the times of <see cref="Schedule"/> and <see cref="Until"/>.</summary>
    public ScheduleUnit ScheduleIn { get; init; } = ScheduleUnit.Steps;

    /// <summary>
    /// Steps between mask updates, counted from the schedule's first time; at least 1. Null for the schedule's own interval if that is
    /// more than 1, and otherwise for one that gives at least 20 updates between the schedule's start and its end (or the run's), but at
    /// most 100 steps. Masks are also updated when a schedule starts, jumps or ends.
    /// </summary>
    public int? Every { get; init; }

    /// <summary>The last time at which masks are updated; null for the end of the run.</summary>
    public long? Until { get; init; }

    /// <summary>What happens to inactive weights.</summary>
    public Reactivation Reactivation { get; init; } = Reactivation.Persistent;

    /// <summary>
    /// The fraction of its value that an inactive weight loses in every step; at least 0, less than 1. 0, as in the burden paper, for no
    /// loss. Inactive weights are updated by gradients that do not see their effect, so with many of them they may come back too large; a
    /// thousandth per step is enough to prevent that (after SR-STE: Zhou et al., 2021).
    /// </summary>
    public double InactiveDecay { get; init; }

    /// <summary>The importance of a weight; by default its magnitude.</summary>
    public IWeightCriterion Criterion { get; init; } = new Magnitude();

    /// <summary>How masks follow from scores; by default the weights with the largest scores are active.</summary>
    public MaskRule Rule { get; init; } = MaskRule.Largest;

    /// <summary>How inactive weights are distributed over the layers.</summary>
    public MaskDistribution Distribution { get; init; } = MaskDistribution.PerLayer;

    /// <summary>
    /// The parameters that get masks, by name, such as "layers.linear1.weight"; * is a wildcard. Null for the weights of all linear layers
    /// and convolutions.
    /// </summary>
    public IReadOnlyList<string>? Weights { get; init; }

    /// <summary>Exceptions from <see cref="Weights"/>, such as the weights of the last layer; * is a wildcard.</summary>
    public IReadOnlyList<string>? Except { get; init; }

    /// <summary>Fixed masks for the whole run; null to find masks.</summary>
    public WeightMasks? Fixed { get; init; }

    /// <summary>
    /// The masks at the first step, such as <see cref="WeightMasks.Of"/> a model that was pruned before; null for all weights active. From
    /// then on, at least as many weights are inactive, unless <see cref="Sparsity"/> or the schedule ends with fewer. Layers without a mask
    /// among these start with all of their weights.
    /// </summary>
    public WeightMasks? InitialMasks { get; init; }

    /// <inheritdoc/>
    public ITrainingHook Begin() => new WeightPruningHook(this);

    /// <inheritdoc/>
    public void Validate(TrainingOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        Require(Criterion is not null, nameof(Criterion), Criterion, "a criterion");
        Require(Rule is not null, nameof(Rule), Rule, "a rule");
        RequireDefined(ScheduleIn, nameof(ScheduleIn));
        RequireDefined(Reactivation, nameof(Reactivation));
        RequireDefined(Distribution, nameof(Distribution));
        Require(
            Sparsity is null or (>= 0 and < 1), nameof(Sparsity), Sparsity, "at least 0 and less than 1" + Fractions.Hint(Sparsity ?? 0));
        Require(InactiveDecay is >= 0 and < 1, nameof(InactiveDecay), InactiveDecay, "at least 0 and less than 1");
        Require(InactiveDecay == 0 || (Reactivation == Reactivation.Persistent && Fixed is null), nameof(InactiveDecay), InactiveDecay,
            "0, as what is inactive does not live on");
        Require(Every is null or >= 1, nameof(Every), Every, "at least 1, or null");
        Require(Until is null or >= 0, nameof(Until), Until, "0 or more, or null");
        Names(nameof(Weights), Weights);
        Names(nameof(Except), Except);
        Require(Distribution == MaskDistribution.PerLayer || !Rule!.ByLayer, nameof(Distribution), Distribution,
            $"{MaskDistribution.PerLayer}, as the rule cuts each layer by its shape");
        Require(InitialMasks is null || Fixed is null, nameof(InitialMasks), "given", $"null with {nameof(Fixed)} masks");
        if (Budget is not null)
        {
            Require(Fixed is null, nameof(Fixed), "given", $"null with a {nameof(Budget)}, which finds masks");
            Require(!Rule!.FindsAmount, nameof(Rule), Rule, $"one that leaves it to the {nameof(Budget)} how much is inactive");
        }
        if (Budget is { IsMeasured: true })
        {
            Require(Sparsity is null, nameof(Sparsity), Sparsity, $"null with a {nameof(Budget)}, which says how much is inactive");
            Require(Rule!.Sparsity is null, nameof(Rule), Rule, $"one that leaves it to the {nameof(Budget)} how much is inactive");
            Require(Distribution == MaskDistribution.PerLayer, nameof(Distribution), Distribution,
                $"{MaskDistribution.PerLayer} with a {nameof(Budget)}, which says how much of each layer is inactive");
        }
        var free = Fixed is not null ? "masks are fixed" : Rule!.FindsAmount ? "the rule finds out how much is inactive" : null;
        if (free is not null)
        {
            Require(Sparsity is null, nameof(Sparsity), Sparsity, $"null where {free}");
            Require(Schedule is null, nameof(Schedule), Schedule, $"null where {free}");
        }
        if (Fixed is not null)
        {
            Require(Rule == MaskRule.Largest, nameof(Rule), Rule, $"left alone where {free}");
            Require(Weights is null && Except is null, nameof(Weights), Weights ?? Except, $"null where {free}: they name their weights");
            return;
        }
        var end = Rule!.Sparsity ?? Sparsity;
        Require(end is not null || Schedule is not null || free is not null || Budget is { IsMeasured: true }, nameof(Sparsity), Sparsity,
            $"a fraction, unless {nameof(Schedule)} tells how much goes");
        Require(Sparsity is null || Sparsity == end, nameof(Sparsity), Sparsity, $"{end}, which the pattern makes it, or null");
        if (Schedule is not null && end is not null)
            Require(Math.Abs(Schedule.FractionAt(int.MaxValue) - end.Value) < 1e-9, $"{nameof(Schedule)}'s last fraction",
                Schedule.FractionAt(int.MaxValue), $"the {nameof(Sparsity)}, {end}");
        if (ScheduleIn == ScheduleUnit.Epochs && Schedule is not null)
            Require(Schedule.FirstTime <= options.Epochs, $"{nameof(Schedule)}'s first event", $"after {Schedule.FirstTime} epochs",
                $"within the run's {options.Epochs} epochs, or nothing would be pruned");
        var atOnce = free is not null || (Schedule is { FirstTime: 0 } && Schedule.FractionAt(0) > 0)
            || (Schedule is null && Rule.Sparsity is not null);
        Require(!Criterion!.NeedsGradient || !atOnce, $"{nameof(Schedule)}'s first event", "before the first step",
            $"after at least one step, since {Criterion.GetType().Name} must see a gradient first");
    }

    /// <summary>A warning to log before training if a run of this plan ends short of its target; otherwise null.</summary>
    internal string? Warning(MaskPlan plan) =>
        Budget is not { IsMeasured: true } && plan.Fraction(plan.LastCut) is var reached && reached < plan.Target - 0.005
            ? string.Create(CultureInfo.InvariantCulture,
                $"The schedule makes {100 * reached:0.#} % of the weights inactive by step {plan.LastCut}, the last of this run's "
                + $"{plan.Total} at which masks are cut, not its target of {100 * plan.Target:0.#} %.")
            : null;

    // Checkpoints and studies store this text, so its words must not change.
    internal string Described => string.Create(CultureInfo.InvariantCulture,
        $"{Criterion}, {Rule}, {Distribution}, {Reactivation}{(InactiveDecay > 0 ? $" fading by {InactiveDecay}" : "")}, "
        + $"sparsity {(Sparsity is { } s ? s : "by schedule")}, {(object?)Schedule ?? "usual schedule"} in {ScheduleIn}, "
        + $"every {(Every is { } e ? e : "usual")}, until {(Until is { } u ? u : "the end")}, "
        + $"weights {List(Weights)}, except {List(Except)}, "
        + $"{(Fixed is null ? "found" : $"fixed {Fixed.ActiveCount} of {Fixed.Count}, {Digest(Fixed)}")}"
        + $"{(Budget is null ? "" : $", budget {Budget}")}"
        + $"{(InitialMasks is null ? "" : $", from {InitialMasks.ActiveCount} of {InitialMasks.Count}, {Digest(InitialMasks)}")}");

    static string Digest(WeightMasks masks)
    {
        using var file = new MemoryStream();
        masks.Save(file);
        return Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(file.GetBuffer().AsSpan(0, (int)file.Length)).AsSpan(0, 8));
    }

    static string List(IReadOnlyList<string>? names) => names is null ? "usual" : string.Join(" ", names);

    static void Names(string setting, IReadOnlyList<string>? names) =>
        Require(names is null || (names.Count > 0 && !names.Any(string.IsNullOrWhiteSpace)), setting,
            names is null ? null : $"[{string.Join(", ", names)}]", "names of parameters, or null");

    static void RequireDefined<T>(T value, string setting)
        where T : struct, Enum => TrainingOptions.RequireDefined(value, $"Pruning.{setting}");

    static void Require(bool holds, string setting, object? value, string wanted) =>
        TrainingOptions.Require(holds, $"Pruning.{setting}", value, wanted);
}

/// <summary>What happens to a weight while it is inactive.</summary>
public enum Reactivation
{
    /// <summary>It continues to learn from the gradient of its masked value (0), and comes back with what it has learnt.</summary>
    Persistent,

    /// <summary>It keeps its value from when it became inactive: no gradient, momentum or weight decay changes it.</summary>
    Frozen,
}

/// <summary>How inactive weights are distributed over the layers.</summary>
public enum MaskDistribution
{
    /// <summary>The same fraction of each layer is inactive.</summary>
    PerLayer,

    /// <summary>One ranking over all layers, so that layers with important weights keep more.</summary>
    Global,

    /// <summary>
    /// The density of a layer is in proportion to the sum of its dimensions divided by their product, so that small layers stay denser
    /// (Erdos-Renyi-Kernel: Evci et al., 2020).
    /// </summary>
    ErdosRenyiKernel,
}
