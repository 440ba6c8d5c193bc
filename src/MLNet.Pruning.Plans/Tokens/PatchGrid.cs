using System.Runtime.Intrinsics;

namespace MLNet.Pruning.Tokens;

/// <summary>
/// How an image is cut into tokens: patches row by row, within a patch pixels row by row, the channels of a pixel adjacent.
/// </summary>
public sealed record PatchGrid
{
    /// <summary>Creates a grid and checks the sizes.</summary>
    /// <param name="height">Rows of the image; at least 1.</param>
    /// <param name="width">Columns of the image; at least 1.</param>
    /// <param name="channels">1 for grey, 3 for color; at least 1.</param>
    /// <param name="patchSize">Rows and columns of a patch; at least 1.</param>
    /// <param name="pad">Whether to pad an image with zeros at its right and bottom if the patches do not divide it; otherwise it is
    /// refused.</param>
    /// <exception cref="ArgumentException">A size is out of range, or the patches do not divide the image.</exception>
    public PatchGrid(int height, int width, int channels = 1, int patchSize = 4, bool pad = false)
    {
        Require(height >= 1, nameof(height), height, "at least 1");
        Require(width >= 1, nameof(width), width, "at least 1");
        Require(channels >= 1, nameof(channels), channels, "at least 1");
        Require(patchSize >= 1, nameof(patchSize), patchSize, "at least 1");
        if (!pad && (height % patchSize != 0 || width % patchSize != 0))
            throw new ArgumentException($"Patches of {patchSize}x{patchSize} do not divide images of {height}x{width} (height x width); "
                + "choose another patch size, or have the images padded with zeros.", nameof(patchSize));
        (Height, Width, Channels, PatchSize, Pad) = (height, width, channels, patchSize, pad);
        (long rows, long columns) = (((long)height + patchSize - 1) / patchSize, ((long)width + patchSize - 1) / patchSize);
        Require((Int128)rows * columns * patchSize * patchSize * channels <= Array.MaxLength, nameof(height), height,
            $"so small that images of {height}x{width}x{channels} have no more than {Array.MaxLength} values");
        (Rows, Columns) = ((int)rows, (int)columns);
    }

    /// <summary>Rows of the image.</summary>
    public int Height { get; }

    /// <summary>Columns of the image.</summary>
    public int Width { get; }

    /// <summary>Channels of the image.</summary>
    public int Channels { get; }

    /// <summary>Rows and columns of a patch.</summary>
    public int PatchSize { get; }

    /// <summary>Whether images are padded with zeros if the patches do not divide them.</summary>
    public bool Pad { get; }

    /// <summary>The number of patches from top to bottom.</summary>
    public int Rows { get; }

    /// <summary>The number of patches from left to right.</summary>
    public int Columns { get; }

    /// <summary>The number of patches of an image.</summary>
    public int Count => Rows * Columns;

    /// <summary>The number of values of a patch.</summary>
    public int TokenWidth => PatchSize * PatchSize * Channels;

    /// <summary>The number of values of an image.</summary>
    public int ImageValues => Height * Width * Channels;

    /// <summary>Cuts an image into patches.</summary>
    /// <param name="planes">[channels x height x width]</param>
    /// <param name="tokens">[patches x values of a patch]; written.</param>
    public unsafe void Cut(ReadOnlySpan<float> planes, Span<float> tokens)
    {
        CheckLength(planes.Length, ImageValues, nameof(planes));
        CheckLength(tokens.Length, Count * TokenWidth, nameof(tokens));
        fixed (float* from = planes, to = tokens)
            Cut(from, to);
    }

    /// <summary>Reassembles an image from patches; padding is left out.</summary>
    /// <param name="tokens">[patches x values of a patch]</param>
    /// <param name="planes">[channels x height x width]; written.</param>
    public void Paste(ReadOnlySpan<float> tokens, Span<float> planes)
    {
        CheckLength(tokens.Length, Count * TokenWidth, nameof(tokens));
        CheckLength(planes.Length, ImageValues, nameof(planes));
        for (int channel = 0, at = 0; channel < Channels; channel++)
            for (int y = 0; y < Height; y++)
                for (int x = 0; x < Width; x++)
                    planes[at++] = tokens[PatchAt(y, x) * TokenWidth + ((y % PatchSize * PatchSize) + (x % PatchSize)) * Channels
                        + channel];
    }

    /// <summary>The patch that a pixel belongs to.</summary>
    /// <param name="y">The pixel's row.</param>
    /// <param name="x">The pixel's column.</param>
    public int PatchAt(int y, int x) => (y / PatchSize * Columns) + (x / PatchSize);

    internal unsafe void Cut(float* planes, float* tokens)
    {
        if (Rows * PatchSize != Height || Columns * PatchSize != Width)
            new Span<float>(tokens, Count * TokenWidth).Clear();
        for (int y = 0; y < Height; y++)
        {
            float* from = planes + (y * Width),
                to = tokens + (y / PatchSize * Columns * TokenWidth) + (y % PatchSize * PatchSize * Channels);
            for (int left = Width; left > 0; left -= PatchSize, from += PatchSize, to += TokenWidth)
                CutRow(from, to, Math.Min(left, PatchSize));
        }
    }

    unsafe void CutRow(float* from, float* to, int pixels)
    {
        int plane = Height * Width;
        if (Channels == 1)
        {
            int x = 0;
            for (; x <= pixels - 4; x += 4)
                Vector128.Store(Vector128.Load(from + x), to + x);
            for (; x < pixels; x++)
                to[x] = from[x];
        }
        else if (Channels == 3)
        {
            float* green = from + plane, blue = green + plane;
            for (int x = 0; x < pixels; x++, to += 3)
                (to[0], to[1], to[2]) = (from[x], green[x], blue[x]);
        }
        else
        {
            for (int channel = 0; channel < Channels; channel++, from += plane)
                for (int x = 0; x < pixels; x++)
                    to[(x * Channels) + channel] = from[x];
        }
    }

    static void CheckLength(int found, int wanted, string name)
    {
        if (found != wanted)
            throw new ArgumentException($"There are {found} values in {name}; wanted {wanted}.", name);
    }

    static void Require(bool holds, string name, int value, string wanted)
    {
        if (!holds)
            throw new ArgumentOutOfRangeException(name, $"The {name} is {value}; it must be {wanted}.");
    }
}
