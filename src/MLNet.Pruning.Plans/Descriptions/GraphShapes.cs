namespace MLNet.Pruning.Plans;

/// <summary>Computes the shape of an operation's result from the shapes of its inputs, and throws if they do not fit.</summary>
static class GraphShapes
{
    const int MaximumDimensions = 8, MaximumValues = 1 << 27, MaximumWindow = 1 << 12, MaximumEnlargement = 64;

    public static void CheckSize(IReadOnlyList<int>? shape)
    {
        if (shape is not { Count: > 0 and <= MaximumDimensions } || shape.Any(size => size < 1)
            || shape.Aggregate((Int128)1, (product, size) => product * size) > MaximumValues)
            throw new ArgumentException($"its shape is [{string.Join(", ", shape ?? [])}]; "
                + $"wanted 1 to {MaximumDimensions} dimensions of at least 1 and at most {MaximumValues} values.");
    }

    public static int Count(IReadOnlyList<int> shape) => shape.Aggregate(1, (product, size) => checked(product * size));

    /// <summary>The shape of a node's result.</summary>
    /// <param name="node">The node. Its own shape is used where it is a free choice.</param>
    public static IReadOnlyList<int> Of(GraphNode node, params IReadOnlyList<int>[] inputs)
    {
        int wanted = node.Operation switch
        {
            GraphOperation.Input or GraphOperation.Constant => 0,
            GraphOperation.Add or GraphOperation.Multiply => 2,
            GraphOperation.Concatenate => Math.Max(2, inputs.Length),
            _ => 1,
        };
        Require(inputs.Length == wanted, $"it reads {inputs.Length} nodes; wanted {wanted}.");
        CheckWeights(node);
        var x = inputs.Length > 0 ? inputs[0] : node.Shape;
        switch (node.Operation)
        {
            case GraphOperation.Linear:
                Require(node.Shape.Count == x.Count, $"it reads {Text(x)} and has the shape {Text(node.Shape)}.");
                return [.. x.Take(x.Count - 1), node.Shape[^1]];
            case GraphOperation.Convolution or GraphOperation.TransposedConvolution:
                RequireImage(x);
                Require(node.Shape.Count == 3 && node.Groups >= 1 && x[0] % node.Groups == 0 && node.Shape[0] % node.Groups == 0,
                    $"{node.Groups} groups do not divide its channels.");
                return [node.Shape[0], .. Windows(node, x)];
            case GraphOperation.MaxPool or GraphOperation.AveragePool:
                RequireImage(x);
                return [x[0], .. Windows(node, x)];
            case GraphOperation.AdaptiveAveragePool:
                RequireImage(x);
                Require(node.Shape.Count == 3 && node.Shape[1] <= x[1] && node.Shape[2] <= x[2],
                    $"it cannot make {Text(node.Shape)} of {Text(x)}.");
                return [x[0], node.Shape[1], node.Shape[2]];
            case GraphOperation.BatchNorm:
                RequireEpsilon(node);
                return x;
            case GraphOperation.LayerNorm:
                RequireAxis(node, x);
                RequireEpsilon(node);
                return x;
            case GraphOperation.GroupNorm:
                RequireImage(x);
                RequireEpsilon(node);
                Require(node.Groups >= 1 && x[0] % node.Groups == 0, $"{node.Groups} groups do not divide {x[0]} channels.");
                return x;
            case GraphOperation.Softmax or GraphOperation.LogSoftmax:
                RequireAxis(node, x);
                Require(node.Axis == x.Count - 1 || (x.Count == 3 && node.Axis == 0 && node.Operation == GraphOperation.Softmax),
                    $"it works along dimension {node.Axis} of {Text(x)}; wanted the last, or the channels of an image.");
                return x;
            case GraphOperation.Mean:
                RequireAxis(node, x);
                Require(x.Count == 2, $"it reads {Text(x)}; wanted two dimensions.");
                return [x[1 - node.Axis]];
            case GraphOperation.Reshape:
                Require(Count(x) == Count(node.Shape), $"it makes {Text(node.Shape)} of {Text(x)}, which has another number of values.");
                return node.Shape;
            case GraphOperation.Add:
                Require(x.SequenceEqual(inputs[1]), $"it adds {Text(x)} and {Text(inputs[1])}.");
                return x;
            case GraphOperation.Multiply:
                Require(x.SequenceEqual(inputs[1]) || (x.Count == 3 && inputs[1].SequenceEqual([x[0], 1, 1])),
                    $"it multiplies {Text(x)} and {Text(inputs[1])}.");
                return x;
            case GraphOperation.Concatenate:
                return Joined(node, inputs);
            case GraphOperation.LeakyRelu or GraphOperation.Elu:
                Require(double.IsFinite(node.Coefficient), $"its coefficient is {node.Coefficient}.");
                return x;
            default:
                return x;
        }
    }

