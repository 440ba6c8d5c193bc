using MLNet.Pruning.Plans;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning.Models;

/// <summary>Tells why a module has no graph.</summary>
sealed class NotTracedException(string reason) : Exception(reason);

/// <summary>A layer of a module, as a node of a graph.</summary>
sealed class TracedLayer(string path, nn.Module module)
{
    public nn.Module Module => module;

    public string Label => path.Length > 0 ? $"'{path}' ({module.GetType().Name})" : $"the {module.GetType().Name}";

    /// <summary>Whether graphs have an operation for layers of this type.</summary>
    public bool IsKnown => TakesLines || module is Dropout1d or Dropout2d or Dropout3d or FeatureAlphaDropout or Conv2d or ConvTranspose2d
        or BatchNorm1d or BatchNorm2d or GroupNorm or MaxPool2d or AvgPool2d { divisor_override: null } or AdaptiveAvgPool2d
        or Softmax or LogSoftmax or Flatten or Unflatten;

    /// <summary>Whether the layer computes each line by itself, so that it does not matter which lines belong to a row.</summary>
    public bool TakesLines => module is Linear or LayerNorm or Dropout or AlphaDropout or Identity or ReLU or LeakyReLU or ELU
        or GELU { approximate: GELU.Approximate.none } or SiLU or Tanh or Sigmoid or ReLU6 or Hardsigmoid or Hardswish;

    string Name => path.Length > 0 ? path : module.GetType().Name;

    /// <summary>
    /// Whether a module only combines others. TorchSharp's own modules may compute something themselves that cannot be seen.
    /// </summary>
    public static bool IsContainer(nn.Module module) => module.GetType().Assembly != typeof(Linear).Assembly
        || module is Sequential or ParameterList or ParameterDict
        || (module.GetType() is { IsGenericType: true } type && type.Name is "ModuleList`1" or "ModuleDict`1");

    /// <summary>The layer as an operation on one node; null if it returns its input.</summary>
    /// <exception cref="NotTracedException">No graph operation does what the layer does.</exception>
    public GraphNode? Node(int input, IReadOnlyList<int> from, IReadOnlyList<int> shape)
    {
        switch (module)
        {
            case Dropout or Dropout1d or Dropout2d or Dropout3d or AlphaDropout or FeatureAlphaDropout or Identity:
                return null;
            case Linear layer:
                return New(GraphOperation.Linear) with { Weight = Own("weight"), Bias = Optional(layer.bias) };
            case Conv2d layer:
                return New(GraphOperation.Convolution) with
                {
                    Weight = Own("weight"),
                    Bias = Optional(layer.bias),
                    Groups = (int)layer.groups,
                    Window = Window(layer),
                };
            case ConvTranspose2d layer:
                return New(GraphOperation.TransposedConvolution) with
                {
                    Weight = Own("weight"),
                    Bias = Optional(layer.bias),
                    Groups = (int)layer.groups,
                    Window = Larger(Window(layer), from, shape),
                };
            case BatchNorm1d or BatchNorm2d:
                return Normalized((BatchNorm)module, New(GraphOperation.BatchNorm));
            case LayerNorm layer:
                return New(GraphOperation.LayerNorm) with
                {
                    Weight = Optional(layer.weight, "weight"),
                    Bias = Optional(layer.bias),
                    Coefficient = layer.eps,
                    Axis = from.Count - layer.normalized_shape.Length,
                };
            case GroupNorm layer:
                return New(GraphOperation.GroupNorm) with
                {
                    Weight = Optional(layer.weight, "weight"),
                    Bias = Optional(layer.bias),
                    Coefficient = layer.eps,
                    Groups = (int)layer.num_groups,
                };
            case MaxPool2d layer:
                return New(GraphOperation.MaxPool) with
                {
                    Window = new(Pair(layer.kernel_size, 1), Pair(layer.stride ?? layer.kernel_size, 1), Pair(layer.padding, 0),
                        Pair(layer.dilation, 1))
                    {
                        Ceiling = layer.ceil_mode,
                    },
                };
            case AvgPool2d { divisor_override: null } layer:
                return New(GraphOperation.AveragePool) with
                {
                    Window = new(Pair(layer.kernel_size, 1), Pair(layer.stride ?? layer.kernel_size, 1), Pair(layer.padding, 0), [1, 1])
                    {
                        Ceiling = layer.ceil_mode,
                        CountsPadding = layer.count_include_pad,
                    },
                };
            case AdaptiveAvgPool2d:
                return GraphParts.Adaptive(New(GraphOperation.AdaptiveAveragePool), from);
            case Softmax layer:
                return New(GraphOperation.Softmax) with { Axis = RowAxis(layer.dim, from.Count) };
            case LogSoftmax layer:
                return New(GraphOperation.LogSoftmax) with { Axis = RowAxis(layer.dim, from.Count) };
            case ReLU:
                return New(GraphOperation.Relu);
            case LeakyReLU layer:
                return New(GraphOperation.LeakyRelu) with { Coefficient = layer.negative_slope };
            case ELU layer:
                return New(GraphOperation.Elu) with { Coefficient = layer.alpha };
            case GELU { approximate: GELU.Approximate.none }:
                return New(GraphOperation.Gelu);
            case SiLU:
                return New(GraphOperation.Silu);
            case Tanh:
                return New(GraphOperation.Tanh);
            case Sigmoid:
                return New(GraphOperation.Sigmoid);
            case ReLU6:
                return New(GraphOperation.Relu6);
            case Hardsigmoid:
                return New(GraphOperation.HardSigmoid);
            case Hardswish:
                return New(GraphOperation.HardSwish);
            case Flatten or Unflatten:
                return New(GraphOperation.Reshape);
            default:
                throw new NotTracedException($"{Label} is of a kind that plans do not compute.");
        }

        GraphNode New(GraphOperation operation) => new(operation, Name, [input], shape);
    }

