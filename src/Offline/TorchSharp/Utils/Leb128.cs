namespace TorchSharp.Utils;

/// <summary>Whole numbers of seven bits a byte, lowest first, as TorchSharp's files hold them.</summary>
internal static class Leb128
{
    public static void Encode(this BinaryWriter writer, long value)
    {
        if (value < 0)
            throw new NotImplementedException("LEB128 encoding of negative numbers");
        writer.Write7BitEncodedInt64(value);
    }

    public static long Decode(this BinaryReader reader) => reader.Read7BitEncodedInt64();
}