    /// <summary>Height and width of the result of windows over an image; null if they do not fit.</summary>
    public static int[]? TryWindows(GraphNode node, IReadOnlyList<int> x)
    {
        for (int d = 0; d < 2; d++)
        {
            if (x[d + 1] + (2 * node.Window!.Padding[d]) < node.Window.Extent(d))
                return null;
        }
        return Windows(node, x);
    }

    /// <summary>Height and width of the result of windows over an image.</summary>
    public static int[] Windows(GraphNode node, IReadOnlyList<int> x)
    {
        var window = node.Window ?? throw new ArgumentException("it has no window.");
        int[] sizes = new int[2];
        foreach (var (list, minimum) in ((IReadOnlyList<int>, int)[])
            [(window.Kernel, 1), (window.Stride, 1), (window.Padding, 0), (window.Dilation, 1), (window.OutputPadding, 0)])
            Require(list is { Count: 2 } && list.All(v => v >= minimum && v <= MaximumWindow),
                $"its window has [{string.Join(", ", list ?? [])}]; wanted two numbers of {minimum} to {MaximumWindow}.");
        bool pools = node.Operation is GraphOperation.MaxPool or GraphOperation.AveragePool;
        for (int d = 0; d < 2; d++)
        {
            int size = x[d + 1], padding = window.Padding[d], stride = window.Stride[d], extent = window.Extent(d);
            if (node.Operation == GraphOperation.TransposedConvolution)
            {
                sizes[d] = checked(((size - 1) * stride) - (2 * padding) + extent + window.OutputPadding[d]);
                Require(stride <= MaximumEnlargement, $"its stride is {stride}; wanted at most {MaximumEnlargement}.");
                Require(window.OutputPadding[d] < Math.Max(stride, window.Dilation[d]) && padding < extent, "its padding does not fit.");
            }
            else
            {
                Require(!pools || padding <= window.Kernel[d] / 2, "it pads more than half of its window.");
                Require(node.Operation != GraphOperation.AveragePool || window.Dilation[d] == 1, "means of dilated windows are not known.");
                int room = size + (2 * padding) - extent;
                Require(room >= 0, $"its window of {extent} pixels does not fit into {size} with a padding of {padding}.");
                sizes[d] = (room / stride) + 1;
                if (pools && window.Ceiling && room % stride != 0 && sizes[d] * stride < size + padding)
                    sizes[d]++;
            }
            Require(sizes[d] >= 1, "nothing is left of the image.");
        }
        return sizes;
    }

    static int[] Joined(GraphNode node, IReadOnlyList<int>[] inputs)
    {
        var x = inputs[0];
        RequireAxis(node, x);
        Require(node.Axis == 0 || (x.Count == 2 && node.Axis == 1),
            $"it joins dimension {node.Axis} of {Text(x)}; wanted the first, or one of two.");
        int sum = 0;
        foreach (var input in inputs)
        {
            Require(input.Count == x.Count && input.Where((_, d) => d != node.Axis).SequenceEqual(x.Where((_, d) => d != node.Axis)),
                $"{Text(input)} does not fit to {Text(x)}.");
            sum = checked(sum + input[node.Axis]);
        }
        int[] shape = [.. x];
        shape[node.Axis] = sum;
        return shape;
    }

    static void CheckWeights(GraphNode node)
    {
        bool wants = node.Operation is GraphOperation.Linear or GraphOperation.Convolution or GraphOperation.TransposedConvolution
            or GraphOperation.Constant;
        bool norms = node.Operation is GraphOperation.BatchNorm or GraphOperation.LayerNorm or GraphOperation.GroupNorm;
        Require(!wants || node.Weight is not null, "it has no weight.");
        Require(wants || norms || (node.Weight ?? node.Bias) is null, "it has a weight or a bias, which it does not use.");
        Require((node.Mean is not null && node.Variance is not null) == (node.Operation == GraphOperation.BatchNorm),
            "a batch norm has a mean and a variance, and nothing else has.");
    }

    static void RequireImage(IReadOnlyList<int> x) => Require(x.Count == 3, $"it reads {Text(x)}; wanted [channels, height, width].");

    static void RequireAxis(GraphNode node, IReadOnlyList<int> x) =>
        Require(node.Axis >= 0 && node.Axis < x.Count, $"it works along dimension {node.Axis} of {Text(x)}.");

    static void RequireEpsilon(GraphNode node) =>
        Require(node.Coefficient is >= 0 and < double.PositiveInfinity, $"its epsilon is {node.Coefficient}; wanted at least 0.");

    static void Require(bool fits, string otherwise)
    {
        if (!fits)
            throw new ArgumentException(otherwise);
    }

    static string Text(IReadOnlyList<int> shape) => $"[{string.Join(", ", shape)}]";
}
