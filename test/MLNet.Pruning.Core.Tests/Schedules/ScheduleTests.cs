namespace MLNet.Pruning.Tests.Schedules;

[TestClass]
public sealed class ScheduleTests
{
    static long[] Due(Schedule schedule, int until) => [.. Enumerable.Range(0, until + 1).Select(t => (long)t).Where(schedule.IsDue)];

    [TestMethod]
    public void A_percentage_is_asked_whether_a_fraction_was_meant()
    {
        Asked("target of a schedule is 70; it must be more than 0 and less than 1 (did you mean 0.70?). (Parameter 'target')", () => Schedule.Stepwise(1, 1, 0.1, 70));
        Asked("amount of a schedule is 2.5; it must be more than 0 and less than 1 (did you mean 0.025?). (Parameter 'amount')", () => Schedule.Stepwise(1, 1, 2.5, 0.7));
        Asked("fraction of a schedule is 5; it must be at least 0 and less than 1 (did you mean 0.05?). (Parameter 'fraction')", () => Schedule.Constant(5));
        Asked("target of a schedule is 1; it must be more than 0 and less than 1. (Parameter 'target')", () => Schedule.OneShot(1, 1));
        Asked("target of a schedule is 100; it must be more than 0 and less than 1. (Parameter 'target')", () => Schedule.OneShot(1, 100));
        Asked("end of a schedule is 2; it must be more than its start, 5. (Parameter 'end')", () => Schedule.Cubic(5, 2, 0.7));
        Asked("initial of a schedule is 0.8; it must be at most its target, 0.7. (Parameter 'initial')", () => Schedule.Cubic(5, 9, 0.7, 0.8));
        Asked("every of a schedule is 0; it must be at least 1. (Parameter 'every')", () => Schedule.Cubic(5, 9, 0.7, every: 0));

        static void Asked(string message, Action make) => Assert.AreEqual(message, Assert.ThrowsExactly<ArgumentOutOfRangeException>(make).Message);
    }

    [TestMethod]
    public void Stepwise_waits_for_maturity_and_then_keeps_its_beat()
    {
        CollectionAssert.AreEqual(new long[] { 30, 40, 50 }, Due(Schedule.Stepwise(30, 10, 0.1, 0.7), 55));
        CollectionAssert.AreEqual(new long[] { 0, 2, 4 }, Due(Schedule.Stepwise(0, 2, 0.1, 0.7), 5));
    }

    [TestMethod]
    public void Stepwise_removes_the_rounded_down_part_of_what_is_left_and_never_overshoots_its_target()
    {
        var schedule = Schedule.Stepwise(maturity: 0, every: 1, amount: 0.25, target: 0.7);
        var sizes = new List<int> { 50 };
        for (var epoch = 0; epoch < 10; epoch++)
            sizes.Add(sizes[^1] - schedule.Removals(epoch, 50, sizes[^1]));
        // 12, 9, 7, 5 of what is left; then 2 rather than 4, because 35 of 50 is the target.
        CollectionAssert.AreEqual(new[] { 50, 38, 29, 22, 17, 15, 15, 15, 15, 15, 15 }, sizes);
    }

    [TestMethod]
    public void Nothing_is_removed_between_events_or_below_the_minimum()
    {
        var schedule = Schedule.Stepwise(5, 5, 0.9, 0.95);
        Assert.AreEqual(0, schedule.Removals(4, 10, 10));
        Assert.AreEqual(9, schedule.Removals(5, 10, 10));
        Assert.AreEqual(6, schedule.Removals(5, 10, 10, minimum: 4));
        Assert.AreEqual(0, schedule.Removals(5, 10, 3, minimum: 4));
        Assert.AreEqual(0, schedule.Removals(5, 1, 1));
    }

    [TestMethod]
    public void A_fraction_is_the_decimal_that_was_written()
    {
        // The doubles nearest to 0.29 and 0.57 lie below them: times 100, they round down to 28 and 56.
        Assert.AreEqual(29, Schedule.Stepwise(0, 1, 0.29, 0.9).Removals(0, 100, 100));
        Assert.AreEqual(57, Schedule.OneShot(0, 0.57).Removals(0, 100, 100));
    }

