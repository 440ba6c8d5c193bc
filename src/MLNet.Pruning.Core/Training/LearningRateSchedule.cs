namespace MLNet.Pruning;

/// <summary>How far a run has come, for a schedule of the learning rate.</summary>
/// <param name="Step">The steps before this one.</param>
/// <param name="Steps">The steps of the whole run.</param>
/// <param name="StepsPerEpoch">The steps of an epoch.</param>
public readonly record struct TrainingTime(long Step, long Steps, int StepsPerEpoch)
{
    /// <summary>The epochs before this step, with the fraction of the current one.</summary>
    public double Epoch => Step / StepsPerEpoch + (double)(Step % StepsPerEpoch) / StepsPerEpoch;

    /// <summary>The epochs of the whole run.</summary>
    public double Epochs => (double)Steps / StepsPerEpoch;

    internal double In(ScheduleUnit unit) => unit == ScheduleUnit.Steps ? Step : Epoch;

    /// <summary>How much of a length has passed, at most 1; null for the length of the run.</summary>
    internal double Part(double? length, ScheduleUnit unit) =>
        Math.Min(1, In(unit) / (length ?? (unit == ScheduleUnit.Steps ? Steps : Epochs)));
}

/// <summary>A factor on the learning rate that depends on the progress of the run. Immutable.</summary>
public abstract record LearningRateSchedule
{
    /// <summary>The factor for the step at this time; finite, at least 0.</summary>
    public abstract double Factor(TrainingTime time);

    /// <summary>Throws an <see cref="ArgumentException"/> that names a wrong value.</summary>
    public abstract void Validate();

    /// <summary>Multiplies by <paramref name="factor"/> after every <paramref name="every"/> epochs or steps.</summary>
    public static LearningRateSchedule Stepwise(int every, double factor, ScheduleUnit unit = ScheduleUnit.Epochs) =>
        new StepwiseRate(every, factor) { Unit = unit };

    /// <summary>Multiplies by <paramref name="factor"/> at each of these times, in epochs or steps.</summary>
    public static LearningRateSchedule Milestones(IReadOnlyList<int> at, double factor, ScheduleUnit unit = ScheduleUnit.Epochs) =>
        new MilestoneRate([.. at ?? []], factor, unit);

    /// <summary>Multiplies by <paramref name="factor"/> with every epoch, a little in each step; or with every step.</summary>
    public static LearningRateSchedule Exponential(double factor, ScheduleUnit unit = ScheduleUnit.Epochs) =>
        new ExponentialRate(factor, unit);

    /// <summary>A line from <paramref name="start"/> to <paramref name="end"/>, and <paramref name="end"/> after it.</summary>
    /// <param name="start">The factor at the beginning; at least 0.</param>
    /// <param name="end">The factor at the end; at least 0.</param>
    /// <param name="length">Epochs or steps from one to the other; null for the whole run.</param>
    /// <param name="unit">The unit of the length.</param>
    public static LearningRateSchedule Linear(double start, double end, double? length = null, ScheduleUnit unit = ScheduleUnit.Epochs) =>
        new LinearRate(start, end, length, unit);

    /// <summary>A power of the rest of the way, (1 - t / length)^power: 1 at the beginning, 0 at the end and after it.</summary>
    /// <param name="power">The exponent; above 0. 1 for a line.</param>
    /// <param name="length">Epochs or steps; null for the whole run.</param>
    /// <param name="unit">The unit of the length.</param>
    public static LearningRateSchedule Polynomial(double power, double? length = null, ScheduleUnit unit = ScheduleUnit.Epochs) =>
        new PolynomialRate(power, length, unit);

    /// <summary>
    /// Half a cosine from 1 down to <paramref name="minimum"/>, after a linear increase over <paramref name="warmup"/> epochs.
    /// </summary>
    public static LearningRateSchedule Cosine(double minimum = 0, double warmup = 0) => new CosineRate(minimum, warmup);

