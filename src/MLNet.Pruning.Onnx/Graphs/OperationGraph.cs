using MLNet.Pruning.Plans;

namespace MLNet.Pruning.Onnx;

/// <summary>The graph of a user module as an ONNX graph.</summary>
sealed class OperationGraph(GraphBuilder graph, GraphDescription network, NetworkWeights weights)
{
    readonly string[] values = new string[network.Nodes.Count];

    /// <param name="input">[batch, values of a row]</param>
    public string Result(string input)
    {
        values[0] = graph.Reshape(input, Batched(network.Nodes[0]));
        for (int i = 1; i < values.Length; i++)
            values[i] = Compute(network.Nodes[i]);
        return values[^1];
    }

    string Compute(GraphNode node)
    {
        string x = node.Inputs.Count > 0 ? values[node.Inputs[0]] : "";
        return node.Operation switch
        {
            GraphOperation.Constant => Constant(node),
            GraphOperation.Linear => Linear(node, x),
            GraphOperation.Convolution => Convolution(node, x, "Conv"),
            GraphOperation.TransposedConvolution => Convolution(node, x, "ConvTranspose"),
            GraphOperation.BatchNorm => BatchNorm(node, x),
            GraphOperation.LayerNorm => LayerNorm(node, x),
            GraphOperation.GroupNorm => GroupNorm(node, x),
            GraphOperation.Relu => graph.Activate(Activation.Relu, x),
            GraphOperation.LeakyRelu => graph.Add("LeakyRelu", [x], ("alpha", (float)node.Coefficient)),
            GraphOperation.Elu => graph.Add("Elu", [x], ("alpha", (float)node.Coefficient)),
            GraphOperation.Gelu => graph.Activate(Activation.Gelu, x),
            GraphOperation.Silu => graph.Activate(Activation.Silu, x),
            GraphOperation.Tanh => graph.Activate(Activation.Tanh, x),
            GraphOperation.Sigmoid => graph.Activate(Activation.Sigmoid, x),
            GraphOperation.Relu6 => graph.Add("Clip", [x, graph.Scalar(0), graph.Scalar(6)]),
            GraphOperation.HardSigmoid => graph.Add("HardSigmoid", [x], ("alpha", 1 / 6f), ("beta", 0.5f)),
            GraphOperation.HardSwish => graph.Add("HardSwish", [x]),
            GraphOperation.Softmax => graph.Add("Softmax", [x], ("axis", node.Axis + 1L)),
            GraphOperation.LogSoftmax => graph.Add("LogSoftmax", [x], ("axis", node.Axis + 1L)),
            GraphOperation.MaxPool => Pool(node, x, "MaxPool"),
            GraphOperation.AveragePool => Pool(node, x, "AveragePool"),
            GraphOperation.AdaptiveAveragePool => Means(node, x),
            GraphOperation.Mean => graph.Add("ReduceMean", [x], ("axes", new[] { node.Axis + 1L }), ("keepdims", 0L)),
            GraphOperation.Reshape => graph.Reshape(x, Batched(node)),
            GraphOperation.Add => graph.Add("Add", [x, values[node.Inputs[1]]]),
            GraphOperation.Multiply => graph.Add("Mul", [x, values[node.Inputs[1]]]),
            GraphOperation.Concatenate => graph.Add("Concat", [.. node.Inputs.Select(Whole)], ("axis", node.Axis + 1L)),
            _ => throw new ArgumentException($"There is no ONNX operator for {node.Operation} ('{node.Name}')."),
        };
    }

    static long[] Batched(GraphNode node) => [-1, .. node.Shape.Select(size => (long)size)];

    GraphNode Read(GraphNode node) => network.Nodes[node.Inputs[0]];

    /// <summary>A constant has one row for all rows; it is repeated only where rows are concatenated.</summary>
    string Whole(int index)
    {
        var node = network.Nodes[index];
        return node.Operation == GraphOperation.Constant
            ? graph.PerRow(values[index], values[0], [.. node.Shape.Select(size => (long)size)])
            : values[index];
    }

    string Constant(GraphNode node)
    {
        var (array, shape) = weights.Find(node.Weight!);
        // Broadcasting aligns dimensions at the last one.
        long[] own = [.. Enumerable.Repeat(1L, 1 + node.Shape.Count - shape.Length), .. shape.Select(size => (long)size)];
        long[] wanted = [1, .. node.Shape.Select(size => (long)size)];
        string name = graph.Floats($"{node.Weight}.{own.Length}", array, own);
        return own.SequenceEqual(wanted) ? name : graph.Add("Expand", [name, graph.Integers(wanted)]);
    }

    string Linear(GraphNode node, string x)
    {
        int outputs = node.Shape[^1], inputs = Read(node).Shape[^1];
        if (node.Shape.Count == 1 && node.Bias is not null)
        {
            string w = graph.Weight(node.Weight!, weights.Get(node.Weight!, outputs, inputs), 0, outputs, inputs);
            return graph.Add("Gemm", [x, w, Vector(node.Bias, outputs)], ("transB", 1L));
        }
        float[] transposed = Layers.Transposed(weights.Get(node.Weight!, outputs, inputs).Span, outputs, inputs);
        string columns = graph.Weight($"{node.Weight}.transposed", transposed, 1, inputs, outputs);
        string product = graph.Add("MatMul", [x, columns]);
        return node.Bias is null ? product : graph.Add("Add", [product, Vector(node.Bias, outputs)]);
    }

