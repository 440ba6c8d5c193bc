namespace MLNet.Pruning;

/// <summary>Cutting pictures and changing their size.</summary>
public static class PictureSize
{
    /// <summary>The middle of a picture; where the margins cannot be equal, the left and upper one is the smaller.</summary>
    /// <param name="picture">The picture.</param>
    /// <param name="width">Pixels to keep of a row, at most all.</param>
    /// <param name="height">Rows to keep, at most all.</param>
    public static Picture CropCentre(this Picture picture, int width, int height)
    {
        ArgumentNullException.ThrowIfNull(picture);
        if (width < 1 || width > picture.Width)
            throw new ArgumentOutOfRangeException(nameof(width), width, $"Wanted 1 to {picture.Width}, the picture's width.");
        if (height < 1 || height > picture.Height)
            throw new ArgumentOutOfRangeException(nameof(height), height, $"Wanted 1 to {picture.Height}, the picture's height.");
        int left = (picture.Width - width) / 2, top = (picture.Height - height) / 2, stride = width * picture.Channels;
        var pixels = new byte[stride * height];
        for (int row = 0; row < height; row++)
            picture.Bytes.Slice((((top + row) * picture.Width) + left) * picture.Channels, stride).CopyTo(pixels.AsSpan(row * stride));
        return new Picture(width, height, picture.Channels, pixels);
    }

    /// <summary>Another size by area: every new pixel is the mean of the part of the picture that it covers, shares of pixels counted as such.</summary>
    /// <param name="picture">The picture.</param>
    /// <param name="width">The new width, 1 or more.</param>
    /// <param name="height">The new height, 1 or more.</param>
    public static Picture Resize(this Picture picture, int width, int height)
    {
        ArgumentNullException.ThrowIfNull(picture);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        if (width == picture.Width && height == picture.Height)
            return picture;
        int channels = picture.Channels;
        var columns = Shares(picture.Width, width);
        var rows = Shares(picture.Height, height);
        var narrow = new float[picture.Height * width * channels];
        for (int row = 0; row < picture.Height; row++)
        {
            var source = picture.Bytes.Slice(row * picture.Width * channels, picture.Width * channels);
            var target = narrow.AsSpan(row * width * channels, width * channels);
            foreach (var (to, from, share) in columns)
            {
                for (int channel = 0; channel < channels; channel++)
                    target[(to * channels) + channel] += share * source[(from * channels) + channel];
            }
        }
        var sums = new float[height * width * channels];
        foreach (var (to, from, share) in rows)
        {
            var source = narrow.AsSpan(from * width * channels, width * channels);
            var target = sums.AsSpan(to * width * channels, width * channels);
            for (int i = 0; i < source.Length; i++)
                target[i] += share * source[i];
        }
        // Shares add up to one but for rounding, which must not carry 255 over.
        return new Picture(width, height, channels, Array.ConvertAll(sums, sum => (byte)Math.Min(255f, sum + 0.5f)));
    }

    /// <summary>Which of <paramref name="from"/> pixels make up each of <paramref name="to"/>, and by what share.</summary>
    static List<(int To, int From, float Share)> Shares(int from, int to)
    {
        var shares = new List<(int, int, float)>(from + to);
        for (int target = 0; target < to; target++)
        {
            // In units of 1/to of a source pixel everything is whole: the target covers start to start + from.
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
