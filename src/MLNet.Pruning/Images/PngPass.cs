namespace MLNet.Pruning.Images;

/// <summary>A picture's pixels from (Left, Top), every Right-th of every Down-th row: one of Adam7's seven passes, or all.</summary>
readonly record struct PngPass(int Left, int Top, int Right, int Down, int Width, int Height)
{
    static readonly (int Left, int Top, int Right, int Down)[] Adam7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)];

    /// <summary>The passes that have pixels.</summary>
    public static PngPass[] Of(int width, int height, bool interlaced) => interlaced
        ? [.. Adam7.Select(pass => new PngPass(pass.Left, pass.Top, pass.Right, pass.Down, Count(width, pass.Left, pass.Right), Count(height, pass.Top, pass.Down)))
            .Where(pass => pass.Width > 0 && pass.Height > 0)]
        : [new PngPass(0, 0, 1, 1, width, height)];

    /// <summary>Bytes of a row of the pass, without the one that names its filter.</summary>
    public long RowBytes(int bitsPerPixel) => (((long)Width * bitsPerPixel) + 7) / 8;

    static int Count(int size, int start, int step) => (size - start + step - 1) / step;
}
