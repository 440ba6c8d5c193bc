using MLNet.Pruning.Plans;

namespace MLNet.Pruning.Onnx;

/// <summary>The layers of networks as ONNX operators.</summary>
static class Layers
{
    const float Epsilon = 1e-5f; // PyTorch's value for norms

    /// <summary>x W' + b for rows.</summary>
    public static string Linear(this GraphBuilder graph, NetworkWeights weights, string name, string x, int outputs, int inputs)
    {
        string w = graph.Weight($"{name}.weight", weights.Get($"{name}.weight", outputs, inputs), 0, outputs, inputs);
        string b = graph.Floats($"{name}.bias", weights.Get($"{name}.bias", outputs), outputs);
        return graph.Add("Gemm", [x, w, b], ("transB", 1L));
    }

    /// <summary>x W' + b for tokens, [batch, tokens, values].</summary>
    public static string TokenLinear(this GraphBuilder graph, NetworkWeights weights, string name, string x, int outputs, int inputs)
    {
        float[] columns = Transposed(weights.Get($"{name}.weight", outputs, inputs).Span, outputs, inputs);
        string product = graph.Add("MatMul", [x, graph.Weight($"{name}.weight", columns, 1, inputs, outputs)]);
        return graph.Add("Add", [product, graph.Floats($"{name}.bias", weights.Get($"{name}.bias", outputs), outputs)]);
    }

    public static float[] Transposed(ReadOnlySpan<float> rows, int outputs, int inputs)
    {
        float[] columns = new float[rows.Length];
        for (int o = 0; o < outputs; o++)
            for (int i = 0; i < inputs; i++)
                columns[(i * outputs) + o] = rows[(o * inputs) + i];
        return columns;
    }

    public static string Convolution(this GraphBuilder graph, NetworkWeights weights, string name, string x, int outputs, int inputs)
    {
        string w = graph.Weight($"{name}.weight", weights.Get($"{name}.weight", outputs, inputs, 3, 3), 0, outputs, inputs, 3, 3);
        string b = graph.Floats($"{name}.bias", weights.Get($"{name}.bias", outputs), outputs);
        return graph.Add("Conv", [x, w, b], ("kernel_shape", new long[] { 3, 3 }), ("pads", new long[] { 1, 1, 1, 1 }));
    }

    public static string TransposedConvolution(
        this GraphBuilder graph, NetworkWeights weights, string name, string x, int outputs, int inputs)
    {
        string w = graph.Weight($"{name}.weight", weights.Get($"{name}.weight", inputs, outputs, 4, 4), 1, inputs, outputs, 4, 4);
        string b = graph.Floats($"{name}.bias", weights.Get($"{name}.bias", outputs), outputs);
        return graph.Add("ConvTranspose", [x, w, b],
            ("kernel_shape", new long[] { 4, 4 }), ("pads", new long[] { 1, 1, 1, 1 }), ("strides", new long[] { 2, 2 }));
    }

    public static string BatchNorm(this GraphBuilder graph, NetworkWeights weights, string name, string x, int channels)
    {
        string[] statistics = [.. ((string[])["weight", "bias", "running_mean", "running_var"])
            .Select(part => graph.Floats($"{name}.{part}", weights.Get($"{name}.{part}", channels), channels))];
        return graph.Add("BatchNormalization", [x, .. statistics], ("epsilon", Epsilon));
    }

    public static string LayerNorm(
        this GraphBuilder graph, NetworkWeights weights, string name, string x, int width, double epsilon)
    {
        string w = graph.Floats($"{name}.weight", weights.Get($"{name}.weight", width), width);
        string b = graph.Floats($"{name}.bias", weights.Get($"{name}.bias", width), width);
        return graph.Add("LayerNormalization", [x, w, b], ("axis", -1L), ("epsilon", (float)epsilon));
    }

    public static string MaxPool(this GraphBuilder graph, string x) =>
        graph.Add("MaxPool", [x], ("kernel_shape", new long[] { 2, 2 }), ("strides", new long[] { 2, 2 }));

    public static string Activate(this GraphBuilder graph, Activation activation, string x) => activation switch
    {
        Activation.Relu => graph.Add("Relu", [x]),
        Activation.LeakyRelu => graph.Add("LeakyRelu", [x], ("alpha", 0.01f)),
        Activation.Tanh => graph.Add("Tanh", [x]),
        Activation.Sigmoid => graph.Add("Sigmoid", [x]),
        Activation.Silu => graph.Add("Mul", [x, graph.Add("Sigmoid", [x])]),
        Activation.Gelu => graph.Gelu(x),
        _ => throw new ArgumentException($"There is no activation {activation}."),
    };

    public static string Softmax(this GraphBuilder graph, string x) => graph.Add("Softmax", [x], ("axis", -1L));

    public static string Reshape(this GraphBuilder graph, string x, params long[] shape) =>
        graph.Add("Reshape", [x, graph.Integers(shape)]);

    public static string Transpose(this GraphBuilder graph, string x, params long[] order) => graph.Add("Transpose", [x], ("perm", order));

    /// <summary>x (1 + erf(x / sqrt 2)) / 2, in the form that runtimes fuse.</summary>
    static string Gelu(this GraphBuilder graph, string x)
    {
        string erf = graph.Add("Erf", [graph.Add("Div", [x, graph.Float(MathF.Sqrt(2))])]);
        return graph.Add("Mul", [graph.Add("Mul", [x, graph.Add("Add", [erf, graph.Float(1)])]), graph.Float(0.5f)]);
    }
}
