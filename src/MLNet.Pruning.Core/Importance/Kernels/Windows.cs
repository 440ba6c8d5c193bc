namespace MLNet.Pruning.Importance.Kernels;

/// <summary>
/// A consumer seen as windows that slide over images: at every position and for every output channel, one denominator over
/// all inputs in the window.
/// </summary>
/// <remarks>
/// Three consumers are one here. A convolution is itself. A transposed convolution is a convolution of the input with
/// <c>Spread - 1</c> zeros between its pixels and the kernel turned round. A linear layer in which each neuron owns b consecutive
/// inputs is a convolution whose kernel is the whole [1 x b] image. Images are copied into a buffer with their padding, so
/// that the kernel itself never asks where the border is.
/// </remarks>
internal sealed class Windows
{
    readonly int height, width, spreadY, spreadX, top, left, bufferHeight, bufferWidth;

    public Windows(int channels, int height, int width, int outputs, int kernelHeight, int kernelWidth, ConvolutionShape shape)
    {
        (Channels, Outputs, Groups, Transposed) = (channels, outputs, shape.Groups, shape.Transposed);
        (this.height, this.width) = (height, width);
        var (reachY, reachX) = (shape.Dilation.Height * (kernelHeight - 1), shape.Dilation.Width * (kernelWidth - 1));
        (PositionsHigh, PositionsWide) = shape.OutputSize(height, width, kernelHeight, kernelWidth);
        var (strideY, strideX) = shape.Transposed ? (1, 1) : shape.Stride;
        (spreadY, spreadX) = shape.Transposed ? shape.Stride : (1, 1);
        (top, left) = shape.Transposed ? (reachY - shape.Padding.Height, reachX - shape.Padding.Width) : shape.Padding;
        (bufferHeight, bufferWidth) = ((PositionsHigh - 1) * strideY + reachY + 1, (PositionsWide - 1) * strideX + reachX + 1);
        ChannelStride = bufferHeight * bufferWidth;

        Positions = new int[PositionsHigh * PositionsWide];
        for (var p = 0; p < Positions.Length; p++)
            Positions[p] = p / PositionsWide * strideY * bufferWidth + p % PositionsWide * strideX;
        Taps = new int[kernelHeight * kernelWidth];
        for (var t = 0; t < Taps.Length; t++)
            Taps[t] = t / kernelWidth * shape.Dilation.Height * bufferWidth + t % kernelWidth * shape.Dilation.Width;
    }

    /// <summary>A linear layer whose neurons own <paramref name="block"/> consecutive inputs each.</summary>
    public static Windows OfBlocks(int neurons, int block, int consumers) => new(neurons, 1, block, consumers, 1, block, new());

    public int Channels { get; }

    public int Outputs { get; }

    public int Groups { get; }

    /// <summary>Whether weights are stored [channels, outputs / groups, taps] and read back to front.</summary>
    public bool Transposed { get; }

    public int PositionsHigh { get; }

    public int PositionsWide { get; }

    /// <summary>Where in an image's buffer each window starts.</summary>
    public int[] Positions { get; }

    /// <summary>Where in a window each weight of the kernel stands.</summary>
    public int[] Taps { get; }

    public int ChannelStride { get; }

    public int ImageStride => Channels * ChannelStride;

    public int ImageSize => Channels * height * width;

    bool Plain => spreadX == 1 && top == 0 && left == 0 && bufferHeight == height && bufferWidth == width;

    /// <summary>Whether every output looks at one pixel of every channel: a linear layer whose samples are pixels.</summary>
    public bool IsPointwise => Taps.Length == 1 && Groups == 1 && top == 0 && left == 0 && spreadY == 1 && spreadX == 1;

    /// <summary>A pointwise consumer's pixels as rows: [channels, height, width] -> [positions, channels].</summary>
    public void PackPixels(ReadOnlySpan<float> image, Span<float> rows)
    {
        for (var c = 0; c < Channels; c++)
        {
            var plane = image.Slice(c * height * width, height * width);
            for (var p = 0; p < Positions.Length; p++)
                rows[p * Channels + c] = plane[Positions[p] / bufferWidth * width + Positions[p] % bufferWidth];
        }
    }

    /// <summary>Copies one image [channels, height, width] with its border.</summary>
    public unsafe void Pack<T>(ReadOnlySpan<float> image, T scale, T* to)
        where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T>
    {
        if (Plain)
        {
            Lanes<T>.Pack(image, scale, to, image.Length);
            return;
        }
        new Span<T>(to, ImageStride).Clear();
        var (from, until) = (Math.Max(0, -left), Math.Min(width, bufferWidth - left));
        for (var c = 0; c < Channels; c++, to += ChannelStride)
        {
            for (var y = 0; y < height; y++)
            {
                var row = y * spreadY + top;
                if (row < 0 || row >= bufferHeight)
                    continue;
                var pixels = image.Slice((c * height + y) * width, width);
                if (spreadX == 1 && until > from)
                {
                    Lanes<T>.Pack(pixels[from..until], scale, to + row * bufferWidth + left + from, until - from);
                    continue;
                }
                for (var x = 0; x < width; x++)
                {
                    var column = x * spreadX + left;
                    if (column >= 0 && column < bufferWidth)
                        to[row * bufferWidth + column] = Lanes<T>.Enter(pixels[x], scale);
                }
            }
        }
    }
}
