using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>The small parts that saved transforms are made of.</summary>
internal static class BinaryParts
{
    public static void WriteBoolByte(this BinaryWriter writer, bool value) => writer.Write(value ? (byte)1 : (byte)0);

    public static bool ReadBoolByte(this BinaryReader reader)
    {
        byte value = reader.ReadByte();
        Contracts.CheckDecode(value <= 1);
        return value == 1;
    }

    /// <summary>The length and the items; nothing is a length of zero.</summary>
    public static void WriteIntArray(this BinaryWriter writer, int[]? values)
    {
        writer.Write(values?.Length ?? 0);
        foreach (int value in values ?? [])
            writer.Write(value);
    }

    public static int[] ReadIntArray(this BinaryReader reader)
    {
        var values = new int[ReadCount(reader)];
        for (int i = 0; i < values.Length; i++)
            values[i] = reader.ReadInt32();
        return values;
    }

    /// <summary>A count that the rest of a seekable stream could hold.</summary>
    public static int ReadCount(this BinaryReader reader)
    {
        int count = reader.ReadInt32();
        Contracts.CheckDecode(count >= 0);
        return count;
    }
}
