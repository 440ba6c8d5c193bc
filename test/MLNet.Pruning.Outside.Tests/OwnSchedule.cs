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
