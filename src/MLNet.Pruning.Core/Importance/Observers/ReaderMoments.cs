using MLNet.Pruning.Neurons;
using static TorchSharp.torch;

namespace MLNet.Pruning.Importance;

/// <summary>
/// What a layer reads as a linear map sees it: rows of inputs, a convolution's position by position. Sums their products with one another
/// and with what the layer is to compute, in double precision.
/// </summary>
sealed class ReaderMoments : IDisposable
{
    readonly Layer layer;
    readonly (ConvolutionShape Shape, long[]? Border, TorchSharp.PaddingModes Mode)? convolution;

    public ReaderMoments(Layer layer, string method)
    {
        this.layer = layer;
        if (layer.Kind == LayerKind.Transposed || layer.Groups > 1)
            throw new NotSupportedException($"{method} reconstructs what linear layers and convolutions compute; {layer.Label} is a "
                + $"convolution {(layer.Groups > 1 ? "in groups" : "that is transposed")}.");
        if (layer.Kind == LayerKind.Convolution)
            convolution = ReaderShares.Shape(layer);
        var weight = layer.Own("weight")!;
        Taps = weight.shape.Skip(2).Aggregate(1L, (n, extent) => n * extent);
        using var off = no_grad();
        Products = zeros(layer.In * Taps, layer.In * Taps, dtype: ScalarType.Float64, device: weight.device).DetachFromDisposeScope();
        Targets = zeros(layer.In * Taps, layer.Out, dtype: ScalarType.Float64, device: weight.device).DetachFromDisposeScope();
    }

    /// <summary>The weights that each feature has in a convolution's kernel; 1 for a linear layer.</summary>
    public long Taps { get; }

    /// <summary>X'X: [inputs * taps, inputs * taps].</summary>
    public Tensor Products { get; }

    /// <summary>X'Y: [inputs * taps, outputs].</summary>
    public Tensor Targets { get; }

    /// <summary>The sum of the squares of Y.</summary>
    public double TargetSquares { get; private set; }

    /// <summary>The number of rows.</summary>
    public long Rows { get; private set; }

    /// <summary>The weights as a matrix: [outputs, inputs * taps].</summary>
    public Tensor Weights => layer.Own("weight")!.detach().flatten(1).to_type(ScalarType.Float64);

    /// <param name="input">What the layer reads.</param>
    /// <param name="target">What it is to compute, without its bias; null where its own weights say so.</param>
    public void Add(Tensor input, Tensor? target = null)
    {
        using var scope = NewDisposeScope();
        var rows = RowsOf(input);
        Rows += rows.shape[0];
        Products.add_(rows.t().matmul(rows), Scalars.One);
        if (target is null)
            return;
        var wanted = Outputs(target);
        Targets.add_(rows.t().matmul(wanted), Scalars.One);
        TargetSquares += wanted.Squared().sum().item<double>();
    }

    public void Add(ReaderMoments other)
    {
        Rows += other.Rows;
        TargetSquares += other.TargetSquares;
        Products.add_(other.Products, Scalars.One);
        Targets.add_(other.Targets, Scalars.One);
    }

    /// <summary>[rows, inputs * taps]</summary>
    Tensor RowsOf(Tensor input)
    {
        var values = input.detach().to_type(ScalarType.Float64);
        if (convolution is not var (shape, border, mode))
            return values.reshape(-1, values.shape[^1]);
        if (border is not null)
            values = nn.functional.pad(values, border, mode);
        if (values.Dimensions == 3)
            values = values.unsqueeze(2);
        var size = layer.Own("weight")!.shape;
        var (height, width) = size.Length == 3 ? (1L, size[2]) : (size[2], size[3]);
        var patches = Shares.Patches(Shares.Border(values, height, width, shape), height, width, shape);
        return patches.transpose(1, 2).reshape(-1, patches.shape[1]);
    }

    /// <summary>[rows, outputs]</summary>
    Tensor Outputs(Tensor output) => convolution is null
        ? output.reshape(-1, output.shape[^1]).to_type(ScalarType.Float64)
        : output.flatten(2).transpose(1, 2).reshape(-1, output.shape[1]).to_type(ScalarType.Float64);

    public void Dispose()
    {
        Products.Dispose();
        Targets.Dispose();
    }
}
