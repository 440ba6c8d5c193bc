using System.Buffers.Binary;
using System.Text;

namespace MLNet.Pruning.Tests.Native;

/// <summary>A made-up ELF file with what matters to loosening: names, symbols, their versions, and the versions that are needed.</summary>
sealed class SmallElf
{
    readonly MemoryStream file = new();
    readonly List<(string Name, long Offset, int Size)> sections = [("", 0, 0)];
    readonly MemoryStream strings = new();

    public SmallElf()
    {
        file.Write(new byte[64]);
        strings.WriteByte(0);
    }

    /// <summary>The symbols with the index of the version that each is of, and the versions needed of each library.</summary>
    public static byte[] With((string Name, ushort Version)[] symbols, (string Library, (string Name, ushort Index)[] Versions)[] needs)
    {
        var elf = new SmallElf();
        var table = new MemoryStream();
        foreach (var (name, _) in symbols)
            Put(table, elf.Text(name), 0u, 0UL, 0UL);
        var versions = new MemoryStream();
        foreach (var (_, version) in symbols)
            Put(versions, version);
        var need = new MemoryStream();
        for (var i = 0; i < needs.Length; i++)
        {
            var (library, names) = needs[i];
            var last = i == needs.Length - 1;
            Put(need, (ushort)1, (ushort)names.Length, elf.Text(library), 16u, last ? 0u : (uint)(16 + (16 * names.Length)));
            for (var j = 0; j < names.Length; j++)
                Put(need, 0u, (ushort)0, names[j].Index, elf.Text(names[j].Name), j == names.Length - 1 ? 0u : 16u);
        }
        elf.Section(".dynsym", table.ToArray());
        elf.Section(".gnu.version", versions.ToArray());
        elf.Section(".gnu.version_r", need.ToArray());
        elf.Section(".dynstr", elf.strings.ToArray());
        return elf.Bytes();
    }

    public static int Find(byte[] file, string text) => file.AsSpan().IndexOf(Encoding.ASCII.GetBytes(text + '\0'));

    uint Text(string text)
    {
        var at = (uint)strings.Position;
        strings.Write(Encoding.ASCII.GetBytes(text + '\0'));
        return at;
    }

    void Section(string name, byte[] content)
    {
        sections.Add((name, file.Position, content.Length));
        file.Write(content);
    }

    byte[] Bytes()
    {
        var names = new MemoryStream();
        sections.Add((".shstrtab", file.Position, 0));
        var places = sections.Select(section =>
        {
            var at = (uint)names.Position;
            names.Write(Encoding.ASCII.GetBytes(section.Name + '\0'));
            return at;
        }).ToArray();
        file.Write(names.ToArray());
        var table = file.Position;
        foreach (var ((_, offset, size), name) in sections.Zip(places))
            Put(file, name, 0u, 0UL, 0UL, (ulong)offset, (ulong)size, 0u, 0u, 0UL, 0UL);
        var bytes = file.ToArray();
        "\u007fELF\u0002\u0001\u0001"u8.CopyTo(bytes);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(0x28), (ulong)table);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(0x3A), 64);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(0x3C), (ushort)sections.Count);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(0x3E), (ushort)(sections.Count - 1));
        return bytes;
    }

    static void Put(Stream stream, params object[] numbers)
    {
        foreach (var number in numbers)
            stream.Write(number switch
            {
                ushort n => BitConverter.GetBytes(n),
                uint n => BitConverter.GetBytes(n),
                ulong n => BitConverter.GetBytes(n),
                _ => throw new ArgumentException($"{number}"),
            });
    }
}
