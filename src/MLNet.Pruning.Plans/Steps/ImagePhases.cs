namespace MLNet.Pruning.Plans.Steps;

/// <summary>
/// An image of twice the height and width as four images, of its even and odd rows and columns: what a transposed 4x4 convolution of
/// stride 2 and padding 1 computes. Each of the four is a convolution with 2x2 taps.
/// </summary>
static unsafe class ImagePhases
{
    public const int Count = 4, Taps = 4, Kernel = 16;

    /// <summary>
    /// Which pixel a tap of a phase reads, from that of its own place, and the place of its weight in the 4x4 kernel: pixel 2y + p of the
    /// result uses weight p + 1 - 2d of pixel y + d.
    /// </summary>
    public static (int Down, int Right, int Weight) Tap(int phase, int tap)
    {
        int py = phase / 2, px = phase % 2, down = Shift(tap / 2, py), right = Shift(tap % 2, px);
        return (down, right, ((py + 1 - (2 * down)) * 4) + px + 1 - (2 * right));
    }

    // Each pixel of the result depends on two pixels: the one itself, and the one before or after it.
    static int Shift(int tap, int parity) => tap == 0 ? 0 : parity == 0 ? -1 : 1;

    /// <summary>Writes a phase, [channels][stride] with the rows of a frame, to where it belongs in the doubled image.</summary>
    public static void Interleave(ImageFrame frame, int phase, float* lanes, nint stride, int channels, float* doubled)
    {
        for (int channel = 0; channel < channels; channel++)
        {
            for (int y = 0; y < frame.Height; y++)
            {
                float* from = lanes + (channel * stride) + (y * frame.Stride), to = Row(frame, doubled, channel, y, phase);
                for (int x = 0; x < frame.Width; x++)
                    to[2 * x] = from[x];
            }
        }
    }

    /// <summary>Copies a phase of the doubled image into a frame of its own.</summary>
    public static void Separate(ImageFrame frame, int phase, float* doubled, float* framed)
    {
        for (int channel = 0; channel < frame.Channels; channel++)
        {
            for (int y = 0; y < frame.Height; y++)
            {
                float* from = Row(frame, doubled, channel, y, phase), to = framed + frame.At(channel, y, 0);
                for (int x = 0; x < frame.Width; x++)
                    to[x] = from[2 * x];
            }
        }
    }

    static float* Row(ImageFrame frame, float* doubled, int channel, int y, int phase) =>
        doubled + ((((long)channel * 2 * frame.Height) + (2 * y) + (phase / 2)) * 2 * frame.Width) + (phase % 2);
}
