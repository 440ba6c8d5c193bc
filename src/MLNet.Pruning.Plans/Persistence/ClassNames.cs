using System.Globalization;
using System.Text;

namespace MLNet.Pruning.Persistence;

/// <summary>
/// Reads the classes of a classifier as text. Format: int32 count, a byte for the type of the label's values or 0 for none, and the values
/// as <see cref="BinaryWriter"/> writes them.
/// </summary>
static class ClassNames
{
    /// <summary>The largest number of classes. A class's value may take a byte in a file, and much more in memory.</summary>
    public const int Maximum = 1 << 17;

    public static string[] Read(byte[] content)
    {
        using var reader = new BinaryReader(new MemoryStream(content, writable: false), Encoding.UTF8);
        int count = reader.ReadInt32();
        byte type = reader.ReadByte();
        if (type == 0)
            return [];
        if (count < 1 || count > Math.Min(content.Length, Maximum))
            throw new InvalidDataException($"it says that there are {count} classes in {content.Length} bytes; wanted 1 to {Maximum:N0}.");
        string[] names = new string[count];
        for (int i = 0; i < count; i++)
            names[i] = ReadName(reader, type);
        return names;
    }

    static string ReadName(BinaryReader reader, byte type) => type switch
    {
        1 => reader.ReadString(),
        2 => reader.ReadBoolean() ? "True" : "False",
        3 => Invariant(reader.ReadSByte()),
        4 => Invariant(reader.ReadByte()),
        5 => Invariant(reader.ReadInt16()),
        6 => Invariant(reader.ReadUInt16()),
        7 => Invariant(reader.ReadInt32()),
        8 => Invariant(reader.ReadUInt32()),
        9 => Invariant(reader.ReadInt64()),
        10 => Invariant(reader.ReadUInt64()),
        11 => Invariant(reader.ReadSingle()),
        12 => Invariant(reader.ReadDouble()),
        13 => DateTime.FromBinary(reader.ReadInt64()).ToString("o", CultureInfo.InvariantCulture),
        // Times with an offset are stored as text.
        14 => reader.ReadString(),
        15 => Invariant(new TimeSpan(reader.ReadInt64())),
        _ => throw new InvalidDataException($"the label's values are of type {type}, which this version does not know."),
    };

    static string Invariant<T>(T value)
        where T : IFormattable => value.ToString(null, CultureInfo.InvariantCulture);
}
