using MLNet.Pruning.Images;
using MLNet.Pruning.Persistence;

namespace MLNet.Pruning;

/// <summary>An 8-bit picture in memory, grey or red-green-blue.</summary>
[TypeFormatterSource("MLNet.Pruning.PictureFormatters, MLNet.Pruning")]
public sealed class Picture
{
    /// <summary>Takes ownership of <paramref name="pixels"/>.</summary>
    /// <param name="width">Pixels in a row, 1 or more.</param>
    /// <param name="height">Rows, 1 or more.</param>
    /// <param name="channels">1 (grey) or 3 (red, green, blue).</param>
    /// <param name="pixels">width x height x channels bytes: row by row from the top, the channels of a pixel side by side.</param>
    public Picture(int width, int height, int channels, byte[] pixels)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        if (channels is not (1 or 3))
            throw new ArgumentOutOfRangeException(nameof(channels), channels, "Wanted 1 (grey) or 3 (red, green, blue).");
        ArgumentNullException.ThrowIfNull(pixels);
        if (pixels.Length != (long)width * height * channels)
        {
            throw new ArgumentException($"There are {pixels.Length} bytes for a picture of {width} x {height} x {channels}; "
                + $"wanted {(long)width * height * channels}.", nameof(pixels));
        }
        (Width, Height, Channels, Pixels) = (width, height, channels, pixels);
    }

    /// <summary>Pixels in a row.</summary>
    public int Width { get; }

    /// <summary>Rows.</summary>
    public int Height { get; }

    /// <summary>1 (grey) or 3 (red, green, blue).</summary>
    public int Channels { get; }

    internal byte[] Pixels { get; }

    /// <summary>The bytes: row by row from the top, the channels of a pixel side by side.</summary>
    public ReadOnlySpan<byte> Bytes => Pixels;

    /// <summary>
    /// Reads a PNG or JPEG file; its first bytes tell which. Transparency, EXIF orientation and colour profiles are ignored, and 16 bits
    /// become 8.
    /// </summary>
    /// <exception cref="InvalidDataException">The file is damaged, cut short, or neither a PNG nor a JPEG file.</exception>
    public static Picture Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Decode(File.ReadAllBytes(path), path);
    }

    /// <summary>Reads the bytes of a PNG or JPEG file.</summary>
    /// <param name="file">The whole file.</param>
    /// <param name="name">What to call it in an exception's message.</param>
    /// <exception cref="InvalidDataException">The bytes are damaged, cut short, or neither a PNG nor a JPEG file.</exception>
    public static Picture Decode(ReadOnlyMemory<byte> file, string name = "picture") => PictureFile.Decode(file.Span, name);

    /// <summary>Makes a picture of values in [0, 1], channel by channel, as networks have them. Values outside are clamped.</summary>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="channels">1 (grey) or 3 (red, green, blue).</param>
    /// <param name="planes">channels x height x width values.</param>
    public static Picture FromPlanes(int width, int height, int channels, ReadOnlySpan<float> planes)
    {
        var pixels = new byte[planes.Length];
        int plane = planes.Length / Math.Max(1, channels);
        for (int channel = 0; channel < channels; channel++)
        {
            for (int i = 0; i < plane; i++)
            {
                float value = planes[(channel * plane) + i];
                pixels[(i * channels) + channel] = (byte)((float.IsNaN(value) ? 0 : Math.Clamp(value, 0, 1) * 255f) + 0.5f);
            }
        }
        return new Picture(width, height, channels, pixels);
    }

    /// <summary>Crops to the middle. Where the margins cannot be equal, the left or upper one is the smaller.</summary>
    /// <param name="width">The width to keep, in pixels; at most the picture's.</param>
    /// <param name="height">The height to keep, in pixels; at most the picture's.</param>
    public Picture CropCentre(int width, int height)
    {
        if (width < 1 || width > Width)
            throw new ArgumentOutOfRangeException(nameof(width), width, $"Wanted 1 to {Width}, the picture's width.");
        if (height < 1 || height > Height)
            throw new ArgumentOutOfRangeException(nameof(height), height, $"Wanted 1 to {Height}, the picture's height.");
        int left = (Width - width) / 2, top = (Height - height) / 2, stride = width * Channels;
        var pixels = new byte[stride * height];
        for (int row = 0; row < height; row++)
            Bytes.Slice((((top + row) * Width) + left) * Channels, stride).CopyTo(pixels.AsSpan(row * stride));
        return new Picture(width, height, Channels, pixels);
    }

    /// <summary>Resizes by area: each new pixel is the mean of the part of the picture that it covers.</summary>
    /// <param name="width">The new width, 1 or more.</param>
    /// <param name="height">The new height, 1 or more.</param>
    public Picture Resize(int width, int height)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        if (width == Width && height == Height)
            return this;
        var columns = Shares(Width, width);
        var rows = Shares(Height, height);
        var narrow = new float[Height * width * Channels];
        for (int row = 0; row < Height; row++)
        {
            var source = Bytes.Slice(row * Width * Channels, Width * Channels);
            var target = narrow.AsSpan(row * width * Channels, width * Channels);
            foreach (var (to, from, share) in columns)
            {
                for (int channel = 0; channel < Channels; channel++)
                    target[(to * Channels) + channel] += share * source[(from * Channels) + channel];
            }
        }
        var sums = new float[height * width * Channels];
        foreach (var (to, from, share) in rows)
        {
            var source = narrow.AsSpan(from * width * Channels, width * Channels);
            var target = sums.AsSpan(to * width * Channels, width * Channels);
            for (int i = 0; i < source.Length; i++)
                target[i] += share * source[i];
        }
        // Rounding may bring the sum of shares above one, which must not carry 255 over.
        return new Picture(width, height, Channels, Array.ConvertAll(sums, sum => (byte)Math.Min(255f, sum + 0.5f)));
    }

    /// <summary>Writes the red, the green and the blue plane, each row by row; a grey picture gives three equal planes.</summary>
    /// <param name="planes">3 x height x width bytes.</param>
    public void CopyPlanes(Span<byte> planes)
    {
        int plane = Width * Height;
        for (int channel = 0; channel < 3; channel++)
        {
            var target = planes.Slice(channel * plane, plane);
            for (int i = 0, at = channel % Channels; i < plane; i++, at += Channels)
                target[i] = Pixels[at];
        }
    }

    /// <summary>Writes a PNG file, whole or not at all.</summary>
    public void SavePng(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        WholeFile.Write(path, stream => stream.Write(ToPng()));
    }

    /// <summary>The bytes of a PNG file.</summary>
    public byte[] ToPng() => PictureFile.Encode(this);

    /// <summary>
    /// Which of <paramref name="from"/> source pixels make up each of <paramref name="to"/> target pixels, with their shares.
    /// </summary>
    static List<(int To, int From, float Share)> Shares(int from, int to)
    {
        var shares = new List<(int, int, float)>(from + to);
        for (int target = 0; target < to; target++)
        {
            // In units of 1/to of a source pixel all numbers are whole: the target covers start to start + from.
            long start = (long)target * from, end = start + from;
            for (long source = start / to; source * to < end; source++)
            {
                long covered = Math.Min(end, (source + 1) * to) - Math.Max(start, source * to);
                shares.Add((target, (int)source, (float)covered / from));
            }
        }
        return shares;
    }
}

/// <summary>How notebooks show pictures: small ones enlarged, so that their pixels can be seen.</summary>
sealed class PictureFormatters
{
    const int SmallestSide = 168;

    /// <summary>The formatters. Polyglot Notebooks finds this method by its name.</summary>
    public IEnumerable<object> CreateTypeFormatters() => [new HtmlFormatter<Picture>(Image)];

    static string Image(Picture picture)
    {
        int scale = Math.Max(1, SmallestSide / Math.Max(picture.Width, picture.Height));
        return FormattableString.Invariant($"<img width=\"{scale * picture.Width}\" height=\"{scale * picture.Height}\" ")
            + "style=\"image-rendering: pixelated\" alt=\"picture\" "
            + $"src=\"data:image/png;base64,{Convert.ToBase64String(picture.ToPng())}\">\n";
    }
}