    /// <summary>
    /// Once up to the learning rate and down again, each by half a cosine, over the whole run (Smith and Topin, 2018).
    /// </summary>
    /// <param name="rise">The part of the run until the peak; above 0, below 1.</param>
    /// <param name="start">The factor of the first step; at least 0, at most 1.</param>
    /// <param name="end">The factor of the last step; at least 0, at most 1.</param>
    public static LearningRateSchedule OneCycle(double rise = 0.3, double start = 0.04, double end = 4e-6) =>
        new OneCycleRate(rise, start, end);

    /// <summary>Any function of (epochs with fraction, total epochs).</summary>
    public static LearningRateSchedule From(Func<double, int, double> factor) => new FunctionRate(factor is null ? null!
        : time => factor(time.Epoch, (int)Math.Round(time.Epochs)));

    /// <summary>Any function of the time.</summary>
    public static LearningRateSchedule From(Func<TrainingTime, double> factor) => new FunctionRate(factor);

    /// <summary>This schedule after a linear increase; it begins when the increase ends, and has the rest of the run.</summary>
    /// <param name="length">Epochs or steps; at least 0.</param>
    /// <param name="unit">The unit of the length.</param>
    /// <param name="start">The part of this schedule's first factor with which the increase begins; at least 0, at most 1.</param>
    public LearningRateSchedule WithWarmup(double length, ScheduleUnit unit = ScheduleUnit.Steps, double start = 0) =>
        new WarmedUpRate(this, length, unit, start);

    private protected static void Require(bool holds, string setting, object? value, string wanted) =>
        TrainingOptions.Require(holds, $"Schedule.{setting}", value, wanted);

    private protected static void RequireFactor(double factor) =>
        Require(double.IsFinite(factor) && factor > 0, "Factor", factor, "above 0");

    private protected static void RequireUnit(ScheduleUnit unit) => TrainingOptions.RequireDefined(unit, "Schedule.Unit");

    private protected static void RequireLength(double? length, ScheduleUnit unit)
    {
        Require(length is null || (double.IsFinite(length.Value) && length > 0), "Length", length, "above 0, or null for the whole run");
        RequireUnit(unit);
    }
}

sealed record StepwiseRate(int Every, double Multiplier) : LearningRateSchedule
{
    public ScheduleUnit Unit { get; init; } = ScheduleUnit.Epochs;

    public override double Factor(TrainingTime time) => Math.Pow(Multiplier, Math.Floor(time.In(Unit) / Every));

    public override void Validate()
    {
        Require(Every >= 1, "Every", Every, "at least 1");
        RequireFactor(Multiplier);
        RequireUnit(Unit);
    }
}

sealed record MilestoneRate(int[] At, double Multiplier, ScheduleUnit Unit) : LearningRateSchedule
{
    public override double Factor(TrainingTime time) => Math.Pow(Multiplier, At.Count(at => at <= time.In(Unit)));

    public override void Validate()
    {
        Require(At.Length > 0 && At.All(at => at >= 1) && At.Zip(At.Skip(1)).All(pair => pair.First < pair.Second), "At",
            $"[{string.Join(", ", At)}]", "times from 1 on, each later than the one before");
        RequireFactor(Multiplier);
        RequireUnit(Unit);
    }

    public override string ToString() => FormattableString.Invariant($"milestones([{string.Join(", ", At)}], {Multiplier}, {Unit})");
}

sealed record ExponentialRate(double Multiplier, ScheduleUnit Unit) : LearningRateSchedule
{
    public override double Factor(TrainingTime time) => Math.Pow(Multiplier, time.In(Unit));

    public override void Validate()
    {
        RequireFactor(Multiplier);
        RequireUnit(Unit);
    }
}

sealed record LinearRate(double Start, double End, double? Length, ScheduleUnit Unit) : LearningRateSchedule
{
    public override double Factor(TrainingTime time) =>
        Start + (End - Start) * time.Part(Length, Unit);

