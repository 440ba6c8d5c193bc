namespace MLNet.Pruning.Outside.Tests;

[TestClass]
public sealed class OwnSchedule
{
    [TestMethod]
    public void Masks_follow_it()
    {
        var history = Points.Train(new WeightPruning { Schedule = new Halving(Start: 2, Every: 5, Times: 3) }.Begin()).History;
        CollectionAssert.AreEqual(new long[] { 2, 7, 12, 17 }, history.Events.Select(e => e.Step).ToArray());
        CollectionAssert.AreEqual(new[] { 0.5, 0.75, 0.875, 0.875 }, history.Events.Select(e => 1 - (double)e.WeightsOn! / (double)e.Weights!).ToArray());
        var epochs = Points.Train(new WeightPruning { Schedule = new Halving(1, 2, 2), ScheduleIn = ScheduleUnit.Epochs }.Begin()).History;
        CollectionAssert.AreEqual(new long[] { 4, 12, 20 }, epochs.Events.Select(e => e.Step).ToArray());
    }
}

// docs
/// <summary>Removes half of what is left, a few times.</summary>
sealed record Halving(long Start, long Every, int Times) : Schedule
{
    protected override long FirstTime => Start;

    protected override long Interval => Every;

    public override bool IsDue(long time) => time >= Start && (time - Start) % Every == 0;

    public override double Fraction(long time) => time < Start ? 0 : 1 - Math.Pow(0.5, Math.Min(Times, (time - Start) / Every + 1));
}
// end
