using MLNet.Pruning.Scoring;

namespace MLNet.Pruning.Trainers;

/// <summary>The size of images in options. Height and width may be left to the size of the column.</summary>
/// <param name="Height">Pixels; 0 to derive it from the column.</param>
/// <param name="Width">Pixels; 0 to derive it from the column.</param>
/// <param name="Channels">1 for grey, 3 for color.</param>
readonly record struct ImageOptions(int Height, int Width, int Channels)
{
    const string HeightOption = "ImageHeight", WidthOption = "ImageWidth", ChannelsOption = "ImageChannels";

    /// <summary>Throws if the numbers cannot be those of an image.</summary>
    public void Validate()
    {
        OptionChecks.Require(Height >= 0, HeightOption, Height, "at least 1, or 0 for what fits the column");
        OptionChecks.Require(Width >= 0, WidthOption, Width, "at least 1, or 0 for what fits the column");
        OptionChecks.AtLeast(1, Channels, ChannelsOption);
    }

    /// <summary>Channels, height and width of an image whose values a column holds, channel by channel.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The column does not hold as many.</exception>
    public long[] Of(int values, string column)
    {
        long pixels = values % Channels == 0 ? values / Channels : 0;
        var (height, width) = ((long)Height, (long)Width);
        if (height == 0 && width == 0)
        {
            height = width = (long)Math.Round(Math.Sqrt(pixels));
            if (pixels == 0 || height * width != pixels)
            {
                throw Wrong($"{values} values are no square images of {Channels} channel{(Channels == 1 ? "" : "s")}; "
                    + $"set {HeightOption}, {WidthOption} and {ChannelsOption}.");
            }
        }
        else if (height == 0)
            height = pixels / width;
        else if (width == 0)
            width = pixels / height;
        if (Channels * height * width == values && height > 0 && width > 0)
            return [Channels, height, width];
        string wanted = Height > 0 && Width > 0 ? $"{(long)Channels * Height * Width}" : "another number of";
        throw Wrong($"{ChannelsOption} {Channels}, {HeightOption} {Or(Height)} and {WidthOption} {Or(Width)} "
            + $"are images of {wanted} values, but the column has {values}.");

        ArgumentOutOfRangeException Wrong(string what) => new(null, $"Feature column '{column}' does not hold such images: {what}");
    }

    /// <summary>Validates a blueprint that was made from the options.</summary>
    public static T Checked<T>(T blueprint)
        where T : Blueprint
    {
        blueprint.Validate();
        return blueprint;
    }

    static string Or(int size) => size > 0 ? $"{size}" : "of what fits";
}
