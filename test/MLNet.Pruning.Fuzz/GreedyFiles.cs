using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using MLNet.Pruning.Persistence;

namespace MLNet.Pruning.Fuzz;

/// <summary>Files made to take much memory: by what they promise, by depth, and by many small things that become large objects.</summary>
static class GreedyFiles
{
    const int Many = 1 << 19;

    /// <summary>The name of a reader, what is wrong with the file, and how to make it.</summary>
    public static IEnumerable<(string Reader, string Fault, Func<byte[]> Make)> All =>
    [
        .. Archives(), .. Tensors(), .. Pickles(), .. Pictures(), .. DataSets(), .. Texts("history"), .. Texts("study"), .. Recipes(),
    ];

    static IEnumerable<(string, string, Func<byte[]>)> Recipes()
    {
        yield return ("recipe", "depth", () => Ascii(Repeated("[", Many)));
        yield return ("recipe", "small lists", () => Ascii($"data: [{Repeated("[],", 80_000)}[]]"));
        yield return ("recipe", "small numbers", () => Ascii($"data: [{Repeated("1,", 120_000)}1]"));
        yield return ("recipe", "many keys", () => Ascii(string.Concat(Enumerable.Range(0, 25_000).Select(i => $"k{i}: 1\n"))));
        yield return ("recipe", "the same thing a billion times", () => Ascii("a: &a [1,1,1,1]\nb: &b [*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b]\n"));
        yield return ("recipe", "a long text", () => Ascii($"data: {new string('a', 250_000)}"));
        yield return ("recipe", "a large file", () => Ascii(Repeated("a: b\n", 4 * Many)));
        yield return ("recipe", "many settings of one option", () => Ascii($"data: {{train: {{type: SynthesizeDigits, count: 9}}}}\ntrainer: {{type: PrunedVit, heads: [{Repeated("4,", 100_000)}4]}}"));
    }

    static IEnumerable<(string, string, Func<byte[]>)> Archives()
    {
        (string Reader, string Kind)[] kinds =
        [
            ("plan", "model"), ("classifier", "classifier"), ("autoencoder", "autoencoder"), ("merging", "token merging"), ("model", "model"),
            ("checkpoint", "checkpoint"), ("masks", "weight mask"), ("compressed", "compressed model"),
        ];
        foreach (var (reader, kind) in kinds)
        {
            yield return (reader, "a part of 2 GB", () => Archive(kind, 1, [.. Name("blueprint"), .. Int64(int.MaxValue)]));
            yield return (reader, "2,147,483,647 parts", () => Archive(kind, int.MaxValue, []));
            yield return (reader, "a name of 2 GB", () => Archive(kind, 1, Int32(int.MaxValue)));
            foreach (int count in (int[])[1 << 15, Many])
            {
                yield return (reader, $"{count} parts", () => Archive(kind, count,
                    [.. Enumerable.Range(0, count).SelectMany(i => (byte[])[.. Name($"{i:x}"), .. Int64(0)])]));
            }
        }
        yield return ("masks", "a mask of 2 billion weights", () => Parts("weight mask", ("mask:a", [.. Int32(1), .. Int64(int.MaxValue), 0])));
        yield return ("masks", "masks of millions of weights", () => Parts("weight mask",
            [.. Enumerable.Range(0, 8).Select(i => ($"mask:{i}", (byte[])[.. Int32(1), .. Int64(8 * Many), .. new byte[Many]]))]));
        yield return ("masks", "many masks", () => Parts("weight mask",
            [.. Enumerable.Range(0, 1 << 15).Select(i => ($"mask:{i:x}", (byte[])[.. Int32(1), .. Int64(1), 1]))]));
        yield return ("compressed", "a layer of 2 billion weights", () => Parts("compressed model",
            ("layer:a", [.. Int32(4), .. Int32(1), .. Int64(int.MaxValue), .. Int32(0), .. Int64(0)])));
        yield return ("compressed", "nothing but zeros", () => Parts("compressed model",
            ("layer:a", [.. Int32(4), .. Int32(1), .. Int64(4 * Many), .. Int32(0), .. Int64(0)])));
        yield return ("classifier", "half a million classes", () => Parts("classifier", ("blueprint", Ascii("{\"kind\":\"feed-forward\",\"sizes\":[2,2]}")),
            ("feature column", Ascii("a")), ("labels", [.. Int32(Many), 3, .. Enumerable.Range(0, Many).Select(i => (byte)i)])));
        foreach (string reader in (string[])["plan", "model"])
        {
            yield return (reader, "a tensor of 8 GB", () => Parts("model", ("blueprint", Ascii("{\"kind\":\"feed-forward\",\"sizes\":[2,2]}")),
                ("tensor:a", [.. Int32(6), .. Int32(1), .. Int64(int.MaxValue)])));
            foreach (var (fault, text) in Json("sizes"))
                yield return (reader, fault, () => Parts("model", ("blueprint", Ascii(text().Replace("{\"sizes\"", "{\"kind\":\"feed-forward\",\"sizes\"", StringComparison.Ordinal)))));
        }
        foreach (var (fault, text) in Json("nodes"))
            yield return ("plan", "a graph of " + fault, () => Parts("model", ("graph", Ascii(text()))));
        yield return ("zip", "many entries", () => Zip(100_000));
        yield return ("zip", "zeros that are packed", () => Packed("Model.pruned", 64 * Many));
    }

