namespace MLNet.Pruning.Plans.Steps;

/// <summary>An image with a frame of zeros, one pixel wide, around each channel.</summary>
sealed unsafe record ImageFrame(int Channels, int Height, int Width)
{
    /// <summary>The distance between rows.</summary>
    public int Stride => Width + 2;

    /// <summary>The size of all channels.</summary>
    public int Length => checked(Channels * (Height + 2) * Stride);

    /// <summary>Pixels from the first to the last of a channel, including the frame at the ends of rows.</summary>
    public int Lanes => ((Height - 1) * Stride) + Width;

    /// <summary>The offset of a pixel; coordinates start at -1.</summary>
    public int At(int channel, int y, int x) => (((channel * (Height + 2)) + y + 1) * Stride) + x + 1;

    /// <summary>Copies an image into the frame, which stays zero.</summary>
    public void Fill(float* image, float* framed)
    {
        for (int channel = 0; channel < Channels; channel++)
        {
            for (int y = 0; y < Height; y++, image += Width)
                new ReadOnlySpan<float>(image, Width).CopyTo(new Span<float>(framed + At(channel, y, 0), Width));
        }
    }
}
