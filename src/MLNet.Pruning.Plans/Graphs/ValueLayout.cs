namespace MLNet.Pruning.Plans.Graphs;

/// <summary>
/// How the values of one row lie in memory: lines, each from whole vectors; or images, whose rows have room for zeros behind them and whose
/// channels have rows of zeros between them, so that a convolution reads its padding where it is.
/// </summary>
sealed record ValueLayout
{
    const int Behind = 64;

    /// <summary>Lines of numbers side by side; of an image, rows of pixels.</summary>
    public required int Lines { get; init; }

    /// <summary>Numbers of a line.</summary>
    public required int Width { get; init; }

    /// <summary>Numbers from one line to the next.</summary>
    public required int LineStride { get; init; }

    /// <summary>Lines of a plane; of what is no image, all.</summary>
    public required int Height { get; init; }

    /// <summary>Numbers from one plane to the next.</summary>
    public required int PlaneStride { get; init; }

    /// <summary>Where the first number lies.</summary>
    public int Origin { get; init; }

    /// <summary>Numbers of a row with all that lies around them.</summary>
    public required long Length { get; init; }

    public bool IsImage { get; init; }

    public int Planes => Lines / Height;

    /// <summary>Numbers of a plane from the first to the last, with what lies between its lines.</summary>
    public int Lanes => ((Height - 1) * LineStride) + Width;

    /// <summary>Numbers from the first to the last, with all that lies between.</summary>
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

    /// <summary>As a caller's rows lie, number by number.</summary>
    public static ValueLayout Packed(IReadOnlyList<int> shape) => OfLines(shape, width => width);

    /// <param name="rowStride">Numbers from one row to the next; at least the width and the zeros that are read beside it.</param>
    /// <param name="rowsAround">Rows of zeros that are read above and below a channel.</param>
    /// <param name="padded">A count rounded up to whole vectors.</param>
    public static ValueLayout OfImage(int channels, int height, int width, int rowStride, int rowsAround, Func<int, int> padded)
    {
        int lanes = checked(((height - 1) * rowStride) + width);
        int origin = Aligned(checked((rowsAround * rowStride) + (rowStride - width)));
        // The rows below a channel are those above the next.
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

    /// <summary>Where a line begins.</summary>
    public nint At(int line) => Origin + ((nint)(line / Height) * PlaneStride) + ((nint)(line % Height) * LineStride);

    static int Aligned(int count) => checked(count + 15) & ~15;
}
