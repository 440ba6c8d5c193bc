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
    }
}

// docs
/// <summary>Every neuron keeps the same number of weights.</summary>
sealed record EachNeuronAlike : MaskRule
{
    protected override bool ByLayer => true;

    protected override void Cut(in MaskCut cut)
    {
        var (scores, neurons) = (cut.Scores(), (int)cut.Shape[0]);
        var width = scores.Length / neurons;
        for (var from = 0; from < scores.Length; from += width)
            KeepLargest(scores.AsSpan(from, width), cut.Keep / neurons, cut.Active.Slice(from, width));
    }
}
// end
