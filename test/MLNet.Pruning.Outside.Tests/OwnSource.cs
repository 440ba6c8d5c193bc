namespace MLNet.Pruning.Outside.Tests;

[TestClass]
public sealed class OwnSource
{
    [TestMethod]
    public void A_run_learns_from_it()
    {
        var epochs = Points.Train(examples: new JaggedRows(Points.Rows, Points.Labels)).History.Epochs;
        Assert.IsTrue(epochs.All(e => e.Rows == 120));
        Assert.AreEqual(Points.Train().History.Epochs[^1].Loss, epochs[^1].Loss, "as from the same rows in one array");
    }
}

// docs
/// <summary>Reads rows from separate arrays.</summary>
sealed class JaggedRows(float[][] rows, int[] labels) : IExampleSource
{
    public IReadOnlyList<long> Shape => [rows[0].Length];
    public bool HasLabels => true;
    public long? Count => rows.Length;

    public IExampleReader Open() => new Reader(rows, labels);

    sealed class Reader(float[][] rows, int[] labels) : IExampleReader
    {
        int next;

        public bool Read(Span<float> features, out long label)
        {
            label = next < rows.Length ? labels[next] : 0;
            if (next < rows.Length)
                rows[next].CopyTo(features);
            return next++ < rows.Length;
        }

        public void Dispose() { }
    }
}
// end
