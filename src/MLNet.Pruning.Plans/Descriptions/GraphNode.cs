namespace MLNet.Pruning.Plans;

/// <summary>The operation of a node of a <see cref="GraphDescription"/>.</summary>
public enum GraphOperation
{
    /// <summary>The network's input.</summary>
    Input,

    /// <summary>An array of weights, the same for all rows; dimensions of 1 are repeated to the node's shape.</summary>
    Constant,

    /// <summary>W x + b over the last dimension; weight [outputs, inputs].</summary>
    Linear,

    /// <summary>A convolution of images; weight [outputs, inputs / groups, height, width].</summary>
    Convolution,

    /// <summary>A transposed convolution of images; weight [inputs, outputs / groups, height, width].</summary>
    TransposedConvolution,

    /// <summary>(x - mean) / sqrt(variance + epsilon) * weight + bias with stored statistics, for each index of the first
    /// dimension.</summary>
    BatchNorm,

    /// <summary>
    /// The same with mean and variance of the row's values over dimension <see cref="GraphNode.Axis"/> and all later ones.
    /// </summary>
    LayerNorm,

    /// <summary>The same with mean and variance of each group of channels.</summary>
    GroupNorm,

    /// <summary>max(0, x)</summary>
    Relu,

    /// <summary>x above zero, <see cref="GraphNode.Coefficient"/> times x below.</summary>
    LeakyRelu,

    /// <summary>x above zero, <see cref="GraphNode.Coefficient"/> times (e^x - 1) below.</summary>
    Elu,

    /// <summary>x times the standard normal distribution function of x.</summary>
    Gelu,

    /// <summary>x times its logistic sigmoid.</summary>
    Silu,

    /// <summary>The hyperbolic tangent.</summary>
    Tanh,

    /// <summary>The logistic sigmoid.</summary>
    Sigmoid,

    /// <summary>min(6, max(0, x))</summary>
    Relu6,

    /// <summary>min(6, max(0, x + 3)) / 6</summary>
    HardSigmoid,

    /// <summary>x times <see cref="HardSigmoid"/> of x.</summary>
    HardSwish,

    /// <summary>e^x divided by its sum along dimension <see cref="GraphNode.Axis"/>.</summary>
    Softmax,

    /// <summary>The logarithm of <see cref="Softmax"/>.</summary>
    LogSoftmax,

    /// <summary>The maxima of windows.</summary>
    MaxPool,

    /// <summary>The means of windows.</summary>
    AveragePool,

    /// <summary>The means of as many parts as the shape says, of sizes as equal as possible.</summary>
    AdaptiveAveragePool,

    /// <summary>The mean along dimension <see cref="GraphNode.Axis"/>, which is removed.</summary>
    Mean,

    /// <summary>The same values in another shape.</summary>
    Reshape,

    /// <summary>The sum of two values of the same shape.</summary>
    Add,

    /// <summary>The product of two values of the same shape, or of [channels, height, width] and [channels, 1, 1].</summary>
    Multiply,

    /// <summary>The concatenation of two or more values along dimension <see cref="GraphNode.Axis"/>.</summary>
    Concatenate,
}

/// <summary>One operation of a <see cref="GraphDescription"/>. Shapes and dimensions are those of a row, without the batch.</summary>
/// <param name="Operation">The operation.</param>
/// <param name="Name">The layer's name in its module, or a generated name.</param>
/// <param name="Inputs">The indices of the earlier nodes that it reads.</param>
/// <param name="Shape">The shape of its result.</param>
public sealed record GraphNode(GraphOperation Operation, string Name, IReadOnlyList<int> Inputs, IReadOnlyList<int> Shape)
{
    /// <summary>The name of its weight among the network's arrays; null for none.</summary>
    public string? Weight { get; init; }

    /// <summary>The name of its bias; null for none.</summary>
    public string? Bias { get; init; }

    /// <summary>The name of a batch norm's means.</summary>
    public string? Mean { get; init; }

    /// <summary>The name of a batch norm's variances.</summary>
    public string? Variance { get; init; }

    /// <summary>The windows of a convolution or a pooling; null for other operations.</summary>
    public GraphWindow? Window { get; init; }

    /// <summary>Groups of channels, for a convolution or a group norm.</summary>
    public int Groups { get; init; } = 1;

    /// <summary>The dimension along which it works.</summary>
    public int Axis { get; init; }

    /// <summary>The negative slope of a leaky ReLU, alpha of an ELU, epsilon of a norm.</summary>
    public double Coefficient { get; init; }

    internal bool IsActivation => Operation is >= GraphOperation.Relu and <= GraphOperation.HardSwish;
}

/// <summary>The windows of a convolution or a pooling: height and width of each.</summary>
/// <param name="Kernel">Pixels of a window.</param>
/// <param name="Stride">Pixels from one window to the next.</param>
/// <param name="Padding">Pixels around the image on each side: zeros; a maximum ignores them.</param>
/// <param name="Dilation">Pixels from one pixel of a window to the next.</param>
public sealed record GraphWindow(IReadOnlyList<int> Kernel, IReadOnlyList<int> Stride, IReadOnlyList<int> Padding,
    IReadOnlyList<int> Dilation)
{
    /// <summary>Additional rows and columns at the end of a transposed convolution's result.</summary>
    public IReadOnlyList<int> OutputPadding { get; init; } = [0, 0];

    /// <summary>Whether the last window of a pooling may extend beyond the image.</summary>
    public bool Ceiling { get; init; }

    /// <summary>Whether a mean counts the padding as zeros.</summary>
    public bool CountsPadding { get; init; } = true;

    /// <summary>The distance between a window's first and last pixel, plus one.</summary>
    internal int Extent(int dimension) => checked(((Kernel[dimension] - 1) * Dilation[dimension]) + 1);
}
