namespace MLNet.Pruning.Outside.Tests;

[TestClass]
public sealed class OwnSchedule
{
    [TestMethod]
    public void Masks_follow_it()
    {
        var history = Points.Train(new WeightPruning { Schedule = new Halving(Start: 2, Every: 5, Times: 3) }.Begin()).History;
        CollectionAssert.AreEqual(new long[] { 2, 7, 12, 17 }, history.Events.Select(e => e.Step).ToArray());
        var inactive = history.Events.Select(e => 1 - (double)e.WeightsOn! / (double)e.Weights!);
        CollectionAssert.AreEqual(new[] { 0.5, 0.75, 0.875, 0.875 }, inactive.ToArray());
        var epochs = Points.Train(new WeightPruning { Schedule = new Halving(1, 2, 2), ScheduleIn = ScheduleUnit.Epochs }.Begin()).History;
        CollectionAssert.AreEqual(new long[] { 4, 12 }, epochs.Events.Select(e => e.Step).ToArray());
        Assert.AreEqual(0.75, new Halving(0, 1, 2).Fraction(long.MaxValue));
    }

    [TestMethod]
    public void A_file_size_is_met_by_weights_that_go_as_it_says()
    {
        var pruning = new WeightPruning { Schedule = new Halving(Start: 2, Every: 5, Times: 3), Budget = Budget.FileSize(1500) };
        Assert.IsTrue(Points.Train(pruning.Begin()).History.Budget!.Met);
    }

    [TestMethod]
    public void With_a_measured_budget_neurons_need_a_schedule_of_the_library()
    {
        var pruning = new NeuronPruning { Schedule = new Halving(1, 1, 2), Budget = Budget.FileSize(1500) };
        var failure = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => pruning.Validate(new TrainingOptions()));
        StringAssert.Contains(failure.Message, "Pruning.Schedule is a Halving; it must be one of this library's");
        (pruning with { Budget = Budget.Accuracy(0.5) }).Validate(new TrainingOptions());
    }

    [TestMethod]
    public void A_fraction_that_is_none_is_refused_before_training()
    {
        var steps = 0;
        foreach (double wrong in (double[])[double.NaN, -0.1, 1.5])
        {
            Refused(new WeightPruning { Schedule = new Sudden(7, wrong) }, "at time 7");
            Refused(new WeightPruning { Schedule = new Sudden(2, wrong), ScheduleIn = ScheduleUnit.Epochs }, "at time 2");
            Refused(new NeuronPruning { Schedule = new Sudden(3, wrong) }, "at time 3");

            void Refused(ITrainingPruning pruning, string time)
            {
                string message = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Points.Train(new Counted(pruning.Begin(), () => steps++))).Message;
                StringAssert.Contains(message, FormattableString.Invariant($"Sudden gives the fraction {wrong} {time}; it must be at least 0 and at most 1."));
            }
        }
        Assert.AreEqual(0, steps);
    }

    /// <summary>Right but for one time.</summary>
    sealed record Sudden(long Time, double Wrong) : Schedule
    {
        protected override long FirstTime => 1;

        public override bool IsDue(long time) => time > 0;

        public override double Fraction(long time) => time == Time ? Wrong : 0.5;
    }

    sealed class Counted(ITrainingHook hook, Action step) : ITrainingHook
    {
        public void Started(TrainingRun run) => hook.Started(run);

        public void AfterStep(TrainingRun run) => step();

        public void Ended(TrainingRun run) => hook.Ended(run);
    }
}

// docs
/// <summary>Removes half of what is left, a few times.</summary>
sealed record Halving(long Start, long Every, int Times) : Schedule
{
    protected override long FirstTime => Start;

    public override bool IsDue(long time) => time >= Start && (time - Start) % Every == 0;

    // The time may be long.MaxValue: the minimum comes before the 1 is added.
    public override double Fraction(long time) =>
        time < Start ? 0 : 1 - Math.Pow(0.5, 1 + Math.Min(Times - 1, (time - Start) / Every));
}
// end
