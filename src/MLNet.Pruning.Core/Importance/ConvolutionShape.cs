namespace MLNet.Pruning;

/// <summary>How a convolution slides over its input. The defaults are PyTorch's; a one-dimensional one has height 1.</summary>
public sealed record ConvolutionShape
{
    /// <summary>Steps between windows (for a transposed convolution, between the pixels it spreads); at least 1.</summary>
    public (int Height, int Width) Stride { get; init; } = (1, 1);

    /// <summary>Zeros around the input (for a transposed convolution, cut from the output); at least 0.</summary>
    public (int Height, int Width) Padding { get; init; }

    /// <summary>Distance between the weights of a kernel; at least 1.</summary>
    public (int Height, int Width) Dilation { get; init; } = (1, 1);

    /// <summary>Groups of channels that do not see each other; at least 1.</summary>
    public int Groups { get; init; } = 1;

    /// <summary>Whether it is a transposed convolution, with weights [in, out / groups, height, width].</summary>
    public bool Transposed { get; init; }

    /// <summary>Rows and columns added to the output of a transposed convolution; at least 0.</summary>
    public (int Height, int Width) OutputPadding { get; init; }

    /// <summary>The same in both directions.</summary>
    /// <param name="stride">Steps between windows.</param>
    /// <param name="padding">Zeros around the input.</param>
    /// <param name="dilation">Distance between the weights of a kernel.</param>
    /// <param name="groups">Groups of channels.</param>
    public static ConvolutionShape Square(int stride = 1, int padding = 0, int dilation = 1, int groups = 1) => new()
    {
        Stride = (stride, stride),
        Padding = (padding, padding),
        Dilation = (dilation, dilation),
        Groups = groups,
    };

    /// <summary>Height and width of the output for an input and a kernel of the given sizes.</summary>
    internal (int Height, int Width) OutputSize(int height, int width, int kernelHeight, int kernelWidth)
    {
        Check(Stride, 1, nameof(Stride));
        Check(Dilation, 1, nameof(Dilation));
        Check(Padding, 0, nameof(Padding));
        Check(OutputPadding, 0, nameof(OutputPadding));
        ArgumentOutOfRangeException.ThrowIfLessThan(Groups, 1);
        var size = (
            Size(height, kernelHeight, Stride.Height, Padding.Height, Dilation.Height, OutputPadding.Height),
            Size(width, kernelWidth, Stride.Width, Padding.Width, Dilation.Width, OutputPadding.Width));
        if (size.Item1 < 1 || size.Item2 < 1)
        {
            throw new ArgumentException(
                $"A convolution with a {kernelHeight} x {kernelWidth} kernel and {this} has no output for a {height} x {width} input.");
        }
        return size;
    }

    int Size(int size, int kernel, int stride, int padding, int dilation, int extra)
    {
        var reach = dilation * (kernel - 1);
        return Transposed
            ? (size - 1) * stride - 2 * padding + reach + extra + 1
            : (size + 2 * padding - reach - 1 < 0 ? -1 : (size + 2 * padding - reach - 1) / stride) + 1;
    }

    static void Check((int Height, int Width) value, int least, string name)
    {
        if (value.Height < least || value.Width < least)
            throw new ArgumentOutOfRangeException(
                name, $"{name} of a convolution is {value}; it must be at least {least} in both directions.");
    }
}
