namespace MLNet.Pruning.Plans.Graphs;

/// <summary>
/// The memory layout of one row's values: lines that each start at a whole vector; or images, with room for zeros after each row and rows
/// of zeros between channels, so that a convolution reads its padding in place.
/// </summary>
sealed record ValueLayout
{
    const int Behind = 64;

    /// <summary>The number of lines; for an image, rows of pixels.</summary>
    public required int Lines { get; init; }

    /// <summary>Values in a line.</summary>
    public required int Width { get; init; }

    /// <summary>The distance between lines.</summary>
    public required int LineStride { get; init; }

    /// <summary>Lines in a plane; all lines if the value is no image.</summary>
    public required int Height { get; init; }

    /// <summary>The distance between planes.</summary>
    public required int PlaneStride { get; init; }

    /// <summary>The offset of the first value.</summary>
    public int Origin { get; init; }

    /// <summary>The total size of a row, with all gaps.</summary>
    public required long Length { get; init; }

    public bool IsImage { get; init; }

    public int Planes => Lines / Height;

    /// <summary>The distance from the first to the last value of a plane, plus one, with gaps between lines.</summary>
    public int Lanes => ((Height - 1) * LineStride) + Width;

    /// <summary>The distance from the first to the last value, plus one, with all gaps.</summary>
    public nint Span => ((nint)(Planes - 1) * PlaneStride) + Lanes;

    /// <summary>Lines of whole vectors.</summary>
    public static ValueLayout OfLines(IReadOnlyList<int> shape, Func<int, int> padded)
    {
        int width = shape[^1], lines = GraphShapes.Count(shape) / width, stride = padded(width);
        return new()
        {
            Lines = lines,
            Width = width,
            LineStride = stride,
            Height = lines,
            PlaneStride = checked(lines * stride),
            Length = (long)lines * stride,
        };
    }

    /// <summary>The layout of a caller's rows, without gaps.</summary>
    public static ValueLayout Packed(IReadOnlyList<int> shape) => OfLines(shape, width => width);

    /// <param name="rowStride">The distance between rows; at least the width plus the zeros that are read beside it.</param>
    /// <param name="rowsAround">Rows of zeros that are read above and below a channel.</param>
    /// <param name="padded">Rounds a number up to whole vectors.</param>
    public static ValueLayout OfImage(int channels, int height, int width, int rowStride, int rowsAround, Func<int, int> padded)
    {
        int lanes = checked(((height - 1) * rowStride) + width);
        int origin = Aligned(checked((rowsAround * rowStride) + (rowStride - width)));
        // The rows below a channel are also those above the next.
        int plane = Aligned(Math.Max(checked((height + rowsAround) * rowStride), padded(lanes)));
        return new()
        {
            Lines = checked(channels * height),
            Width = width,
            LineStride = rowStride,
            Height = height,
            PlaneStride = plane,
            Origin = origin,
            Length = origin + ((long)channels * plane) + ((long)(rowsAround + 1) * rowStride) + Behind,
            IsImage = true,
        };
    }

    /// <summary>The offset of a line.</summary>
    public nint At(int line) => Origin + ((nint)(line / Height) * PlaneStride) + ((nint)(line % Height) * LineStride);

    static int Aligned(int count) => checked(count + 15) & ~15;
}
