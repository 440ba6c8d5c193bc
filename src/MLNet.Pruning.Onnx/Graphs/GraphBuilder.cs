using Google.Protobuf;
using MLNet.Pruning.Onnx.Format;
using MLNet.Pruning.Plans;
using static MLNet.Pruning.Onnx.Format.AttributeProto.Types;
using DataType = MLNet.Pruning.Onnx.Format.TensorProto.Types.DataType;

namespace MLNet.Pruning.Onnx;

/// <summary>Collects the nodes, constants, inputs and outputs of an ONNX graph. Values are identified by name.</summary>
sealed class GraphBuilder(OnnxWeights precision)
{
    readonly GraphProto graph = new();
    readonly Dictionary<string, string> integers = [];
    readonly HashSet<string> names = new(StringComparer.Ordinal);
    int count;

    public GraphProto Graph => graph;

    /// <summary>Adds an input: [batch, ...shape].</summary>
    public string Input(string name, DataType type, params ReadOnlySpan<long> shape)
    {
        graph.Input.Add(Value(name, type, shape));
        return name;
    }

    /// <summary>Makes a value an output: [batch, ...shape].</summary>
    public void Output(string value, string name, DataType type, params ReadOnlySpan<long> shape)
    {
        if (graph.Input.Any(input => input.Name == name))
        {
            throw new NotSupportedException($"The model reads a column '{name}' and adds one of the same name, which an ONNX file cannot. "
                + "Name the output column otherwise.");
        }
        graph.Node.Add(new NodeProto { OpType = "Identity", Name = $"{name}_output", Input = { value }, Output = { name } });
        graph.Output.Add(Value(name, type, shape));
    }

    public string Add(string operation, string[] inputs, params ReadOnlySpan<(string Name, object Value)> attributes) =>
        Add(operation, inputs, 1, attributes)[0];

    /// <summary>Adds a node with several outputs.</summary>
    public string[] Add(string operation, string[] inputs, int outputs, params ReadOnlySpan<(string Name, object Value)> attributes)
    {
        string name = $"{operation}_{++count}";
        string[] results = outputs == 1 ? [name] : [.. Enumerable.Range(0, outputs).Select(i => $"{name}_{i}")];
        var node = new NodeProto { OpType = operation, Name = name, Input = { inputs }, Output = { results } };
        foreach (var (attribute, value) in attributes)
            node.Attribute.Add(Attribute(attribute, value));
        graph.Node.Add(node);
        return results;
    }

    /// <summary>Adds the weights of a layer in the requested precision.</summary>
    /// <param name="name">Its name in the network.</param>
    /// <param name="values">The values; not to be changed afterwards.</param>
    /// <param name="axis">The dimension of the layer's outputs.</param>
    /// <param name="shape">The dimensions.</param>
    public string Weight(string name, ReadOnlyMemory<float> values, int axis, params long[] shape)
    {
        switch (precision)
        {
            case OnnxWeights.Float16:
                var halves = new Half[values.Length];
                var numbers = values.Span;
                for (int i = 0; i < halves.Length; i++)
                    halves[i] = (Half)Math.Clamp(numbers[i], (float)Half.MinValue, (float)Half.MaxValue);
                Constant<Half>($"{name}_half", DataType.Float16, halves, shape);
                return Add("Cast", [$"{name}_half"], ("to", (long)DataType.Float));
            case OnnxWeights.Int8:
                var (integers, scales) = ChannelScales.Quantize(values.Span, shape, axis);
                Constant<sbyte>($"{name}_int8", DataType.Int8, integers, shape);
                Constant<float>($"{name}_scale", DataType.Float, scales, [scales.Length]);
                return Add("DequantizeLinear", [$"{name}_int8", $"{name}_scale"], ("axis", (long)axis));
            default:
                return Floats(name, values, shape);
        }
    }

    /// <summary>Adds numbers in single precision.</summary>
    public string Floats(string name, float[] values, params long[] shape) => Floats(name, values.AsMemory(), shape);

    /// <inheritdoc cref="Floats(string, float[], long[])"/>
    public string Floats(string name, ReadOnlyMemory<float> values, params long[] shape) => Constant(name, DataType.Float, values, shape);

    public string Float(float value) => Floats($"float_{++count}", [value]);

    public string Scalar(float value) => Constant<float>($"scalar_{++count}", DataType.Float, new[] { value }, []);

