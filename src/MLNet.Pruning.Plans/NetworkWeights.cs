namespace MLNet.Pruning.Plans;

/// <summary>The weights of a network by their names in its PyTorch module, including batch norm's statistics.</summary>
public sealed class NetworkWeights
{
    readonly Dictionary<string, (float[] Values, int[] Shape)> arrays = [];

    /// <summary>Adds an array. It is not copied; plans copy what they need.</summary>
    /// <param name="name">The name, such as <c>layers.linear1.weight</c>.</param>
    /// <param name="values">The values; those along the last dimension are adjacent.</param>
    /// <param name="shape">The dimensions.</param>
    /// <exception cref="ArgumentException">The name exists already, or the shape does not match the number of values.</exception>
    public void Add(string name, float[] values, params int[] shape)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(values);
        ArgumentNullException.ThrowIfNull(shape);
        if (shape.Aggregate((Int128)1, (product, size) => product * size) != values.Length)
            throw new ArgumentException($"'{name}' has the shape [{string.Join(", ", shape)}] and {values.Length} values.", nameof(shape));
        if (!arrays.TryAdd(name, (values, shape)))
            throw new ArgumentException($"'{name}' is there twice.", nameof(name));
    }

    /// <summary>The names of all arrays.</summary>
    public IReadOnlyCollection<string> Names => arrays.Keys;

    internal float[] Get(string name, params ReadOnlySpan<int> shape)
    {
        var array = Find(name);
        return shape.SequenceEqual(array.Shape)
            ? array.Values
            : throw new ArgumentException($"The weights '{name}' have the shape [{string.Join(", ", array.Shape)}]; "
                + $"the network wants [{string.Join(", ", shape.ToArray())}].");
    }

    /// <summary>Gets an array of known size and any shape.</summary>
    internal float[] GetFlat(string name, int count)
    {
        var (values, _) = Find(name);
        return values.Length == count ? values
            : throw new ArgumentException($"The weights '{name}' have {values.Length} numbers; the network wants {count}.");
    }

    internal (float[] Values, int[] Shape) Find(string name) => arrays.TryGetValue(name, out var array) ? array
        : throw new ArgumentException($"The weights '{name}' are missing; there are {string.Join(", ", arrays.Keys)}.");

    /// <summary>Gets the weight and the bias of a linear layer.</summary>
    internal LinearWeights Linear(string name, int outputs, int inputs) =>
        new(name, [.. Get($"{name}.weight", outputs, inputs)], [.. Get($"{name}.bias", outputs)]);

    /// <summary>Gets the weight and the bias of a convolution, as a matrix of [outputs x (inputs x kernel x kernel)].</summary>
    internal LinearWeights Convolution(string name, int outputs, int inputs, int kernel) =>
        new(name, [.. Get($"{name}.weight", outputs, inputs, kernel, kernel)], [.. Get($"{name}.bias", outputs)]);

    /// <summary>A batch norm as x * scale + shift.</summary>
    internal (double[] Scale, double[] Shift) BatchNorm(GraphNode norm, int count)
    {
        float[] mean = Get(norm.Mean!, count), variance = Get(norm.Variance!, count);
        float[]? weight = norm.Weight is null ? null : Get(norm.Weight, count), bias = norm.Bias is null ? null : Get(norm.Bias, count);
        double[] scale = new double[count], shift = new double[count];
        for (int i = 0; i < count; i++)
        {
            scale[i] = (weight?[i] ?? 1) / Math.Sqrt(variance[i] + norm.Coefficient);
            shift[i] = (bias?[i] ?? 0) - (mean[i] * scale[i]);
        }
        return (scale, shift);
    }
}

/// <summary>A copy of a layer's weights, which may be changed: [outputs x inputs], and [outputs].</summary>
sealed record LinearWeights(string Name, float[] Weight, float[] Bias)
{
    public int Outputs => Bias.Length;

    public int Inputs => Weight.Length / Bias.Length;

    /// <summary>The fraction of weights that are not zero.</summary>
    public double Density => 1 - ((double)Weight.AsSpan().Count(0f) / Weight.Length);

    /// <summary>Includes a preceding scale and shift: W (scale x + shift) + b.</summary>
    public LinearWeights After(ReadOnlySpan<float> scale, ReadOnlySpan<float> shift)
    {
        for (int o = 0; o < Outputs; o++)
        {
            var row = Weight.AsSpan(o * Inputs, Inputs);
            double sum = Bias[o];
            for (int i = 0; i < row.Length; i++)
            {
                sum += (double)row[i] * shift[i];
                row[i] *= scale[i];
            }
            Bias[o] = (float)sum;
        }
        return this;
    }

    /// <summary>Includes a scale and shift that follow an output: scale (W x + b) + shift.</summary>
    public LinearWeights Before(int output, double scale, double shift = 0)
    {
        foreach (ref float weight in Weight.AsSpan(output * Inputs, Inputs))
            weight = (float)(weight * scale);
        Bias[output] = (float)((Bias[output] * scale) + shift);
        return this;
    }

    /// <summary>Takes in what stands behind all outputs, such as a batch norm.</summary>
    public void Before((double[] Scale, double[] Shift) all)
    {
        for (int o = 0; o < Outputs; o++)
            Before(o, all.Scale[o], all.Shift[o]);
    }
}
