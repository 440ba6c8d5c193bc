namespace MLNet.Pruning.Images;

/// <summary>
/// Brings a component to the picture's size. Halved ones are interpolated (three parts of the nearer sample, one of the
/// farther), as other decoders do, so that pictures look the same here; odd ratios repeat samples.
/// </summary>
static class JpegPlane
{
    /// <summary>width x height samples.</summary>
    public static byte[] Full(JpegComponent component, int width, int height, int mostHorizontal, int mostVertical)
    {
        byte[] samples = JpegTransform.Samples(component);
        int stride = component.Stride * 8;
        var plane = new byte[width * height];
        int acrossRatio = mostHorizontal / component.Horizontal, downRatio = mostVertical / component.Vertical;
        bool exact = mostHorizontal % component.Horizontal == 0 && mostVertical % component.Vertical == 0;
        bool across = exact && acrossRatio == 2 && downRatio <= 2 && component.Width > 2, down = exact && downRatio == 2 && (across || acrossRatio == 1);
        if (!across && !down)
        {
            for (int y = 0; y < height; y++)
            {
                int row = y * component.Vertical / mostVertical * stride;
                for (int x = 0; x < width; x++)
                    plane[(y * width) + x] = samples[row + (x * component.Horizontal / mostHorizontal)];
            }
            return plane;
        }
        var sums = new int[component.Width];
        for (int y = 0; y < height; y++)
        {
            int near = down ? y / 2 : y, far = down ? Math.Clamp(near + ((y & 1) == 0 ? -1 : 1), 0, component.Height - 1) : near;
            for (int x = 0; x < sums.Length; x++)
                sums[x] = down ? (3 * samples[(near * stride) + x]) + samples[(far * stride) + x] : samples[(near * stride) + x];
            Row(sums, plane.AsSpan(y * width, width), across, down, odd: (y & 1) == 1);
        }
        return plane;
    }

    /// <summary>One row from sums over rows. Halves are rounded up and down in turn, so that nothing drifts.</summary>
    static void Row(int[] sums, Span<byte> row, bool across, bool down, bool odd)
    {
        if (!across)
        {
            for (int x = 0; x < row.Length; x++)
                row[x] = (byte)((sums[x] + (odd ? 2 : 1)) >> 2);
            return;
        }
        int shift = down ? 4 : 2, before = down ? 8 : 1, after = down ? 7 : 2;
        for (int x = 0; x < row.Length; x++)
        {
            int near = x / 2, far = near + ((x & 1) == 0 ? -1 : 1);
            // Nothing lies beyond the edge, where the sample stands for itself.
            int value = (3 * sums[near]) + sums[far < 0 || far >= sums.Length ? near : far];
            row[x] = (byte)((value + ((x & 1) == 0 ? before : after)) >> shift);
        }
    }
}
