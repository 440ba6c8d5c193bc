namespace MLNet.Pruning.Datasets;

/// <summary>Paints digits into the compact storage of a data view.</summary>
static class SyntheticDigits
{
    /// <summary>The first <paramref name="count"/> digits of the endless data set called <paramref name="seed"/>.</summary>
    public static ByteImageView Paint(int count, int seed)
    {
        int most = Array.MaxLength / DigitPainter.PixelCount;
        if (count < 1 || count > most)
            throw new ArgumentOutOfRangeException(nameof(count), count, $"Wanted 1 to {most} digits.");
        var labels = new byte[count];
        var pixels = new byte[count * DigitPainter.PixelCount];
        // Every digit has its own stream of random numbers, so the order they are painted in does not matter.
        Parallel.For(0, count, () => new DigitPainter(), (index, _, painter) =>
        {
            labels[index] = painter.Paint(seed, index, pixels.AsSpan(index * DigitPainter.PixelCount, DigitPainter.PixelCount));
            return painter;
        }, _ => { });
        return new ByteImageView(new PixelStore(pixels, DigitPainter.PixelCount), labels);
    }
}
