using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace MLNet.Pruning.Burden;

/// <summary>Numbers as one text in JSON: base64 of their little-endian single-precision bytes. A network has thousands of neurons, and a run hundreds of points.</summary>
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
