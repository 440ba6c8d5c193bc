namespace MLNet.Pruning;

/// <summary>Rows to learn from, readable as often as needed and always in the same order.</summary>
public interface IExampleSource
{
    /// <summary>The shape of one example, e.g. [784] or [3, 32, 32].</summary>
    IReadOnlyList<long> Shape { get; }

    /// <summary>Whether rows have a label.</summary>
    bool HasLabels { get; }

    /// <summary>The count of rows where it is known without reading them.</summary>
    long? Count { get; }

    /// <summary>A reader before the first row.</summary>
    IExampleReader Open();
}

/// <summary>One pass over the rows of an <see cref="IExampleSource"/>.</summary>
public interface IExampleReader : IDisposable
{
    /// <summary>Writes the next row into <paramref name="features"/> (as long as the shape's product); false after the last.</summary>
    /// <param name="features">Where the row goes.</param>
    /// <param name="label">The row's class, from 0; ignored where the source has no labels.</param>
    bool Read(Span<float> features, out long label);
}
