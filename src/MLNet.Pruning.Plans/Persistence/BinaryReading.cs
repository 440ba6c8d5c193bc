namespace MLNet.Pruning.Persistence;

static class BinaryReading
{
    /// <summary>
    /// A count of what follows, which cannot be more than there are bytes for: a damaged count must not make us ask for memory.
    /// </summary>
    /// <param name="reader">Over a stream whose length is known.</param>
    /// <param name="size">The fewest bytes that each takes; at least 1.</param>
    public static int ReadCount(this BinaryReader reader, int size = 1)
    {
        var count = reader.ReadInt32();
        return count >= 0 && count <= (reader.BaseStream.Length - reader.BaseStream.Position) / size ? count
            : throw new InvalidDataException(
                $"It says that {count} values follow, and has {reader.BaseStream.Length - reader.BaseStream.Position} bytes left.");
    }

    /// <summary>Bytes with their count before them.</summary>
    public static byte[] ReadBlob(this BinaryReader reader) => reader.ReadBytes(reader.ReadCount());
}
