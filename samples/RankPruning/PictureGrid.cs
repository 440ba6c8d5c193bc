namespace MLNet.Pruning.Samples.RankPruning;

/// <summary>Draws images side by side, row by row, enlarged.</summary>
static class PictureGrid
{
    const int Gap = 2, Zoom = 2;

    public static Picture Of(IReadOnlyList<float[][]> rows, int channels)
    {
        var side = (int)Math.Sqrt(rows[0][0].Length / channels);
        var cell = side * Zoom + Gap;
        var (width, height) = (rows.Max(r => r.Length) * cell - Gap, rows.Count * cell - Gap);
        var planes = new float[channels * width * height];
        Array.Fill(planes, 1);
        for (var row = 0; row < rows.Count; row++)
            for (var column = 0; column < rows[row].Length; column++)
                for (var channel = 0; channel < channels; channel++)
                    for (var y = 0; y < side * Zoom; y++)
                        for (var x = 0; x < side * Zoom; x++)
                            planes[(channel * height + row * cell + y) * width + column * cell + x]
                                = rows[row][column][(channel * side + y / Zoom) * side + x / Zoom];
        return Picture.FromPlanes(width, height, channels, planes);
    }
}
