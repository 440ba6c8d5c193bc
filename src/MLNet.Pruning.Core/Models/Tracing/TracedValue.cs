namespace MLNet.Pruning.Models;

/// <summary>A tensor that was seen on each of the examples, row by row.</summary>
/// <param name="Shape">Of a row.</param>
/// <param name="Rows">For each example all rows, one behind the other.</param>
sealed record TracedValue(IReadOnlyList<int> Shape, float[][] Rows)
{
    /// <summary>The values of a row.</summary>
    public int Count { get; } = Shape.Aggregate(1, (product, size) => product * size);

    /// <summary>Whether the values are the same, bit for bit, whatever the shape.</summary>
    public bool Equals(TracedValue? other) => other is not null && Count == other.Count
        && Rows.Zip(other.Rows).All(pair => pair.First.AsSpan().SequenceEqual(pair.Second));

    /// <inheritdoc/>
    public override int GetHashCode() => Count;

    /// <summary>The same values in another shape.</summary>
    public TracedValue As(IReadOnlyList<int> shape) => new(shape, Rows);
}

/// <summary>One call of a layer.</summary>
/// <param name="Layer">What was called.</param>
/// <param name="Input">What it was given.</param>
/// <param name="Output">What it gave.</param>
sealed record TracedCall(TracedLayer Layer, TracedValue Input, TracedValue Output);
