namespace MLNet.Pruning.Tests.Training;

/// <summary>Rows from a function, counted as they are read.</summary>
sealed class Rows(int count, int width, Func<int, int, float> feature, Func<int, long> label) : IExampleSource
{
    public int Opened { get; private set; }

    public bool CountKnown { get; init; } = true;

    public IReadOnlyList<long> Shape { get; init; } = [width];

    public bool HasLabels { get; init; } = true;

    public long? Count => CountKnown ? count : null;

    public IExampleReader Open()
    {
        Opened++;
        return new Reader(this);
    }

    public void Row(int row, Span<float> features)
    {
        for (var i = 0; i < width; i++)
            features[i] = feature(row, i);
    }

    public long Label(int row) => label(row);

    /// <summary>Points around one centre a class, drawn by a generator of its own so that Python can draw the same.</summary>
    public static Rows Blobs(int count, int width, int classes, uint seed = 1)
    {
        var values = new float[count * width];
        var state = seed;
        for (var row = 0; row < count; row++)
            for (var i = 0; i < width; i++)
                values[row * width + i] = Uniform(ref state) - 0.5f + (i % classes == row % classes ? 0.6f : 0);
        return new Rows(count, width, (row, i) => values[row * width + i], row => row % classes);
    }

    public static float Uniform(ref uint state)
    {
        state = state * 1664525 + 1013904223;
        return (state >> 8) / 16777216f;
    }

    sealed class Reader(Rows rows) : IExampleReader
    {
        int next;

        public bool Read(Span<float> features, out long label)
        {
            label = 0;
            if (next == rows.Rows1)
                return false;
            rows.Row(next, features);
            label = rows.Label(next++);
            return true;
        }

        public void Dispose()
        {
        }
    }

    int Rows1 => count;
}
