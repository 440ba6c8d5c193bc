using MLNet.Pruning.Plans;
using TorchSharp;
using static TorchSharp.torch;

namespace MLNet.Pruning.Models;

/// <summary>A function that modules apply between layers.</summary>
/// <param name="Operation">Its operation in a graph.</param>
/// <param name="Coefficient">Its coefficient in a graph.</param>
/// <param name="Compute">LibTorch's function.</param>
/// <param name="Estimate">The same for one number, with an error of 1e-4: a few numbers distinguish most values.</param>
/// <param name="IsExact">Whether the result is the same bit for bit at any position in a tensor.</param>
sealed record TracedFunction(GraphOperation Operation, double Coefficient, Func<Tensor, Tensor> Compute, Func<double, double> Estimate,
    bool IsExact = false);

/// <summary>The functions and poolings to try when no layer has computed a layer's input.</summary>
static class TracedFunctions
{
    static readonly Scalar FlatSlope = 0.01, MiddleSlope = 0.1, SteepSlope = 0.2;

    static readonly int[] Kernels = [2, 3, 4, 5, 7, 8];

    public static readonly TracedFunction[] OfNumbers =
    [
        new(GraphOperation.Relu, 0, x => x.relu(), x => Math.Max(0, x), IsExact: true),
        new(GraphOperation.Relu6, 0, x => x.relu6(), x => Math.Clamp(x, 0, 6), IsExact: true),
        new(GraphOperation.LeakyRelu, 0.01, x => x.leaky_relu(FlatSlope), x => x > 0 ? x : 0.01 * x, IsExact: true),
        new(GraphOperation.LeakyRelu, 0.1, x => x.leaky_relu(MiddleSlope), x => x > 0 ? x : 0.1 * x, IsExact: true),
        new(GraphOperation.LeakyRelu, 0.2, x => x.leaky_relu(SteepSlope), x => x > 0 ? x : 0.2 * x, IsExact: true),
        new(GraphOperation.Gelu, 0, x => x.gelu(), x => x * (1 + Erf(x / Math.Sqrt(2))) / 2),
        new(GraphOperation.Silu, 0, x => x.silu(), x => x * Logistic(x)),
        new(GraphOperation.Tanh, 0, x => x.tanh(), Math.Tanh),
        new(GraphOperation.Sigmoid, 0, x => x.sigmoid(), Logistic),
        new(GraphOperation.Elu, 1, x => x.elu(Scalars.One, Scalars.One, Scalars.One), x => x > 0 ? x : Math.Exp(x) - 1),
        new(GraphOperation.HardSwish, 0, x => x.hardswish(), x => x * Math.Clamp(x + 3, 0, 6) / 6),
        new(GraphOperation.HardSigmoid, 0, x => x.hardsigmoid(), x => Math.Clamp(x + 3, 0, 6) / 6),
    ];

    static double Logistic(double x) => 1 / (1 + Math.Exp(-x));

    /// <summary>Abramowitz and Stegun 7.1.26; error 1.5e-7.</summary>
    static double Erf(double x)
    {
        double t = 1 / (1 + (0.3275911 * Math.Abs(x)));
        double p = t * (0.254829592 + (t * (-0.284496736 + (t * (1.421413741 + (t * (-1.453152027 + (t * 1.061405429))))))));
        return Math.Sign(x) * (1 - (p * Math.Exp(-x * x)));
    }

    /// <summary>Nodes with one input that turn a row of this shape into so many values, and LibTorch's computation of them.</summary>
    /// <param name="shape">The shape that they read.</param>
    /// <param name="count">The number of values that they give.</param>
    public static IEnumerable<(GraphNode[] Nodes, Func<Tensor, Tensor> Compute)> Of(IReadOnlyList<int> shape, int count)
    {
        int all = shape.Aggregate(1, (product, size) => product * size);
        if (all == count)
        {
            int last = shape.Count - 1;
            foreach (int axis in shape.Count == 3 ? (int[])[last, 0] : [last])
                yield return ([new(GraphOperation.Softmax, "softmax", [], shape) { Axis = axis }], x => x.softmax(axis + 1));
            yield return ([new(GraphOperation.LogSoftmax, "logSoftmax", [], shape) { Axis = last }], x => x.log_softmax(last + 1));
        }
        if (shape.Count == 2)
        {
            foreach (int axis in (int[])[0, 1])
            {
                int[] left = [shape[1 - axis]];
                if (left[0] == count)
                    yield return ([new(GraphOperation.Mean, "mean", [], left) { Axis = axis }], x => x.mean([axis + 1]));
            }
        }
        if (shape.Count != 3 || all < count || count % shape[0] != 0)
            yield break;
        if (count == shape[0])
        {
            int[] whole = [shape[1], shape[2]], one = [shape[0], 1, 1];
            var window = new GraphWindow(whole, whole, [0, 0], [1, 1]);
            yield return ([new(GraphOperation.AveragePool, "mean", [], one) { Window = window }], x => x.mean([2, 3]));
            yield return ([new(GraphOperation.MaxPool, "maximum", [], one) { Window = window }], x => x.amax([2, 3]));
        }
        foreach (var (window, outcome) in Windows(shape, count))
        {
            long[] kernel = Longs(window.Kernel), stride = Longs(window.Stride), padding = Longs(window.Padding);
            bool ceiling = window.Ceiling;
            yield return ([new(GraphOperation.MaxPool, "maxPool", [], outcome) { Window = window }],
                x => nn.functional.max_pool2d(x, kernel, stride, padding, [1, 1], ceiling));
            yield return ([new(GraphOperation.AveragePool, "averagePool", [], outcome) { Window = window }],
                x => nn.functional.avg_pool2d(x, kernel, stride, padding, ceiling));
            if (window.Padding[0] > 0)
            {
                var within = window with { CountsPadding = false };
                yield return ([new(GraphOperation.AveragePool, "averagePool", [], outcome) { Window = within }],
                    x => nn.functional.avg_pool2d(x, kernel, stride, padding, ceiling, false));
            }
        }
    }

    static IEnumerable<(GraphWindow Window, int[] Shape)> Windows(IReadOnlyList<int> shape, int count)
    {
        var node = new GraphNode(GraphOperation.MaxPool, "", [0], shape);
        foreach (int kernel in Kernels.Where(k => k <= Math.Max(shape[1], shape[2])))
        {
            foreach (int stride in Enumerable.Range(1, kernel).Reverse())
            {
                foreach (int padding in Enumerable.Range(0, (kernel / 2) + 1))
                {
                    foreach (bool ceiling in (bool[])[false, true])
                    {
                        var window = new GraphWindow([kernel, kernel], [stride, stride], [padding, padding], [1, 1]) { Ceiling = ceiling };
                        if (GraphShapes.TryWindows(node with { Window = window }, shape) is not { } size
                            || size[0] * size[1] * shape[0] != count
                            || (ceiling && GraphShapes.TryWindows(node with { Window = window with { Ceiling = false } },
                                shape) is { } floor && floor.SequenceEqual(size)))
                            continue;
                        yield return (window, [shape[0], .. size]);
                    }
                }
            }
        }
    }

    static long[] Longs(IReadOnlyList<int> values) => [.. values.Select(value => (long)value)];
}
