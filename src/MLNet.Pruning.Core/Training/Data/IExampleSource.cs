using MLNet.Pruning.Training;

namespace MLNet.Pruning;

/// <summary>Training examples that can be read any number of times, always in the same order.</summary>
public interface IExampleSource
{
    /// <summary>The shape of one example, e.g. [784] or [3, 32, 32].</summary>
    IReadOnlyList<long> Shape { get; }

    /// <summary>Whether rows have labels.</summary>
    bool HasLabels { get; }

    /// <summary>Whether rows have a number to predict, for regression.</summary>
    bool HasTargets => false;

    /// <summary>Whether rows have weights: how much each counts in losses and accuracies.</summary>
    bool HasWeights => false;

    /// <summary>The number of rows if it is known without reading them; otherwise null.</summary>
    long? Count { get; }

    /// <summary>Opens a reader at the first row.</summary>
    IExampleReader Open();
}

/// <summary>One pass over the rows of an <see cref="IExampleSource"/>.</summary>
public interface IExampleReader : IDisposable
{
    /// <summary>
    /// Writes the next row into <paramref name="features"/>, whose length is the product of the shape; false after the last row.
    /// </summary>
    /// <param name="features">Receives the row.</param>
    /// <param name="label">The row's class, from 0; ignored where the source has no labels.</param>
    bool Read(Span<float> features, out long label);

    /// <summary>The number to predict for the row that was read last; finite, and ignored where the source has no targets.</summary>
    float Target => 0;

    /// <summary>
    /// The weight of the row that was read last: at least 0 and finite. A row of weight 2 counts like two rows in losses and accuracies.
    /// Ignored where the source has no weights.
    /// </summary>
    float Weight => 1;
}

/// <summary>Examples from arrays. The arrays are not copied: do not change them during a run.</summary>
public sealed class ArrayExamples : IExampleSource
{
    readonly float[] features;
    readonly IReadOnlyList<int>? labels;
    readonly int width;

    /// <summary>Uses rows that lie one after the other.</summary>
    /// <param name="features">All rows; as many numbers as rows times the product of <paramref name="shape"/>.</param>
    /// <param name="shape">The shape of one row, such as [784] or [3, 32, 32].</param>
    /// <param name="labels">The class of each row, from 0; null for none.</param>
    public ArrayExamples(float[] features, IReadOnlyList<long> shape, IReadOnlyList<int>? labels = null)
    {
        ArgumentNullException.ThrowIfNull(features);
        ArgumentNullException.ThrowIfNull(shape);
        width = ExampleBuffer.WidthOf(shape);
        if (features.Length % width != 0)
            throw new ArgumentException($"There are {features.Length} features, which is no multiple of the {width} of a row of shape "
                + $"[{string.Join(", ", shape)}].", nameof(features));
        (this.features, Shape) = (features, [.. shape]);
        this.labels = OnePerRow(labels, nameof(labels));
    }

    /// <inheritdoc/>
    public IReadOnlyList<long> Shape { get; }

    /// <inheritdoc/>
    public bool HasLabels => labels is not null;

    /// <summary>The number to predict for each row; null for none.</summary>
    public IReadOnlyList<float>? Targets
    {
        get;
        init => field = OnePerRow(value, "targets");
    }

    /// <summary>The weight of each row, at least 0; null if all rows count alike.</summary>
    public IReadOnlyList<float>? Weights
    {
        get;
        init => field = OnePerRow(value, "weights");
    }

    /// <inheritdoc/>
    public bool HasTargets => Targets is not null;

    /// <inheritdoc/>
    public bool HasWeights => Weights is not null;

    /// <inheritdoc/>
    public long? Count => features.Length / width;

    /// <inheritdoc/>
    public IExampleReader Open() => new Reader(this);

    IReadOnlyList<T>? OnePerRow<T>(IReadOnlyList<T>? values, string what) => values is null || values.Count == Count
        ? values
        : throw new ArgumentException($"There are {Count} rows and {values.Count} {what}.", what);

    sealed class Reader(ArrayExamples examples) : IExampleReader
    {
        int next;

        public float Target => examples.Targets?[next - 1] ?? 0;

        public float Weight => examples.Weights?[next - 1] ?? 1;

        public bool Read(Span<float> row, out long label)
        {
            label = 0;
            if (next == examples.Count)
                return false;
            examples.features.AsSpan(next * examples.width, examples.width).CopyTo(row);
            label = examples.labels?[next] ?? 0;
            next++;
            return true;
        }

        public void Dispose()
        {
        }
    }
}