    GraphNode Normalized(BatchNorm layer, GraphNode node) => layer.running_mean is null || layer.running_var is null
        ? throw new NotTracedException($"{Label} keeps no statistics, so that a row's result depends on its batch.")
        : node with
        {
            Weight = Optional(layer.weight, "weight"),
            Bias = Optional(layer.bias),
            Mean = Own("running_mean"),
            Variance = Own("running_var"),
            Coefficient = layer.eps,
        };

    GraphWindow Window(Convolution layer)
    {
        if (layer.padding_mode != PaddingModes.Zeros)
            throw new NotTracedException($"{Label} pads with {layer.padding_mode}; plans pad with zeros alone.");
        int[] kernel = Pair(layer.kernel_size, 1), dilation = Pair(layer.dilation, 1), padding = Pair(layer.padding, 0);
        if (layer.padding_type == Padding.Valid)
            padding = [0, 0];
        if (layer.padding_type == Padding.Same)
        {
            int[] around = [.. kernel.Zip(dilation, (k, d) => (k - 1) * d)];
            if (around.Any(zeros => zeros % 2 != 0))
                throw new NotTracedException($"{Label} pads more on one side than on the other.");
            padding = [.. around.Select(zeros => zeros / 2)];
        }
        return new(kernel, Pair(layer.stride, 1), padding, dilation);
    }

    /// <summary>
    /// With the additional rows and columns of the result, taken from the recorded shape: TorchSharp's own setting may be for another
    /// size.
    /// </summary>
    static GraphWindow Larger(GraphWindow window, IReadOnlyList<int> from, IReadOnlyList<int> shape) => from.Count != 3
        || shape.Count != 3 ? window
        : window with
        {
            OutputPadding = [.. Enumerable.Range(0, 2)
                .Select(d => shape[d + 1] - (((from[d + 1] - 1) * window.Stride[d]) - (2 * window.Padding[d])
                + ((window.Kernel[d] - 1) * window.Dilation[d]) + 1))],
        };

    string Own(string name) => path.Length > 0 ? $"{path}.{name}" : name;

    string? Optional(Tensor? parameter, string name = "bias") => parameter is null ? null : Own(name);

    int RowAxis(long dim, int dimensions)
    {
        long axis = dim < 0 ? dim + dimensions : dim - 1;
        return axis >= 0 ? (int)axis : throw new NotTracedException($"{Label} works along the rows of a batch.");
    }

    static int[] Pair(long[]? values, int otherwise) => values switch
    {
        null or [] => [otherwise, otherwise],
        [var one] => [checked((int)one), checked((int)one)],
        _ => [checked((int)values[0]), checked((int)values[1])],
    };
}

/// <summary>Converts modules to equivalent nodes.</summary>
static class GraphParts
{
    /// <summary>An adaptive pooling with equal parts, as a plain one.</summary>
    public static GraphNode Adaptive(GraphNode node, IReadOnlyList<int> from)
    {
        if (from.Count != 3 || node.Shape.Count != 3 || from[1] % node.Shape[1] != 0 || from[2] % node.Shape[2] != 0)
            return node;
        int[] part = [from[1] / node.Shape[1], from[2] / node.Shape[2]];
        return node with { Operation = GraphOperation.AveragePool, Window = new(part, part, [0, 0], [1, 1]) };
    }
}