    public override void Validate()
    {
        Require(double.IsFinite(Start) && Start >= 0, "Start", Start, "0 or more");
        Require(double.IsFinite(End) && End >= 0, "End", End, "0 or more");
        RequireLength(Length, Unit);
    }
}

sealed record PolynomialRate(double Power, double? Length, ScheduleUnit Unit) : LearningRateSchedule
{
    public override double Factor(TrainingTime time) => Math.Pow(1 - time.Part(Length, Unit), Power);

    public override void Validate()
    {
        Require(double.IsFinite(Power) && Power > 0, "Power", Power, "above 0");
        RequireLength(Length, Unit);
    }
}

sealed record CosineRate(double Minimum, double Warmup) : LearningRateSchedule
{
    public override double Factor(TrainingTime time)
    {
        var (epochs, total) = (time.Epoch, time.Epochs);
        if (epochs < Warmup)
            return Math.Max(Minimum, epochs / Warmup);
        var span = total - Warmup;
        var done = span > 0 ? Math.Min(1, (epochs - Warmup) / span) : 1;
        return Minimum + (1 - Minimum) * 0.5 * (1 + Math.Cos(Math.PI * done));
    }

    public override void Validate()
    {
        Require(Minimum is >= 0 and <= 1, "Minimum", Minimum, "in [0, 1]");
        Require(double.IsFinite(Warmup) && Warmup >= 0, "Warmup", Warmup, "0 or more epochs");
    }
}

sealed record OneCycleRate(double Rise, double Start, double End) : LearningRateSchedule
{
    public override double Factor(TrainingTime time)
    {
        // The peak is a step, and so is the end: of n steps, the last one is number n - 1.
        var (peak, last) = (Rise * time.Steps - 1, time.Steps - 1);
        return time.Step <= peak ? Between(Start, 1, peak > 0 ? time.Step / peak : 1)
            : Between(1, End, last > peak ? Math.Min(1, (time.Step - peak) / (last - peak)) : 1);

        static double Between(double from, double to, double part) => to + (from - to) / 2 * (1 + Math.Cos(Math.PI * part));
    }

    public override void Validate()
    {
        Require(Rise is > 0 and < 1, "Rise", Rise, "above 0 and below 1" + Fractions.Hint(Rise));
        Require(Start is >= 0 and <= 1, "Start", Start, "in [0, 1]");
        Require(End is >= 0 and <= 1, "End", End, "in [0, 1]");
    }
}

sealed record WarmedUpRate(LearningRateSchedule Then, double Length, ScheduleUnit Unit, double Start) : LearningRateSchedule
{
    public override double Factor(TrainingTime time)
    {
        var steps = (long)Math.Ceiling(Unit == ScheduleUnit.Steps ? Length : Length * time.StepsPerEpoch);
        var after = time with { Step = Math.Max(0, time.Step - steps), Steps = Math.Max(1, time.Steps - steps) };
        return Then.Factor(after) * (time.Step < steps ? Start + (1 - Start) * time.Step / steps : 1);
    }

    public override void Validate()
    {
        Require(double.IsFinite(Length) && Length >= 0, "Warmup", Length, "0 or more");
        Require(Start is >= 0 and <= 1, "Start", Start, "in [0, 1]");
        RequireUnit(Unit);
        Then.Validate();
    }
}

sealed record FunctionRate(Func<TrainingTime, double> Function) : LearningRateSchedule
{
    public override double Factor(TrainingTime time)
    {
        var factor = Function(time);
        return double.IsFinite(factor) && factor >= 0
            ? factor
            : throw new InvalidOperationException($"The learning-rate schedule gave {factor} after {time.Epoch:0.##} epochs; a factor is "
                + "finite and 0 or more.");
    }

    public override void Validate() => ArgumentNullException.ThrowIfNull(Function);

    public override string ToString() => "a function";
}
