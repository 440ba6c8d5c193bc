namespace MLNet.Pruning.Scoring;

/// <summary>The size of images in options. What is left at 0 follows from the column.</summary>
/// <param name="Height">Pixels; 0 to derive it from the column.</param>
/// <param name="Width">Pixels; 0 to derive it from the column.</param>
/// <param name="Channels">1 for grey, 3 for color; 0 for what the column's type says, or 1.</param>
readonly record struct ImageOptions(int Height, int Width, int Channels)
{
    const string HeightOption = "ImageHeight", WidthOption = "ImageWidth", ChannelsOption = "ImageChannels";

    /// <summary>Throws if the numbers cannot be those of an image.</summary>
    public void Validate()
    {
        OptionChecks.Require(Height >= 0, HeightOption, Height, "at least 1, or 0 for what fits the column");
        OptionChecks.Require(Width >= 0, WidthOption, Width, "at least 1, or 0 for what fits the column");
        OptionChecks.Require(Channels >= 0, ChannelsOption, Channels, "at least 1, or 0 for what the column says, or 1");
    }

    /// <summary>Channels, height and width of an image whose values a column holds, channel by channel.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The column does not hold as many, is of images of another size, or is
    /// interleaved.</exception>
    public long[] Of(FeatureColumns features)
    {
        if (ColumnImage.Of(features.Columns.First()) is not { } said)
            return Of(features.Size, features.Name);
        Same(Height, said.Height, HeightOption);
        Same(Width, said.Width, WidthOption);
        Same(Channels, said.Channels, ChannelsOption);
        return [said.Channels, said.Height, said.Width];

        void Same(int option, int found, string name)
        {
            if (option != 0 && option != found)
            {
                throw new ArgumentOutOfRangeException(null, $"{name} is {option}, but column '{features.Name}' holds images of {said}. "
                    + "Leave it at 0 to take what the column says.");
            }
        }
    }

    /// <summary>The size of images in a column whose type tells only how many values there are.</summary>
    long[] Of(int values, string column)
    {
        int channels = Math.Max(1, Channels);
        long pixels = values % channels == 0 ? values / channels : 0;
        var (height, width) = ((long)Height, (long)Width);
        if (height == 0 && width == 0)
        {
            height = width = (long)Math.Round(Math.Sqrt(pixels));
            if (pixels == 0 || height * width != pixels)
            {
                throw Wrong($"{values} values are no square images of {channels} channel{(channels == 1 ? "" : "s")}; "
                    + $"set {HeightOption}, {WidthOption} and {ChannelsOption}.");
            }
        }
        else if (height == 0)
            height = pixels / width;
        else if (width == 0)
            width = pixels / height;
        if (channels * height * width == values && height > 0 && width > 0)
            return [channels, height, width];
        string wanted = Height > 0 && Width > 0 ? $"{(long)channels * Height * Width}" : "another number of";
        throw Wrong($"{ChannelsOption} {channels}, {HeightOption} {Or(Height)} and {WidthOption} {Or(Width)} "
            + $"are images of {wanted} values, but the column has {values}.");

        ArgumentOutOfRangeException Wrong(string what) => new(null, $"Feature column '{column}' does not hold such images: {what}");
    }

    static string Or(int size) => size > 0 ? $"{size}" : "of what fits";
}
