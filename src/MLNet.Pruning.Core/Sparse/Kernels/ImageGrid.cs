namespace MLNet.Pruning.Sparse.Kernels;

/// <summary>How a convolution moves along one dimension.</summary>
readonly record struct ConvolutionAxis(int Stride, int Padding, int Dilation);

/// <summary>
/// How an image lies in memory so that a convolution is a product of tiles: with its padding, and cut into planes of those pixels that a stride meets together. In such a plane, what a tap
/// reads for neighbouring outputs lies side by side, row behind row.
/// </summary>
sealed class ImageGrid
{
    readonly int strideDown, strideAcross, paddingDown, paddingAcross;

    public ImageGrid(int channels, int height, int width, int kernelHeight, int kernelWidth, ConvolutionAxis down, ConvolutionAxis across)
    {
        (Channels, Height, Width) = (channels, height, width);
        (strideDown, strideAcross, paddingDown, paddingAcross) = (down.Stride, across.Stride, down.Padding, across.Padding);
        var (reachDown, reachAcross) = (down.Dilation * (kernelHeight - 1), across.Dilation * (kernelWidth - 1));
        OutputHeight = Size(height + 2 * paddingDown - reachDown - 1, strideDown);
        OutputWidth = Size(width + 2 * paddingAcross - reachAcross - 1, strideAcross);
        // None where the kernel is larger than the image.
        static int Size(int room, int stride) => room < 0 ? 0 : room / stride + 1;

        PlaneHeight = (height + 2 * paddingDown + strideDown - 1) / strideDown;
        PlaneWidth = (width + 2 * paddingAcross + strideAcross - 1) / strideAcross;
        Offsets = new int[kernelHeight * kernelWidth * channels];
        for (var c = 0; c < channels; c++)
        {
            for (var y = 0; y < kernelHeight; y++)
            {
                for (var x = 0; x < kernelWidth; x++)
                {
                    var (fromTop, fromLeft) = (y * down.Dilation, x * across.Dilation);
                    Offsets[(c * kernelHeight + y) * kernelWidth + x] =
                        Plane(c, fromTop % strideDown, fromLeft % strideAcross) + fromTop / strideDown * PlaneWidth + fromLeft / strideAcross;
                }
            }
        }
    }

    public int Channels { get; }

    public int Height { get; }

    public int Width { get; }

    public int OutputHeight { get; }

    public int OutputWidth { get; }

    public int PlaneHeight { get; }

    public int PlaneWidth { get; }

    /// <summary>Where each tap of a filter reads for the first output.</summary>
    public int[] Offsets { get; }

    /// <summary>Positions in a plane from the first output to the last; those at the ends of rows that are no outputs are counted.</summary>
    public int Positions => (OutputHeight - 1) * PlaneWidth + OutputWidth;

    /// <summary>Numbers of all planes.</summary>
    public int Size => Channels * strideDown * strideAcross * PlaneHeight * PlaneWidth;

    /// <summary>Lays an image out; what is not written must be zero.</summary>
    public unsafe void Lay(float* image, float* planes)
    {
        for (var c = 0; c < Channels; c++)
        {
            for (var y = 0; y < Height; y++, image += Width)
            {
                var (row, top) = ((y + paddingDown) / strideDown, (y + paddingDown) % strideDown);
                if (strideAcross == 1)
                {
                    new ReadOnlySpan<float>(image, Width).CopyTo(new(planes + Plane(c, top, 0) + row * PlaneWidth + paddingAcross, Width));
                    continue;
                }
                for (var x = 0; x < Width; x++)
                    planes[Plane(c, top, (x + paddingAcross) % strideAcross) + row * PlaneWidth + (x + paddingAcross) / strideAcross] = image[x];
            }
        }
    }

    int Plane(int channel, int top, int left) => ((channel * strideDown + top) * strideAcross + left) * PlaneHeight * PlaneWidth;
}
