using System.Buffers;
using System.Runtime.InteropServices;
using MLNet.Pruning.Plans.Kernels;

namespace MLNet.Pruning.Plans;

/// <summary>The weights of a network by their names in its PyTorch module, including batch norm's statistics.</summary>
public sealed class NetworkWeights
{
    readonly Dictionary<string, (ReadOnlyMemory<float> Values, int[] Shape)> arrays = [];

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
        Add(name, values.AsMemory(), shape);
    }

    /// <summary>The same for numbers that lie in other memory, such as a file's bytes.</summary>
    internal void Add(string name, ReadOnlyMemory<float> values, int[] shape)
    {
        if (shape.Aggregate((Int128)1, (product, size) => product * size) != values.Length)
            throw new ArgumentException($"'{name}' has the shape [{string.Join(", ", shape)}] and {values.Length} values.", nameof(shape));
        if (!arrays.TryAdd(name, (values, shape)))
            throw new ArgumentException($"'{name}' is there twice.", nameof(name));
    }

    /// <summary>The names of all arrays.</summary>
    public IReadOnlyCollection<string> Names => arrays.Keys;

    internal ReadOnlyMemory<float> Get(string name, params ReadOnlySpan<int> shape)
    {
        var array = Find(name);
        return shape.SequenceEqual(array.Shape)
            ? array.Values
            : throw new ArgumentException($"The weights '{name}' have the shape [{string.Join(", ", array.Shape)}]; "
                + $"the network wants [{string.Join(", ", shape.ToArray())}].");
    }

    /// <summary>Gets an array of known size and any shape.</summary>
    internal ReadOnlyMemory<float> GetFlat(string name, int count)
    {
        var (values, _) = Find(name);
        return values.Length == count ? values
            : throw new ArgumentException($"The weights '{name}' have {values.Length} numbers; the network wants {count}.");
    }

    internal (ReadOnlyMemory<float> Values, int[] Shape) Find(string name) => arrays.TryGetValue(name, out var array) ? array
        : throw new ArgumentException($"The weights '{name}' are missing; there are {string.Join(", ", arrays.Keys)}.");

    /// <summary>Gets the weight and the bias of a linear layer.</summary>
    internal LinearWeights Linear(string name, int outputs, int inputs) =>
        new(name, Get($"{name}.weight", outputs, inputs), Get($"{name}.bias", outputs));

    /// <summary>Gets the weight and the bias of a convolution, as a matrix of [outputs x (inputs x kernel x kernel)].</summary>
    internal LinearWeights Convolution(string name, int outputs, int inputs, int kernel) =>
        new(name, Get($"{name}.weight", outputs, inputs, kernel, kernel), Get($"{name}.bias", outputs));

    /// <summary>A batch norm as x * scale + shift.</summary>
    internal (double[] Scale, double[] Shift) BatchNorm(GraphNode norm, int count)
    {
        ReadOnlySpan<float> mean = Get(norm.Mean!, count).Span, variance = Get(norm.Variance!, count).Span;
        var weight = norm.Weight is null ? default : Get(norm.Weight, count).Span;
        var bias = norm.Bias is null ? default : Get(norm.Bias, count).Span;
        double[] scale = new double[count], shift = new double[count];
        for (int i = 0; i < count; i++)
        {
            scale[i] = (weight.IsEmpty ? 1 : weight[i]) / Math.Sqrt(variance[i] + norm.Coefficient);
            shift[i] = (bias.IsEmpty ? 0 : bias[i]) - (mean[i] * scale[i]);
        }
        return (scale, shift);
    }
}

/// <summary>
/// A layer's weights, [outputs x inputs], and its bias, [outputs]. They lie in the memory of the network's weights until they are changed.
/// </summary>
sealed class LinearWeights(string name, ReadOnlyMemory<float> weight, ReadOnlyMemory<float> bias)
{
    float[]? changedWeight, changedBias;
    int zeros = -1;

    public string Name => name;

    public ReadOnlySpan<float> Weight => changedWeight is null ? weight.Span : changedWeight;

    public ReadOnlySpan<float> Bias => changedBias is null ? bias.Span : changedBias;

    public int Outputs => bias.Length;

    public int Inputs => weight.Length / bias.Length;

    /// <summary>Whether no weight is zero.</summary>
    public bool IsFull => Zeros == 0;

    /// <summary>The fraction of weights that are not zero.</summary>
    public double Density => 1 - ((double)Zeros / weight.Length);

    int Zeros => zeros < 0 ? zeros = ZeroBlocks.CountZeros(Weight) : zeros;

    /// <summary>The weights of some outputs, in the same memory.</summary>
    public LinearWeights Part(int first, int count) =>
        new(name, (changedWeight ?? weight).Slice(first * Inputs, count * Inputs), (changedBias ?? bias).Slice(first, count));

    /// <summary>Includes a preceding scale and shift: W (scale x + shift) + b.</summary>
    public LinearWeights After(ReadOnlySpan<float> scale, ReadOnlySpan<float> shift)
    {
        var (all, bias) = Change();
        for (int o = 0; o < Outputs; o++)
        {
            var row = all.AsSpan(o * Inputs, Inputs);
            double sum = bias[o];
            for (int i = 0; i < row.Length; i++)
            {
                sum += (double)row[i] * shift[i];
                row[i] *= scale[i];
            }
            bias[o] = (float)sum;
        }
        return this;
    }

    /// <summary>Includes a scale and shift that follow an output: scale (W x + b) + shift.</summary>
    public LinearWeights Before(int output, double scale, double shift = 0)
    {
        var (all, bias) = Change();
        foreach (ref float weight in all.AsSpan(output * Inputs, Inputs))
            weight = (float)(weight * scale);
        bias[output] = (float)((bias[output] * scale) + shift);
        return this;
    }

    /// <summary>Takes in what stands behind all outputs, such as a batch norm.</summary>
    public void Before((double[] Scale, double[] Shift) all)
    {
        for (int o = 0; o < Outputs; o++)
            Before(o, all.Scale[o], all.Shift[o]);
    }

    /// <summary>Arrays of this object's own, to change.</summary>
    (float[] Weight, float[] Bias) Change()
    {
        zeros = -1;
        return (changedWeight ??= weight.ToArray(), changedBias ??= bias.ToArray());
    }
}

/// <summary>The same memory as numbers of another type.</summary>
sealed class CastMemory<TFrom, TTo>(ReadOnlyMemory<TFrom> from) : MemoryManager<TTo>
    where TFrom : unmanaged
    where TTo : unmanaged
{
    public override Span<TTo> GetSpan() => MemoryMarshal.Cast<TFrom, TTo>(MemoryMarshal.AsMemory(from).Span);

    public override MemoryHandle Pin(int elementIndex = 0) => throw new NotSupportedException();

    public override void Unpin()
    {
    }

    protected override void Dispose(bool disposing)
    {
    }
}
