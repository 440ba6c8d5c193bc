using System.Globalization;
using System.Text;
using MLNet.Pruning.Tokens;

namespace MLNet.Pruning;

/// <summary>Draws merging over an image: patches of the same survivor in the same colour, with a line around them.</summary>
public static class TokenDrawing
{
    /// <summary>The share of the survivor's colour in a patch.</summary>
    public const double Tint = 0.45;

    /// <summary>The colour of each survivor: red, green and blue from 0 to 1; null if nothing merged into it.</summary>
    /// <param name="assignment">The merging.</param>
    public static (double Red, double Green, double Blue)?[] Colours(TokenAssignment assignment)
    {
        ArgumentNullException.ThrowIfNull(assignment);
        // Hues a golden section apart, so that survivors with neighbouring numbers differ, however many there are.
        return [.. assignment.Sizes().Select((size, survivor) => size > 1 ? Hue(survivor * 0.6180339887498949 % 1)
            : ((double, double, double)?)null)];
    }

    /// <summary>Draws as SVG.</summary>
    /// <param name="assignment">The merging of the grid's patches.</param>
    /// <param name="grid">How the image was cut.</param>
    /// <param name="picture">The address of the picture below, such as a file's name or a data URL; null for none.</param>
    /// <param name="scale">Units of the drawing per pixel of the image; at least 1.</param>
    public static string ToSvg(TokenAssignment assignment, PatchGrid grid, string? picture = null, int scale = 8)
    {
        Check(assignment, grid, scale);
        var colours = Colours(assignment);
        string width = Number(grid.Width * scale), height = Number(grid.Height * scale);
        var svg = new StringBuilder($"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 "
            + $"{width} {height}\">\n");
        if (picture is not null)
            svg.Append($"<image href=\"{Escape(picture)}\" width=\"{width}\" height=\"{height}\" preserveAspectRatio=\"none\" "
                + "style=\"image-rendering:pixelated\"/>\n");
        for (int patch = 0; patch < grid.Count; patch++)
        {
            int survivor = assignment.Sources[patch];
            if (colours[survivor] is not { } colour)
                continue;
            var (x, y, right, bottom) = Box(grid, patch);
            svg.Append($"<rect x=\"{Number(x * scale)}\" y=\"{Number(y * scale)}\" width=\"{Number((right - x) * scale)}\" "
                + $"height=\"{Number((bottom - y) * scale)}\" fill=\"{Hex(colour)}\" "
                + $"fill-opacity=\"{Tint.ToString(CultureInfo.InvariantCulture)}\"><title>patch {patch} into token "
                + $"{survivor}</title></rect>\n");
        }
        var lines = new StringBuilder();
        foreach (var (x1, y1, x2, y2) in Borders(assignment, grid))
            lines.Append($"M{Number(x1 * scale)} {Number(y1 * scale)}L{Number(x2 * scale)} {Number(y2 * scale)}");
        return svg.Append($"<path d=\"{lines}\" stroke=\"#fff\" stroke-width=\"1\" fill=\"none\"/>\n</svg>\n").ToString();
    }

    /// <summary>Lines, in pixels of the image, between adjacent patches of different survivors.</summary>
    /// <param name="assignment">The merging of the grid's patches.</param>
    /// <param name="grid">How the image was cut.</param>
    public static IEnumerable<(int X1, int Y1, int X2, int Y2)> Borders(TokenAssignment assignment, PatchGrid grid)
    {
        Check(assignment, grid, 1);
        for (int patch = 0; patch < grid.Count; patch++)
        {
            var (x, y, right, bottom) = Box(grid, patch);
            if (right < grid.Width && assignment.Sources[patch] != assignment.Sources[patch + 1])
                yield return (right, y, right, bottom);
            if (bottom < grid.Height && assignment.Sources[patch] != assignment.Sources[patch + grid.Columns])
                yield return (x, bottom, right, bottom);
        }
    }

    /// <summary>Throws if the assignment is not for the grid's patches.</summary>
    internal static void Check(TokenAssignment assignment, PatchGrid grid, int scale)
    {
        ArgumentNullException.ThrowIfNull(assignment);
        ArgumentNullException.ThrowIfNull(grid);
        ArgumentOutOfRangeException.ThrowIfLessThan(scale, 1);
        if (assignment.Tokens != grid.Count)
            throw new ArgumentException($"The assignment is of {assignment.Tokens} tokens; the image has {grid.Count} patches.",
                nameof(assignment));
    }

    static (int X, int Y, int Right, int Bottom) Box(PatchGrid grid, int patch)
    {
        var (x, y) = (patch % grid.Columns * grid.PatchSize, patch / grid.Columns * grid.PatchSize);
        return (x, y, Math.Min(x + grid.PatchSize, grid.Width), Math.Min(y + grid.PatchSize, grid.Height));
    }

    static (double, double, double) Hue(double hue)
    {
        return (Part(0), Part(2.0 / 3), Part(1.0 / 3));

        // The usual hexagon: full within a sixth of the hue, zero beyond a third.
        double Part(double shift) => Math.Clamp(Math.Abs((((hue + shift) % 1) * 6) - 3) - 1, 0, 1);
    }

    static string Hex((double Red, double Green, double Blue) colour) =>
        $"#{Byte(colour.Red):x2}{Byte(colour.Green):x2}{Byte(colour.Blue):x2}";

    static byte Byte(double part) => (byte)Math.Round(part * 255);

    static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);

    static string Escape(string text) => text.Replace("&", "&amp;", StringComparison.Ordinal).Replace("\"", "&quot;",
        StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal);
}
