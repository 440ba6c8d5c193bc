using System.Text.Json;
using System.Text.Json.Serialization;

namespace MLNet.Pruning.Masks;

/// <summary>Masks as one text in JSON: base64 of what <see cref="WeightMasks.Save(Stream)"/> writes.</summary>
sealed class PackedMasks : JsonConverter<WeightMasks>
{
    public override WeightMasks Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.String || !reader.TryGetBytesFromBase64(out var bytes))
            throw new JsonException("Masks must be base64 of a mask file.");
        try
        {
            return WeightMasks.Load(new MemoryStream(bytes));
        }
        catch (InvalidDataException e)
        {
            throw new JsonException(e.Message, e);
        }
    }

    public override void Write(Utf8JsonWriter writer, WeightMasks value, JsonSerializerOptions options)
    {
        using var file = new MemoryStream();
        value.Save(file);
        writer.WriteBase64StringValue(file.GetBuffer().AsSpan(0, (int)file.Length));
    }
}
