namespace MLNet.Pruning.Plans.Steps;

/// <summary>An image with a frame of zeros, one pixel wide, around each channel.</summary>
/// <param name="Rest">More zeros behind each channel.</param>
sealed unsafe record ImageFrame(int Channels, int Height, int Width, int Rest = 0)
{
    /// <summary>The distance between rows.</summary>
    public int Stride => Width + 2;

    /// <summary>The distance between channels.</summary>
    public int Plane => ((Height + 2) * Stride) + Rest;

    /// <summary>The size of all channels.</summary>
    public int Length => checked(Channels * Plane);

    /// <summary>Pixels from the first to the last of a channel, including the frame at the ends of rows.</summary>
    public int Lanes => ((Height - 1) * Stride) + Width;

    /// <summary>The same channels in which whole vectors behind the last pixel are zeros too.</summary>
    public ImageFrame ForWholeVectors(int lanes) => this with { Rest = 2 * lanes };

    /// <summary>The offset of a pixel; coordinates start at -1.</summary>
    public int At(int channel, int y, int x) => (channel * Plane) + ((y + 1) * Stride) + x + 1;

    /// <summary>Copies an image into the frame, which stays zero.</summary>
    public void Fill(float* image, float* framed)
    {
        for (int channel = 0; channel < Channels; channel++)
        {
            for (int y = 0; y < Height; y++, image += Width)
                new ReadOnlySpan<float>(image, Width).CopyTo(new Span<float>(framed + At(channel, y, 0), Width));
        }
    }

    /// <summary>Copies the pixels of computed lanes, [channels][stride], into an image.</summary>
    public void Read(float* lanes, nint stride, float* image)
    {
        for (int channel = 0; channel < Channels; channel++)
        {
            for (int y = 0; y < Height; y++, image += Width)
                new ReadOnlySpan<float>(lanes + (channel * stride) + (y * Stride), Width).CopyTo(new Span<float>(image, Width));
        }
    }
}
