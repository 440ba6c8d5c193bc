namespace MLNet.Pruning.Images;

/// <summary>One colour component of a JPEG frame: its sampling, its place in blocks, its coefficients.</summary>
sealed class JpegComponent(byte id, int horizontal, int vertical, byte quantizer)
{
    /// <summary>Coefficients of a block.</summary>
    public const int BlockSize = 64;

    public byte Id => id;

    /// <summary>Blocks of an MCU in a row, and rows of them.</summary>
    public int Horizontal => horizontal;

    public int Vertical => vertical;

    /// <summary>Samples that carry picture.</summary>
    public int Width { get; private set; }

    public int Height { get; private set; }

    /// <summary>Blocks that carry picture: what a scan of this component alone has.</summary>
    public int BlocksWide => (Width + 7) / 8;

    public int BlocksHigh => (Height + 7) / 8;

    /// <summary>Blocks of a row with those that fill up the last MCU.</summary>
    public int Stride { get; private set; }

    /// <summary>The coefficients of all blocks, in the order of rows and columns (not zigzag).</summary>
    public short[] Coefficients { get; private set; } = [];

    /// <summary>The quantizer to multiply with: the one in force at the component's first scan.</summary>
    public ushort[]? Quantizer { get; private set; }

    public JpegHuffman? Dc { get; set; }

    public JpegHuffman? Ac { get; set; }

    /// <summary>The DC value of the block before.</summary>
    public int Predictor { get; set; }

    /// <summary>Makes room for a picture of <paramref name="wide"/> x <paramref name="high"/> MCUs.</summary>
    public void Size(int pictureWidth, int pictureHeight, int mostHorizontal, int mostVertical, int wide, int high)
    {
        Width = (int)((((long)pictureWidth * horizontal) + mostHorizontal - 1) / mostHorizontal);
        Height = (int)((((long)pictureHeight * vertical) + mostVertical - 1) / mostVertical);
        Stride = wide * horizontal;
        Coefficients = new short[(long)Stride * high * vertical * BlockSize];
    }

    /// <summary>Fixes the quantizer; false if there is none of that number.</summary>
    public bool TakeQuantizer(ushort[]?[] quantizers) => (Quantizer ??= (ushort[]?)quantizers[quantizer]?.Clone()) is not null;

    public Span<short> Block(int column, int row) => Coefficients.AsSpan(((row * Stride) + column) * BlockSize, BlockSize);
}
