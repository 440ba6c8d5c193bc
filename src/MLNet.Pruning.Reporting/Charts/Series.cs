namespace MLNet.Pruning.Reporting.Charts;

/// <summary>One line of a chart. A NaN interrupts it.</summary>
/// <param name="Name">The name in the legend.</param>
/// <param name="Points">The points in the order in which they are joined.</param>
/// <param name="Dashed">Whether the line is dashed, to tell it apart without colour.</param>
public sealed record Series(string Name, IReadOnlyList<(double X, double Y)> Points, bool Dashed = false)
{
    // More points than a screen has pixels cannot be told apart.
    const int MaximumPoints = 2_000;

    /// <summary>The index of the line's colour among the chart's six, from 0; null for the next one.</summary>
    public int? Colour { get; init; }

    /// <summary>The spread around each point, drawn as a band behind the line; null for none.</summary>
    public IReadOnlyList<double>? Spread { get; init; }

    /// <summary>The values that the axis must contain.</summary>
    internal IEnumerable<double> Extent =>
        Spread is null
            ? Points.Select(p => p.Y)
            : Points.Zip(Spread, (p, s) => double.IsFinite(s) ? s : 0).Zip(Points, (s, p) => (p.Y - s, p.Y + s))
                .SelectMany(y => new[] { y.Item1, y.Item2 });

    /// <summary>The points to draw: of very many, the extremes of each stretch.</summary>
    internal IReadOnlyList<(double X, double Y)> Drawn => Points.Count <= MaximumPoints ? Points
        : [.. Points.Chunk((int)Math.Ceiling(4.0 * Points.Count / MaximumPoints)).SelectMany(Extremes)];

    static IEnumerable<(double X, double Y)> Extremes((double X, double Y)[] stretch)
    {
        int low = 0, high = 0;
        for (var i = 0; i < stretch.Length; i++)
        {
            if (!double.IsFinite(stretch[i].Y))
                return stretch;
            (low, high) = (stretch[i].Y < stretch[low].Y ? i : low, stretch[i].Y > stretch[high].Y ? i : high);
        }
        return new[] { 0, low, high, stretch.Length - 1 }.Distinct().Order().Select(i => stretch[i]);
    }
}

/// <summary>A vertical line that marks an event, or a stretch of the axis.</summary>
/// <param name="X">Its position.</param>
/// <param name="Label">The tooltip.</param>
public sealed record Marker(double X, string Label)
{
    /// <summary>The end of a stretch, which is shaded; null for a line.</summary>
    public double? Until { get; init; }

    /// <summary>What it marks, as the legend says it. Each kind has its own dashes.</summary>
    public string Kind { get; init; } = "event";
}