    string Convolution(GraphNode node, string x, string operation)
    {
        var window = node.Window!;
        int outputs = node.Shape[0], inputs = Read(node).Shape[0];
        bool transposed = operation == "ConvTranspose";
        int[] shape = transposed
            ? [inputs, outputs / node.Groups, .. window.Kernel]
            : [outputs, inputs / node.Groups, .. window.Kernel];
        string w = graph.Weight(node.Weight!, weights.Get(node.Weight!, shape), transposed ? 1 : 0, [.. shape.Select(size => (long)size)]);
        string[] operands = node.Bias is null ? [x, w] : [x, w, Vector(node.Bias, outputs)];
        List<(string, object)> attributes = [.. Window(window, dilates: true), ("group", (long)node.Groups)];
        if (transposed)
            attributes.Add(("output_padding", Longs(window.OutputPadding)));
        return graph.Add(operation, operands, [.. attributes]);
    }

    string Pool(GraphNode node, string x, string operation)
    {
        var window = node.Window!;
        List<(string, object)> attributes = [.. Window(window, operation == "MaxPool"), ("ceil_mode", window.Ceiling ? 1L : 0L)];
        if (operation == "AveragePool")
            attributes.Add(("count_include_pad", window.CountsPadding ? 1L : 0L));
        return graph.Add(operation, [x], [.. attributes]);
    }

    static IEnumerable<(string, object)> Window(GraphWindow window, bool dilates)
    {
        yield return ("kernel_shape", Longs(window.Kernel));
        yield return ("strides", Longs(window.Stride));
        yield return ("pads", Longs([.. window.Padding, .. window.Padding]));
        if (dilates)
            yield return ("dilations", Longs(window.Dilation));
    }

    string BatchNorm(GraphNode node, string x)
    {
        int channels = node.Shape[0];
        string scale = node.Weight is null ? Filled(channels, 1) : Vector(node.Weight, channels);
        string shift = node.Bias is null ? Filled(channels, 0) : Vector(node.Bias, channels);
        return graph.Add("BatchNormalization", [x, scale, shift, Vector(node.Mean!, channels), Vector(node.Variance!, channels)],
            ("epsilon", (float)node.Coefficient));
    }

    string LayerNorm(GraphNode node, string x)
    {
        int[] shape = [.. node.Shape.Skip(node.Axis)];
        long[] sizes = Longs(shape);
        string scale = node.Weight is null
            ? graph.Floats($"{node.Name}.ones", [.. Enumerable.Repeat(1f, shape.Aggregate(1, (product, size) => product * size))], sizes)
            : graph.Floats(node.Weight, weights.Get(node.Weight, shape), sizes);
        string[] operands = node.Bias is null ? [x, scale] : [x, scale, graph.Floats(node.Bias, weights.Get(node.Bias, shape), sizes)];
        return graph.Add("LayerNormalization", operands, ("axis", node.Axis + 1L), ("epsilon", (float)node.Coefficient));
    }

    /// <summary>Normalises each group of channels as one long channel, then applies each channel's scale and shift.</summary>
    string GroupNorm(GraphNode node, string x)
    {
        int channels = node.Shape[0];
        string groups = graph.Reshape(x, 0, node.Groups, -1);
        string normal = graph.Add(
            "InstanceNormalization", [groups, Filled(node.Groups, 1), Filled(node.Groups, 0)], ("epsilon", (float)node.Coefficient));
        string y = graph.Reshape(normal, Batched(node));
        if (node.Weight is not null)
            y = graph.Add("Mul", [y, graph.Reshape(Vector(node.Weight, channels), 1, channels, 1, 1)]);
        return node.Bias is null ? y : graph.Add("Add", [y, graph.Reshape(Vector(node.Bias, channels), 1, channels, 1, 1)]);
    }

    /// <summary>
    /// Adaptive pooling: means over rows from the left and over columns from the right, each as a product with a matrix.
    /// </summary>
    string Means(GraphNode node, string x)
    {
        var image = Read(node).Shape;
        if (node.Shape[1] == 1 && node.Shape[2] == 1)
            return graph.Add("GlobalAveragePool", [x]);
        string rows = graph.Floats($"{node.Name}.rows", Parts(node.Shape[1], image[1], transposed: false), node.Shape[1], image[1]);
        string columns = graph.Floats($"{node.Name}.columns", Parts(node.Shape[2], image[2], transposed: true), image[2], node.Shape[2]);
        return graph.Add("MatMul", [rows, graph.Add("MatMul", [x, columns])]);
    }

    static float[] Parts(int parts, int size, bool transposed)
    {
        float[] matrix = new float[parts * size];
        for (int part = 0; part < parts; part++)
        {
            int begin = part * size / parts, end = (((part + 1) * size) + parts - 1) / parts;
            for (int i = begin; i < end; i++)
                matrix[transposed ? (i * parts) + part : (part * size) + i] = 1f / (end - begin);
        }
        return matrix;
    }

    string Vector(string name, int size) => graph.Floats(name, weights.Get(name, size), size);

    string Filled(int size, float value) => graph.Floats($"filled_{size}_{value}", [.. Enumerable.Repeat(value, size)], size);

    static long[] Longs(IReadOnlyList<int> sizes) => [.. sizes.Select(size => (long)size)];
}
