namespace MLNet.Pruning.Images;

/// <summary>Rows of a PNG picture: undoing their filters and taking samples out.</summary>
static class PngRows
{
    /// <summary>Replaces differences by bytes.</summary>
    /// <param name="filter">0 to 4: none, left, above, mean, Paeth.</param>
    /// <param name="line">The row.</param>
    /// <param name="above">The row above, already unfiltered.</param>
    /// <param name="step">Bytes of a pixel, at least 1.</param>
    public static void Unfilter(byte filter, Span<byte> line, ReadOnlySpan<byte> above, int step)
    {
        switch (filter)
        {
            case 1:
                for (int i = step; i < line.Length; i++)
                    line[i] += line[i - step];
                break;
            case 2:
                for (int i = 0; i < line.Length; i++)
                    line[i] += above[i];
                break;
            case 3:
                for (int i = 0; i < line.Length; i++)
                    line[i] += (byte)(((i < step ? 0 : line[i - step]) + above[i]) / 2);
                break;
            case 4:
                for (int i = 0; i < line.Length; i++)
                    line[i] += i < step ? above[i] : PngFormat.Paeth(line[i - step], above[i], above[i - step]);
                break;
            default:
                break;
        }
    }

    /// <summary>Sample <paramref name="index"/> of a row of 1 to 8 bits a sample.</summary>
    public static int Sample(ReadOnlySpan<byte> line, int index, int depth)
    {
        if (depth == 8)
            return line[index];
        int bit = index * depth;
        return (line[bit / 8] >> (8 - depth - (bit % 8))) & ((1 << depth) - 1);
    }

    /// <summary>Sample <paramref name="index"/> as a byte: of 16 bits the upper 8, of fewer than 8 stretched to the full range.</summary>
    public static byte Stretched(ReadOnlySpan<byte> line, int index, int depth) => depth switch
    {
        16 => line[2 * index],
        8 => line[index],
        _ => (byte)(Sample(line, index, depth) * 255 / ((1 << depth) - 1)),
    };
}
