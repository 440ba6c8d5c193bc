namespace MLNet.Pruning.Plans.Steps;

/// <summary>An image with a frame of zeros, one wide, around each channel.</summary>
sealed unsafe record ImageFrame(int Channels, int Height, int Width)
{
    /// <summary>Numbers from one row to the next.</summary>
    public int Stride => Width + 2;

    /// <summary>Numbers of all channels.</summary>
    public int Length => checked(Channels * (Height + 2) * Stride);

    /// <summary>Pixels of a channel from the first to the last, with the frame at the ends of the rows.</summary>
    public int Lanes => ((Height - 1) * Stride) + Width;

    /// <summary>Where a pixel stands; from -1 on.</summary>
    public int At(int channel, int y, int x) => (((channel * (Height + 2)) + y + 1) * Stride) + x + 1;

    /// <summary>Copies an image inside. The frame stays as it is.</summary>
    public void Fill(float* image, float* framed)
    {
        for (int channel = 0; channel < Channels; channel++)
        {
            for (int y = 0; y < Height; y++, image += Width)
                new ReadOnlySpan<float>(image, Width).CopyTo(new Span<float>(framed + At(channel, y, 0), Width));
        }
    }
}
