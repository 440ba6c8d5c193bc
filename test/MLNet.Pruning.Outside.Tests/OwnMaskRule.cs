namespace MLNet.Pruning.Outside.Tests;

[TestClass]
public sealed class OwnMaskRule
{
    [TestMethod]
    public void Masks_are_cut_by_it()
    {
        var masks = Points.Train(new WeightPruning { Sparsity = 0.5, Rule = new EachNeuronAlike() }.Begin()).Masks!;
        foreach (var mask in masks.Masks)
        {
            var width = (int)mask.Shape[1];
            var active = mask.Active.ToArray().Chunk(width).Select(row => row.Count(on => on)).ToArray();
            Assert.IsTrue(active.All(count => count == width / 2), $"{mask.Name}: {string.Join(", ", active)}");
        }
        foreach (var mask in Points.Train(new WeightPruning { Sparsity = 0.95, Rule = new EachNeuronAlike() }.Begin()).Masks!.Masks)
            Assert.AreEqual(mask.Count - (long)Math.Round(0.95 * mask.Count), mask.ActiveCount, mask.Name);
    }
}

// docs
/// <summary>Every row keeps the same number of weights; the first ones keep one more if there is a remainder.</summary>
sealed record EachNeuronAlike : MaskRule
{
    protected override bool ByLayer => true;

    protected override void Cut(in MaskCut cut)
    {
        var (scores, rows) = (cut.Scores(), (int)cut.Shape[0]);
        var (width, each, remainder) = (scores.Length / rows, cut.Keep / rows, cut.Keep % rows);
        for (var row = 0; row < rows; row++)
            KeepLargest(scores.AsSpan(row * width, width), row < remainder ? each + 1 : each, cut.Active.Slice(row * width, width));
    }
}
// end
