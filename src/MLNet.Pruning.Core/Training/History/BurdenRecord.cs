using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace MLNet.Pruning;

/// <summary>The burden of the neurons of one layer in a run.</summary>
/// <param name="Layer">The parameter, as the model names it.</param>
public sealed record BurdenRecord(string Layer)
{
    /// <summary>Means over the steps of each window.</summary>
    public List<BurdenPoint> Windows { get; init; } = [];

    /// <summary>Means over all steps from the beginning of the run to the end of each epoch.</summary>
    public List<BurdenPoint> Epochs { get; init; } = [];
}

/// <summary>
/// Means for each neuron of a layer: at each step over its active weights, then over the steps at which it had any. NaN if it never had
/// any.
/// </summary>
/// <param name="Step">The last step included, from 1.</param>
/// <param name="Epoch">The epoch of that step, from 1.</param>
/// <param name="Density">The fraction of the layer's weights that was active at that step.</param>
/// <param name="Gradients">Mean |gradient| per neuron.</param>
/// <param name="Weights">Mean |weight| per neuron.</param>
public sealed record BurdenPoint(
    long Step, int Epoch, double Density,
    [property: JsonConverter(typeof(PackedFloats))] IReadOnlyList<float> Gradients,
    [property: JsonConverter(typeof(PackedFloats))] IReadOnlyList<float> Weights)
{
    /// <summary>The mean of <see cref="Gradients"/> over the neurons with active weights; NaN if there are none.</summary>
    [JsonIgnore]
    public double MeanGradient => Mean(Gradients);

    /// <summary>The mean of <see cref="Weights"/> over the neurons with active weights; NaN if there are none.</summary>
    [JsonIgnore]
    public double MeanWeight => Mean(Weights);

    static double Mean(IReadOnlyList<float> values) => values.Where(float.IsFinite)
        .Select(value => (double)value).DefaultIfEmpty(double.NaN).Average();
}

/// <summary>
/// Stores numbers as one text in JSON: base64 of their little-endian single-precision bytes. A network has thousands of neurons, and a run
/// hundreds of points.
/// </summary>
sealed class PackedFloats : JsonConverter<IReadOnlyList<float>>
{
    public override IReadOnlyList<float> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.String || !reader.TryGetBytesFromBase64(out var bytes) || bytes.Length % sizeof(float) != 0)
            throw new JsonException("Numbers by neuron must be base64 of single-precision bytes.");
        var values = new float[bytes.Length / sizeof(float)];
        for (var i = 0; i < values.Length; i++)
            values[i] = BinaryPrimitives.ReadSingleLittleEndian(bytes.AsSpan(i * sizeof(float)));
        return values;
    }

    public override void Write(Utf8JsonWriter writer, IReadOnlyList<float> value, JsonSerializerOptions options)
    {
        var bytes = new byte[value.Count * sizeof(float)];
        for (var i = 0; i < value.Count; i++)
            BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(i * sizeof(float)), value[i]);
        writer.WriteBase64StringValue(bytes);
    }
}
