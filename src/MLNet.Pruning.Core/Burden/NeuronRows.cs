
namespace MLNet.Pruning.Burden;

/// <summary>Weights of one neuron that lie one behind the other in the flat vector.</summary>
readonly record struct RowPiece(int From, int Length, int Row, bool Masked);

/// <summary>Where in the flat vector each neuron of a watched layer has its weights.</summary>
/// <param name="Name">The parameter.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="From">Where it begins.</param>
/// <param name="FirstRow">The number of its first neuron among those of all layers.</param>
/// <param name="Axis">The dimension that counts neurons.</param>
/// <param name="Masked">Whether it is under a mask.</param>
sealed record NeuronRows(string Name, long[] Shape, int From, int FirstRow, int Axis, bool Masked)
{
    public NeuronRows(MaskedLayer layer, long from, int firstRow, bool masked)
        // A transposed convolution's outputs are its second dimension; in groups, a neuron stands for those of the same place in each.
        : this(layer.Name, layer.Parameter.shape, checked((int)from), firstRow, layer.Axis == 0 && layer.Parameter.Dimensions > 1 ? 1 : 0, masked)
    {
    }

    /// <summary>How many neurons there are.</summary>
    public int Count => (int)Shape[Axis];

    /// <summary>Weights of a neuron.</summary>
    public int Width => Length / Count;

    public int Length => (int)Shape.Aggregate(1L, (n, extent) => n * extent);

    public IEnumerable<RowPiece> Pieces()
    {
        var outer = Axis == 0 ? 1 : (int)Shape[0];
        var width = Length / outer / Count;
        for (var o = 0; o < outer; o++)
            for (var row = 0; row < Count; row++)
                yield return new(From + (o * Count + row) * width, width, FirstRow + row, Masked);
    }
}