    public string Double(double value) => Constant<double>($"double_{++count}", DataType.Double, new[] { value }, []);

    /// <summary>Repeats a value that is the same for each row for all rows of a batch.</summary>
    /// <param name="value">[1, ...shape], or a single number.</param>
    /// <param name="batch">A value with one row per batch row.</param>
    /// <param name="shape">The dimensions after the batch.</param>
    public string PerRow(string value, string batch, params long[] shape)
    {
        string rows = Add("Shape", [batch], ("start", 0L), ("end", 1L));
        return Add("Expand", [value, Add("Concat", [rows, Integers(shape)], ("axis", 0L))]);
    }

    /// <summary>Adds a shape, axes or indices; equal numbers share a constant.</summary>
    public string Integers(params long[] values)
    {
        string key = string.Join(",", values);
        if (!integers.TryGetValue(key, out string? name))
            integers[key] = name = Constant<long>($"integers_{++count}", DataType.Int64, values, [values.Length]);
        return name;
    }

    public string Integer(long value) => Constant<long>($"integer_{++count}", DataType.Int64, new[] { value }, []);

    public string Texts(string name, IEnumerable<string> values)
    {
        var tensor = new TensorProto { Name = name, DataType = DataType.String };
        tensor.StringData.Add(values.Select(ByteString.CopyFromUtf8));
        tensor.Dims.Add(tensor.StringData.Count);
        graph.Initializer.Add(tensor);
        return name;
    }

    string Constant<T>(string name, DataType type, ReadOnlyMemory<T> values, long[] shape)
        where T : unmanaged
    {
        if (!BitConverter.IsLittleEndian)
            throw new PlatformNotSupportedException("ONNX files are written on little-endian machines alone.");
        // Add each constant once.
        if (!names.Add(name))
            return name;
        // Nothing is copied: a network's weights may take most of the available memory.
        var bytes = new CastMemory<T, byte>(values).Memory;
        graph.Initializer.Add(
            new TensorProto { Name = name, DataType = type, Dims = { shape }, RawData = UnsafeByteOperations.UnsafeWrap(bytes) });
        return name;
    }

    static ValueInfoProto Value(string name, DataType type, ReadOnlySpan<long> shape)
    {
        var dimensions = new TensorShapeProto { Dim = { new TensorShapeProto.Types.Dimension { DimParam = "batch" } } };
        foreach (long size in shape)
            dimensions.Dim.Add(new TensorShapeProto.Types.Dimension { DimValue = size });
        return new() { Name = name, Type = new() { TensorType = new() { ElemType = type, Shape = dimensions } } };
    }

    static AttributeProto Attribute(string name, object value) => value switch
    {
        long number => new() { Name = name, Type = AttributeType.Int, I = number },
        float number => new() { Name = name, Type = AttributeType.Float, F = number },
        string text => new() { Name = name, Type = AttributeType.String, S = ByteString.CopyFromUtf8(text) },
        long[] numbers => new() { Name = name, Type = AttributeType.Ints, Ints = { numbers } },
        _ => throw new ArgumentException($"An attribute cannot be a {value.GetType().Name}.", nameof(value)),
    };
}

/// <summary>Quantizes weights to 8 bits, with a scale for each output of their layer.</summary>
static class ChannelScales
{
    /// <param name="values">The weights.</param>
    /// <param name="shape">Their dimensions.</param>
    /// <param name="axis">The dimension of the outputs.</param>
    /// <returns>The weights from -127 to 127, and the scale of each output. Zero stays zero.</returns>
    public static (sbyte[] Integers, float[] Scales) Quantize(ReadOnlySpan<float> values, long[] shape, int axis)
    {
        long inner = 1;
        for (int i = axis + 1; i < shape.Length; i++)
            inner *= shape[i];
        var (integers, scales) = (new sbyte[values.Length], new float[shape[axis]]);
        for (int i = 0; i < values.Length; i++)
        {
            ref float scale = ref scales[i / inner % scales.Length];
            scale = Math.Max(scale, Math.Abs(values[i]));
        }
        for (int i = 0; i < scales.Length; i++)
            scales[i] = scales[i] > 0 ? scales[i] / 127 : 1;
        for (int i = 0; i < values.Length; i++)
            integers[i] = (sbyte)Math.Clamp(MathF.Round(values[i] / scales[i / inner % scales.Length]), -127, 127);
        return (integers, scales);
    }
}
