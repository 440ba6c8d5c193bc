using System.Globalization;
using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>
/// Prunes neurons while a model trains: lets it mature, observes an epoch, ranks the neurons of each group, removes the least important
/// ones permanently, and continues training the smaller network. The schedule counts completed epochs.
/// </summary>
public sealed record NeuronPruning : ITrainingPruning
{
    /// <summary>What makes a neuron important: by default its share in the weighted sums of the layers that read it.</summary>
    public IImportance Importance { get; init; } = new Contribution();

    /// <summary>
    /// When and how many neurons are removed, in completed epochs. Null for a schedule that fits the run: the first event after a fifth of
    /// its epochs, the last one before the last fifth, at most 12 events, each of which removes the same fraction of the remaining
    /// neurons, until 70 % are gone or the <see cref="Budget"/> is met.
    /// </summary>
    public Schedule? Schedule { get; init; }

    /// <summary>
    /// A limit at which pruning stops, in place of the schedule's target. The fraction to remove is found by measuring smaller networks
    /// before training; the last event removes no more than the budget needs. Null to stop at the target. With a budget of an accuracy
    /// alone, the target stays (90 % without a schedule).
    /// </summary>
    public Budget? Budget { get; init; }

    /// <summary>Replaces the clock; null for the clock.</summary>
    internal ScoringSeconds? Seconds { get; init; }

    /// <summary>Whether each group is ranked by itself, or all of them together.</summary>
    public PruningScope Scope { get; init; } = PruningScope.PerGroup;

    /// <summary>How scores of different groups are compared in <see cref="PruningScope.Global"/>.</summary>
    public ScoreNormalization Normalization { get; init; } = ScoreNormalization.Mean;

    /// <summary>Neurons to keep in every group; at least 1.</summary>
    public int MinimumNeurons { get; init; } = 1;

    /// <summary>The groups that may be pruned, by name, such as "layers.linear1"; * is a wildcard. Null for all.</summary>
    public IReadOnlyList<string>? Groups { get; init; }

    /// <summary>
    /// The fraction of an epoch's batches, at its end, that data-driven criteria observe before an event; more than 0, at most 1.
    /// </summary>
    public double ObserveFraction { get; init; } = 1;

    /// <summary>
    /// Whether events only zero the weights of the least important neurons, which may grow back, until the run's last event removes them
    /// (soft filter pruning: He et al., 2018).
    /// </summary>
    public bool Soft { get; init; }

    /// <summary>
    /// The number of epochs after which weights are stored; each event resets the remaining neurons to them. 0 for the initial weights
    /// (lottery ticket: Frankle and Carbin, 2019). Null to continue with the present weights.
    /// </summary>
    public int? Rewind { get; init; }

    /// <summary>Training rows on which events are measured if there is no validation set; 0 to measure nothing then.</summary>
    public int MeasuredRows { get; init; } = 512;

    /// <summary>
    /// Whether to compare each smaller network with the masked network. This checks the removal itself, and costs two forward passes of
    /// one row.
    /// </summary>
    public bool Verify { get; init; }

    /// <summary>
    /// Runs the model on an input and returns all of its outputs, from which the groups are found; null for models of one tensor to one
    /// tensor, and for models of this library.
    /// </summary>
    public Func<nn.Module, Tensor, IReadOnlyList<Tensor>>? Forward { get; init; }

    /// <inheritdoc/>
    public ITrainingHook Begin() => new NeuronPruningHook(this);

    /// <inheritdoc/>
    public void Validate(TrainingOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        Require(Importance is not null, nameof(Importance), Importance, "a criterion");
        RequireDefined(Scope, nameof(Scope));
        RequireDefined(Normalization, nameof(Normalization));
        Require(MinimumNeurons >= 1, nameof(MinimumNeurons), MinimumNeurons, "at least 1");
        Require(Groups is null || (Groups.Count > 0 && !Groups.Any(string.IsNullOrWhiteSpace)), nameof(Groups), Groups is null ? null
            : $"[{string.Join(", ", Groups)}]", "names of groups, or null for all");
        Require(ObserveFraction is > 0 and <= 1, nameof(ObserveFraction), ObserveFraction, "more than 0 and at most 1"
            + Fractions.Hint(ObserveFraction));
        Require(MeasuredRows >= 0, nameof(MeasuredRows), MeasuredRows, "0 or more");
        Require(Budget is not { IsMeasured: true } || Schedule is null || Schedule.IsOfLibrary, nameof(Schedule),
            $"a {Schedule?.GetType().Name}", $"one of this library's, or null: a measured {nameof(Budget)} replaces its target");
        var schedule = For(options.Epochs).Schedule!;
        var due = PlannedEvents.Times(schedule, options.Epochs);
        Require(due.Count > 0, $"{nameof(Schedule)}'s first event", "later than the last epoch",
            $"within the run's {options.Epochs} epochs, or nothing would be pruned");
        Require(schedule.FractionAt(due[^1]) > 0, $"{nameof(Schedule)}'s fraction", 0, "more than 0, or nothing would be pruned");
        Require(due[0] > 0 || !Importance!.NeedsData, $"{nameof(Schedule)}'s first event", "before the first epoch",
            $"after at least one epoch, since {Importance!.GetType().Name} must watch one first");
        Require(Rewind is null || Rewind >= 0, nameof(Rewind), Rewind, "0 or more epochs, or null");
        Require(Rewind is null || Rewind <= due[0], nameof(Rewind), Rewind,
            $"at most {due[0]}, when the first event comes: what is gone by then has no weights to go back to");
        if (Budget is not null)
        {
            Require(!Soft, nameof(Soft), Soft, $"false with a {nameof(Budget)}: what is only zeroed makes no network smaller");
            Require(Budget.Floor is null || Rewind is null, nameof(Rewind), Rewind,
                "null with an accuracy to keep: weights that go back have lost it");
            Require(Budget.Floor is null || due[0] > 0, $"{nameof(Schedule)}'s first event", "before the first epoch",
                "after at least one epoch, where there is an accuracy to keep");
            Require(Budget.Floor is null || due[^1] < options.Epochs, $"{nameof(Schedule)}'s last event", "after the last epoch",
                "earlier, where there is an accuracy to come back to");
        }
        Require(Rewind is null || !Soft, nameof(Rewind), Rewind,
            $"null where {nameof(Soft)} is true: weights that are taken back cannot grow back as well");
    }

