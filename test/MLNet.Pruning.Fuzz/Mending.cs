using System.Buffers.Binary;
using System.Security.Cryptography;
using MLNet.Pruning.Images;
using MLNet.Pruning.Persistence;

namespace MLNet.Pruning.Fuzz;

/// <summary>Makes a changed file's checksums right, so that a reader gets to what was changed.</summary>
static class Mending
{
    const int Hash = 32;

    /// <summary>Writes the checksum of an archive over its last bytes.</summary>
    public static byte[] Archive(byte[] content)
    {
        if (content.Length < Hash)
            return content;
        byte[] mended = [.. content];
        SHA256.HashData(content.AsSpan(0, content.Length - Hash), mended.AsSpan(content.Length - Hash));
        return mended;
    }

    /// <summary>Changes a part of an archive, or, one time in eight, the archive itself.</summary>
    public static byte[] ChangeArchive(byte[] content, Mutator mutator)
    {
        if (mutator.Below(8) == 0)
            return Archive(mutator.Change(content));
        var whole = Persistence.Archive.Read(new MemoryStream(content), "seed");
        string[] parts = [.. whole.Entries.Keys];
        // Every second change is to a text, where it does most.
        string[] texts = [.. parts.Where(part => whole[part] is [(byte)'{', ..])];
        string changing = texts.Length > 0 && mutator.Below(2) == 0 ? texts[mutator.Below(texts.Length)] : parts[mutator.Below(parts.Length)];
        var changed = new Archive(whole.Kind);
        foreach (var (part, bytes) in whole.Entries)
            changed.Add(part, part == changing ? mutator.Change(bytes) : bytes);
        using var stream = new MemoryStream();
        changed.Write(stream);
        return stream.ToArray();
    }

    /// <summary>Corrects the checksum of every whole chunk of a PNG.</summary>
    public static byte[] Png(byte[] content)
    {
        byte[] mended = [.. content];
        for (int at = 8; at + 12 <= mended.Length;)
        {
            uint length = BinaryPrimitives.ReadUInt32BigEndian(mended.AsSpan(at));
            if (length > mended.Length - at - 12)
                break;
            int end = at + 8 + (int)length;
            BinaryPrimitives.WriteUInt32BigEndian(mended.AsSpan(end), PngChunks.Crc(mended.AsSpan((at + 4)..end)));
            at = end + 4;
        }
        return mended;
    }
}
