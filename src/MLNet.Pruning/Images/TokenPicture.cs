using MLNet.Pruning.Tokens;

namespace MLNet.Pruning;

/// <summary>Draws token merging over an image.</summary>
public static class TokenPicture
{
    /// <summary>Draws the image with merged patches in the colour of their token, and white lines between tokens.</summary>
    /// <param name="assignment">The merging of the grid's patches.</param>
    /// <param name="grid">How the image was cut; 1 or 3 channels.</param>
    /// <param name="planes">The image: channels x height x width values from 0 to 1.</param>
    /// <param name="scale">Pixels of the picture per pixel of the image; at least 1. Lines are drawn if it is at least 2.</param>
    public static Picture Draw(TokenAssignment assignment, PatchGrid grid, ReadOnlySpan<float> planes, int scale = 8)
    {
        TokenDrawing.Check(assignment, grid, scale);
        var image = Plain(grid, planes);
        var colours = TokenDrawing.Colours(assignment);
        var (width, height) = (checked(grid.Width * scale), checked(grid.Height * scale));
        var pixels = new byte[checked(3 * width * height)];
        var below = new byte[3];
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                var (row, column) = (y / scale, x / scale);
                for (int channel = 0; channel < 3; channel++)
                    below[channel] = image.Bytes[(((row * grid.Width) + column) * image.Channels) + (channel % image.Channels)];
                if (colours[assignment.Sources[grid.PatchAt(row, column)]] is { } colour)
                {
                    below[0] = Tinted(below[0], colour.Red);
                    below[1] = Tinted(below[1], colour.Green);
                    below[2] = Tinted(below[2], colour.Blue);
                }
                below.CopyTo(pixels, 3 * ((y * width) + x));
            }
        }
        if (scale > 1)
        {
            foreach (var (x1, y1, x2, y2) in TokenDrawing.Borders(assignment, grid))
            {
                for (int y = y1 * scale; y <= Math.Min(y2 * scale, height - 1); y++)
                    for (int x = x1 * scale; x <= Math.Min(x2 * scale, width - 1); x++)
                        pixels.AsSpan(3 * ((y * width) + x), 3).Fill(255);
            }
        }
        return new Picture(width, height, 3, pixels);
    }

    /// <summary>The same drawing as SVG, with the image inside.</summary>
    /// <param name="assignment">The merging of the grid's patches.</param>
    /// <param name="grid">How the image was cut; 1 or 3 channels.</param>
    /// <param name="planes">The image: channels x height x width values from 0 to 1.</param>
    /// <param name="scale">Units of the drawing per pixel of the image; at least 1.</param>
    public static string ToSvg(TokenAssignment assignment, PatchGrid grid, ReadOnlySpan<float> planes, int scale = 8)
    {
        TokenDrawing.Check(assignment, grid, scale);
        return TokenDrawing.ToSvg(assignment, grid, $"data:image/png;base64,{Convert.ToBase64String(Plain(grid, planes).ToPng())}", scale);
    }

    static Picture Plain(PatchGrid grid, ReadOnlySpan<float> planes)
    {
        if (planes.Length != grid.ImageValues)
        {
            string wanted = $"images of {grid.Height}x{grid.Width}x{grid.Channels} have {grid.ImageValues}";
            throw new ArgumentException($"There are {planes.Length} values; {wanted}.", nameof(planes));
        }
        return Picture.FromPlanes(grid.Width, grid.Height, grid.Channels, planes);
    }

    static byte Tinted(byte below, double colour) =>
        (byte)Math.Round((below * (1 - TokenDrawing.Tint)) + (255 * colour * TokenDrawing.Tint));
}