    /// <summary>A copy with the schedule for a run of so many epochs. A budget may need all neurons but the minimum.</summary>
    internal NeuronPruning For(int epochs) => Budget is { IsMeasured: true } ? Towards(epochs, BudgetSchedule.All)
        : Schedule is null ? this with { Schedule = Usual(epochs, Budget is null ? 0.70 : 0.90) }
        : this;

    /// <summary>A copy for a budget that is expected to be met when this fraction of the neurons is gone.</summary>
    internal NeuronPruning Towards(int epochs, double part) => this with
    {
        Schedule = Schedule is null ? BudgetSchedule.WithoutTarget(Usual(epochs, part)) : BudgetSchedule.Towards(Schedule, part),
    };

    static StepwiseSchedule Usual(int epochs, double target)
    {
        const int maximumEvents = 12; // removing a tenth of what is left 12 times comes to 70 %
        var (maturity, last) = (Math.Max(1, epochs / 5), Math.Max(1, (int)(4L * epochs / 5)));
        var every = Math.Max(1, (last - maturity + maximumEvents - 2) / (maximumEvents - 1));
        var events = (last - maturity) / every + 1;
        // In whole percent, rounded up: a group loses whole neurons, and must not stay above its target.
        var amount = Math.Ceiling(100 * (1 - Math.Pow(1 - target, 1.0 / events))) / 100;
        return Schedule.Stepwise(maturity, every, Math.Min(amount, target), target);
    }

    /// <summary>Warnings to log before training.</summary>
    internal IEnumerable<string> Warnings(int epochs)
    {
        var schedule = For(epochs).Schedule!;
        var due = PlannedEvents.Times(schedule, epochs);
        var (reached, target) = (PlannedEvents.Reached(schedule, due, Soft), schedule.FractionAt(int.MaxValue));
        // A budget's fraction is known later, and warned of there.
        if (reached < target - 0.005 && Budget is not { IsMeasured: true })
            yield return string.Create(CultureInfo.InvariantCulture,
                $"The schedule prunes {100 * reached:0.#} % of the neurons in {epochs} epochs, not its target of {100 * target:0.#} %.");
        if (due.Count > 0 && due[^1] == epochs && (Soft || reached > PlannedEvents.Reached(schedule, due.Take(due.Count - 1), Soft)))
            yield return $"The last pruning event comes after the last epoch, {epochs}: the network has no epoch left to recover from it.";
    }

    internal string Described => string.Create(CultureInfo.InvariantCulture,
        $"{Importance}, {Schedule}, {Scope}, {Normalization}, at least {MinimumNeurons}, groups "
            + $"{(Groups is null ? "all" : string.Join(" ", Groups))}, observe {ObserveFraction}, soft {Soft}, rewind "
            + $"{(Rewind is { } epoch ? epoch : "no")}{(Budget is null ? "" : $", budget {Budget}")}");

    static void RequireDefined<T>(T value, string setting)
        where T : struct, Enum => TrainingOptions.RequireDefined(value, $"Pruning.{setting}");

    static void Require(bool holds, string setting, object? value, string wanted) => TrainingOptions.Require(holds, $"Pruning.{setting}",
        value, wanted);
}

/// <summary>The set in which neurons are ranked.</summary>
public enum PruningScope
{
    /// <summary>Within each group, so that each loses the same fraction of its neurons.</summary>
    PerGroup,

    /// <summary>In one ranking over all groups, so that groups with important neurons keep more.</summary>
    Global,
}