    [TestMethod]
    public void Asymptotic_has_three_quarters_of_its_target_after_an_eighth_of_the_time()
    {
        var schedule = Schedule.Asymptotic(start: 10, end: 26, target: 0.8, every: 2);
        // a exp(-k t) + b through (0, 0), (1/8, 3/4) and (1, 1) of the way: solved elsewhere.
        foreach (var (time, fraction) in new[] { (9, 0), (10, 0), (11, 0.399996947182), (12, 0.6), (14, 0.750006868971), (18, 0.796886591526), (25, 0.799987788869), (26, 0.8), (99, 0.8) })
            Assert.AreEqual(fraction, schedule.Fraction(time), 1e-9, $"{time}");
        CollectionAssert.AreEqual(new long[] { 10, 12, 14, 16 }, Enumerable.Range(0, 17).Select(t => (long)t).Where(schedule.IsDue).ToArray());
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Schedule.Asymptotic(5, 5, 0.5));
    }

    [TestMethod]
    public void Cubic_follows_its_formula_between_start_and_end_and_is_flat_outside()
    {
        var schedule = Schedule.Cubic(start: 100, end: 300, target: 0.9, initial: 0.1, every: 50);
        Assert.AreEqual(0, schedule.Fraction(99));
        Assert.AreEqual(0.1, schedule.Fraction(100), 1e-15);
        Assert.AreEqual(0.9 - 0.8 * 0.75 * 0.75 * 0.75, schedule.Fraction(150), 1e-15);
        Assert.AreEqual(0.9 - 0.8 / 8, schedule.Fraction(200), 1e-15);
        Assert.AreEqual(0.9, schedule.Fraction(300));
        Assert.AreEqual(0.9, schedule.Fraction(1000));
        CollectionAssert.AreEqual(new long[] { 100, 150, 200, 250, 300, 350 }, Due(schedule, 399));
    }

    [TestMethod]
    public void Cubic_has_an_event_at_its_end_even_out_of_step()
    {
        CollectionAssert.AreEqual(new long[] { 3, 7, 10, 11, 15 }, Due(Schedule.Cubic(3, 10, 0.5, every: 4), 18));
    }

    [TestMethod]
    public void Constant_keeps_its_fraction_and_its_beat()
    {
        var schedule = Schedule.Constant(0.5, start: 4, every: 3);
        CollectionAssert.AreEqual(new long[] { 4, 7, 10 }, Due(schedule, 12));
        Assert.AreEqual(0, schedule.Fraction(3));
        Assert.AreEqual(0.5, schedule.Fraction(5));
        Assert.AreEqual(5, schedule.Removals(4, 10, 10));
        Assert.AreEqual(0, schedule.Removals(7, 10, 5));
    }

    [TestMethod]
    public void One_shot_does_everything_once()
    {
        var schedule = Schedule.OneShot(6, 0.8);
        CollectionAssert.AreEqual(new long[] { 6 }, Due(schedule, 20));
        Assert.AreEqual(0, schedule.Fraction(5));
        Assert.AreEqual(0.8, schedule.Fraction(20));
        Assert.AreEqual(40, schedule.Removals(6, 50, 50));
    }

    [TestMethod]
    public void Stepwise_fractions_are_those_its_events_leave_up_to_rounding()
    {
        var schedule = Schedule.Stepwise(2, 3, 0.5, 0.8);
        Assert.AreEqual(0, schedule.Fraction(1));
        Assert.AreEqual(0.5, schedule.Fraction(2));
        Assert.AreEqual(0.5, schedule.Fraction(4));
        Assert.AreEqual(0.75, schedule.Fraction(5));
        Assert.AreEqual(0.8, schedule.Fraction(8));
    }

    [TestMethod]
    public void Equal_schedules_are_equal_values()
    {
        Assert.AreEqual(Schedule.Cubic(1, 2, 0.5), Schedule.Cubic(1, 2, 0.5));
        Assert.AreNotEqual(Schedule.Cubic(1, 2, 0.5), Schedule.Cubic(1, 2, 0.6));
    }

    [TestMethod]
    public void Arguments_out_of_range_are_refused_by_name()
    {
        static void Refused(string name, Func<Schedule> make)
        {
            var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => make());
            Assert.AreEqual(name, error.ParamName);
        }
        Refused("maturity", () => Schedule.Stepwise(-1, 1, 0.1, 0.5));
        Refused("every", () => Schedule.Stepwise(0, 0, 0.1, 0.5));
        Refused("amount", () => Schedule.Stepwise(0, 1, 0, 0.5));
        Refused("amount", () => Schedule.Stepwise(0, 1, double.NaN, 0.5));
        Refused("target", () => Schedule.Stepwise(0, 1, 0.1, 1));
        Refused("target", () => Schedule.Stepwise(0, 1, 0.1, -0.5));
        Refused("start", () => Schedule.Cubic(-1, 5, 0.5));
        Refused("end", () => Schedule.Cubic(5, 5, 0.5));
        Refused("initial", () => Schedule.Cubic(0, 5, 0.5, initial: 0.6));
        Refused("every", () => Schedule.Cubic(0, 5, 0.5, every: 0));
        Refused("fraction", () => Schedule.Constant(1));
        Refused("at", () => Schedule.OneShot(-1, 0.5));
        Refused("target", () => Schedule.OneShot(0, 0));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Schedule.OneShot(0, 0.5).Removals(0, 5, 6));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Schedule.OneShot(0, 0.5).Removals(0, 5, 5, 0));
    }
}
