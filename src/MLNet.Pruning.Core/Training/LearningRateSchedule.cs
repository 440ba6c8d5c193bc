namespace MLNet.Pruning;

/// <summary>A factor on the learning rate that depends on the progress of the run.</summary>
public abstract record LearningRateSchedule
{
    /// <summary>
    /// The factor after <paramref name="epochs"/> epochs (with the fraction of the current one) of <paramref name="total"/>.
    /// </summary>
    public abstract double Factor(double epochs, int total);

    /// <summary>Throws an <see cref="ArgumentException"/> that names a wrong value.</summary>
    public abstract void Validate();

    /// <summary>Multiplies by <paramref name="factor"/> after every <paramref name="every"/> epochs.</summary>
    public static LearningRateSchedule Stepwise(int every, double factor) => new StepwiseRate(every, factor);

    /// <summary>
    /// Half a cosine from 1 down to <paramref name="minimum"/>, after a linear increase over <paramref name="warmup"/> epochs.
    /// </summary>
    public static LearningRateSchedule Cosine(double minimum = 0, double warmup = 0) => new CosineRate(minimum, warmup);

    /// <summary>Any function of (epochs with fraction, total epochs).</summary>
    public static LearningRateSchedule From(Func<double, int, double> factor) => new FunctionRate(factor);
}

sealed record StepwiseRate(int Every, double Multiplier) : LearningRateSchedule
{
    public override double Factor(double epochs, int total) => Math.Pow(Multiplier, Math.Floor(epochs / Every));

    public override void Validate()
    {
        TrainingOptions.Require(Every >= 1, "Schedule.Every", Every, "at least 1");
        TrainingOptions.Require(double.IsFinite(Multiplier) && Multiplier > 0, "Schedule.Factor", Multiplier, "above 0");
    }
}

sealed record CosineRate(double Minimum, double Warmup) : LearningRateSchedule
{
    public override double Factor(double epochs, int total)
    {
        if (epochs < Warmup)
            return Math.Max(Minimum, epochs / Warmup);
        var span = total - Warmup;
        var done = span > 0 ? Math.Min(1, (epochs - Warmup) / span) : 1;
        return Minimum + (1 - Minimum) * 0.5 * (1 + Math.Cos(Math.PI * done));
    }

    public override void Validate()
    {
        TrainingOptions.Require(Minimum is >= 0 and <= 1, "Schedule.Minimum", Minimum, "in [0, 1]");
        TrainingOptions.Require(double.IsFinite(Warmup) && Warmup >= 0, "Schedule.Warmup", Warmup, "0 or more epochs");
    }
}

sealed record FunctionRate(Func<double, int, double> Function) : LearningRateSchedule
{
    public override double Factor(double epochs, int total)
    {
        var factor = Function(epochs, total);
        return double.IsFinite(factor) && factor >= 0
            ? factor
            : throw new InvalidOperationException($"The learning-rate schedule gave {factor} after {epochs:0.##} epochs; a factor is "
                + "finite and 0 or more.");
    }

    public override void Validate() => ArgumentNullException.ThrowIfNull(Function);
}