    static IEnumerable<(string, string, Func<byte[]>)> Tensors()
    {
        yield return ("safetensors", "a header of 2 GB", () => [.. Int64(int.MaxValue), (byte)'{']);
        yield return ("safetensors", "a tensor of 2 GB", () => Safetensors("{\"a\":{\"dtype\":\"U8\",\"shape\":[2147483647],\"data_offsets\":[0,2147483647]}}"));
        yield return ("safetensors", "many tensors", () => Safetensors(
            $"{{{string.Join(',', Enumerable.Range(0, 100_000).Select(i => $"\"{i}\":{{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}"))}}}"));
        yield return ("safetensors", "many dimensions", () => Safetensors($"{{\"a\":{{\"shape\":[{Repeated("1,", Many)}1]}}}}"));
        yield return ("safetensors", "much metadata", () => Safetensors(
            $"{{\"__metadata__\":{{{string.Join(',', Enumerable.Range(0, 500_000).Select(i => $"\"{i}\":\"\""))}}}}}"));
        yield return ("safetensors", "depth", () => Safetensors($"{{\"a\":{Repeated("[", Many)}"));
    }

    static IEnumerable<(string, string, Func<byte[]>)> Pickles()
    {
        (string Fault, string Pickle)[] pickles =
        [
            ("a text of 2 GB", "X\xff\xff\xff\x7f"), ("dictionaries", Repeated("}", 100) + Repeated("}b", 2 * Many)), ("lists", Repeated("N]b", Many)),
            ("marks", Repeated("(", 4 * Many)), ("numbers in a list", "]" + Repeated("K\x01\x61", 2 * Many)), ("remembered values", "N" + Repeated("\x94", 4 * Many)),
            ("a number of what is remembered", "Nr\xff\xff\xff\x7f"), ("depth", "N" + Repeated("\x85", 4 * Many)), ("tuples", Repeated("(t", 2 * Many)),
            ("references", "N" + Repeated("Q", 4 * Many)), ("names", Repeated("ca\na\n\u0030", Many)), ("long numbers", Repeated("\x8a\xff" + new string('\x7f', 255) + "N", 1 << 14)),
        ];
        foreach (var (fault, pickle) in pickles)
            yield return ("pth", fault, () => Pth(pickle));
        yield return ("pth", "many entries", () => Zip(100_000));
        yield return ("pth", "zeros that are packed", () => Packed("archive/data.pkl", 64 * Many));
        yield return ("pth", "transposed views of one storage", () => Pth("}(" + string.Concat(Enumerable.Range(0, 200).Select(i =>
            $"X\x03\0\0\0{i:000}ctorch._utils\n_rebuild_tensor_v2\n((X\a\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\0\u0030X\x03\0\0\0cpuJ\0\0\x04\0tQK\0"
            + "M\0\x01M\0\x01\x86K\x01M\0\x01\x86\x89)tR")) + "u.", new byte[Many]));
    }

    static IEnumerable<(string, string, Func<byte[]>)> Pictures()
    {
        // 65,535 x 2,047 pixels, just within what a picture may have.
        yield return ("png", "134 million pixels", () => [0x89, .. "PNG\r\n\x1a\n"u8, .. Chunk("IHDR",
            [0, 0, 0xff, 0xff, 0, 0, 7, 0xff, 8, 2, 0, 0, 0]), .. Chunk("IDAT", [0x78, 0x9c, 0, 0]), .. Chunk("IEND", [])]);
        yield return ("jpeg", "134 million pixels", () =>
            [0xff, 0xd8, 0xff, 0xc0, 0, 11, 8, 7, 0xff, 0xff, 0xff, 1, 1, 0x11, 0, 0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0, 0, 0xff, 0xd9]);
    }

    static IEnumerable<(string, string, Func<byte[]>)> DataSets()
    {
        byte[] images = [0, 0, 8, 3, 0, 0, 8, 0, 0, 0, 4, 0, 0, 0, 3, 0xff], labels = [0, 0, 8, 1, 0x7f, 0xff, 0xff, 0];
        yield return ("idx", "2 GB of images", () => images);
        yield return ("idx", "2 GB of packed images", () => Gzip(images));
        yield return ("idx-labels", "2 GB of labels", () => labels);
        yield return ("idx-labels", "2 GB of packed labels", () => Gzip(labels));
        yield return ("cifar", "zeros that are packed", () => Gzip(new byte[3073 << 13]));
        yield return ("attributes", "2,147,483,647 pictures", () => Ascii("2147483647\nSmiling\na 1\n"));
        yield return ("attributes", "many pictures", () => Lines("1000000\nSmiling\n", i => $"{i:x} 1\n"));
        yield return ("attributes", "a long line", () => Ascii($"1\nSmiling\n{new string('a', 8 * Many)} 2\n"));
        yield return ("attributes", "many attributes", () => Ascii($"1\n{Repeated("a ", 4 * Many)}\n"));
        yield return ("partition", "many pictures", () => Lines("", i => $"{i:x} 1\n"));
        yield return ("partition", "a long line", () => Ascii(new string('a', 8 * Many)));
        yield return ("partition", "many words", () => Ascii(Repeated("a ", 4 * Many)));
    }

    static IEnumerable<(string, string, Func<byte[]>)> Texts(string reader)
    {
        string[] properties = reader == "study" ? ["runs"] : ["steps", "epochs", "events", "options", "burden"];
        foreach (string property in properties)
        {
            foreach (var (fault, text) in Json(property))
                yield return (reader, $"{property}: {fault}", () => Ascii(text()));
        }
        string begin = reader == "study" ? "{\"runs\":[{\"kind\":\"Dense\",\"seed\":1,\"merged\":false,\"history\":" : "", record = "{\"epoch\":1,\"step\":1,\"kind\":\"\"},";
        yield return (reader, "small events", () => Ascii($"{begin}{{\"events\":[{Repeated(record, 100_000)}{record[..^1]}]}}"));
        yield return (reader, "scores", () => Ascii(
            $"{begin}{{\"events\":[{record[..^2]},\"groups\":[{{\"name\":\"\",\"before\":1,\"after\":1,\"scores\":[{Repeated("0,", 2 * Many)}0]}}]}}]}}"));
    }

    /// <summary>Objects with a property that is deep, or has a million small items.</summary>
    static IEnumerable<(string Fault, Func<string> Text)> Json(string property)
    {
        yield return ("depth", () => $"{{\"{property}\":{Repeated("[", 4 * Many)}");
        yield return ("small objects", () => $"{{\"{property}\":[{Repeated("{},", Many)}{{}}]}}");
        yield return ("small numbers", () => $"{{\"{property}\":[{Repeated("1,", 2 * Many)}1]}}");
        yield return ("small texts", () => $"{{\"{property}\":{{{string.Join(',', Enumerable.Range(0, 200_000).Select(i => $"\"{i}\":\"\""))}}}}}");
        yield return ("a long text", () => $"{{\"{property}\":\"{new string('a', 8 * Many)}\"}}");
    }

    static byte[] Archive(string kind, int count, byte[] rest) => [.. "MLPRUNE\0"u8, .. Int32(1), .. Name(kind), .. Int32(count), .. rest, .. new byte[32]];

    static byte[] Parts(string kind, params (string Name, byte[] Content)[] parts)
    {
        var archive = new Archive(kind);
        foreach (var (name, content) in parts)
            archive.Add(name, content);
        using var stream = new MemoryStream();
        archive.Write(stream);
        return stream.ToArray();
    }

    static byte[] Safetensors(string header) => [.. Int64(header.Length), .. Ascii(header)];

    static byte[] Pth(string pickle, byte[]? storage = null) =>
        Zipped(CompressionLevel.NoCompression, ("archive/data.pkl", Encoding.Latin1.GetBytes($"\u0080\u0002{pickle}")), ("archive/data/0", storage ?? []));

    static byte[] Packed(string name, int size) => Zipped(CompressionLevel.SmallestSize, (name, new byte[size]));

    static byte[] Zipped(CompressionLevel level, params (string Name, byte[] Content)[] entries)
    {
        using var stream = new MemoryStream();
        using (var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, content) in entries)
            {
                using var entry = zip.CreateEntry(name, level).Open();
                entry.Write(content);
            }
        }
        return stream.ToArray();
    }

    /// <summary>A zip of which only the directory is there: entries of no bytes with names of one.</summary>
    static byte[] Zip(int count)
    {
        byte[] entry = new byte[47], end = new byte[22];
        "PK\x01\x02"u8.CopyTo(entry);
        entry[28] = 1;
        entry[46] = (byte)'a';
        "PK\x05\x06"u8.CopyTo(end);
        BinaryPrimitives.WriteUInt16LittleEndian(end.AsSpan(8), (ushort)Math.Min(count, 65_000));
        BinaryPrimitives.WriteUInt16LittleEndian(end.AsSpan(10), (ushort)Math.Min(count, 65_000));
        BinaryPrimitives.WriteInt32LittleEndian(end.AsSpan(12), count * entry.Length);
        byte[] file = new byte[4 + (count * entry.Length) + end.Length];
        // What a zip begins with.
        "PK\x03\x04"u8.CopyTo(file);
        BinaryPrimitives.WriteInt32LittleEndian(end.AsSpan(16), 4);
        for (int i = 0; i < count; i++)
            entry.CopyTo(file, 4 + (i * entry.Length));
        end.CopyTo(file, file.Length - end.Length);
        return file;
    }

    static byte[] Gzip(byte[] content)
    {
        using var packed = new MemoryStream();
        using (var zip = new GZipStream(packed, CompressionLevel.SmallestSize, leaveOpen: true))
            zip.Write(content);
        return packed.ToArray();
    }

    // Mending writes the checksum.
    static byte[] Chunk(string type, byte[] data) => [.. Big(data.Length), .. Ascii(type), .. data, 0, 0, 0, 0];

    static byte[] Lines(string head, Func<int, string> line)
    {
        var text = new StringBuilder(head);
        for (int i = 0; i < 1_000_000; i++)
            text.Append(line(i));
        return Ascii(text.ToString());
    }

    static string Repeated(string text, int count) => new StringBuilder(text.Length * count).Insert(0, text, count).ToString();

    static byte[] Name(string name) => [.. Int32(name.Length), .. Ascii(name)];

    static byte[] Ascii(string text) => Encoding.ASCII.GetBytes(text);

    static byte[] Int32(int value) => BitConverter.GetBytes(value);

    static byte[] Big(int value) => BitConverter.GetBytes(BinaryPrimitives.ReverseEndianness(value));

    static byte[] Int64(long value) => BitConverter.GetBytes(value);
}
