namespace MLNet.Pruning.Outside.Tests;

[TestClass]
public sealed class OwnWeightCriterion
{
    [TestMethod]
    public void Weights_stay_by_it()
    {
        var pruning = new WeightPruning { Schedule = Schedule.OneShot(10, 0.5) };
        var run = Points.Train((pruning with { Criterion = new MovingAway() }).Begin());
        var (own, plain) = (run.Masks!, Points.Train(pruning.Begin()).Masks!);
        Assert.AreEqual(0.5, own.Sparsity, 0.01);
        // Until the cut both runs are the same one.
        var same = own.Masks.Zip(plain.Masks).Sum(m => m.First.Active.ToArray().Zip(m.Second.Active.ToArray()).Count(b => b.First == b.Second));
        Assert.IsLessThan(0.8 * own.Count, same);
        Assert.IsGreaterThan(0.9, run.History.Epochs[^1].Accuracy!.Value);
    }
}

// docs
/// <summary>Keeps weights that the next step would move away from 0.</summary>
sealed record MovingAway : IWeightCriterion
{
    public bool NeedsGradient => true;

    public void Score(ReadOnlySpan<float> weights, ReadOnlySpan<float> gradients, Span<float> scores)
    {
        for (var i = 0; i < weights.Length; i++)
            scores[i] = -weights[i] * gradients[i];
    }
}
// end
