using System.Buffers.Binary;
using System.Text;

namespace MLNet.Pruning.Native;

/// <summary>
/// Makes TorchSharp's native library load with a libstdc++ older than GCC 13's. The library needs version GLIBCXX_3.4.32 for one symbol
/// only, which initialises the standard streams; an older symbol does the same.
/// </summary>
static class LoosenedLibrary
{
    /// <summary>The version of libstdc++ that is no longer required.</summary>
    public const string NeededVersion = "GLIBCXX_3.4.32";

    const string OlderVersion = "GLIBCXX_3.4", Library = "libstdc++.so.6";
    const string Symbol = "_ZSt21ios_base_library_initv", OlderSymbol = "_ZNSt8ios_base4InitC1Ev";
    const ushort Weak = 2; // VER_FLG_WEAK
    const int SectionHeaderSize = 64, SymbolSize = 24;

    readonly record struct Section(int Offset, int Size);

    /// <summary>Edits a 64-bit little-endian ELF file in memory. If anything is not as expected, it throws and changes nothing.</summary>
    /// <exception cref="InvalidDataException">The file is not as expected.</exception>
    public static void Loosen(Span<byte> file)
    {
        var sections = Sections(file);
        var (strings, symbols) = (Find(sections, ".dynstr"), Find(sections, ".dynsym"));
        var (needs, versions) = (Find(sections, ".gnu.version_r"), Find(sections, ".gnu.version"));
        var (needAt, needed, older) = Need(file, needs, strings);
        var (symbolAt, nameAt) = SymbolOf(file, symbols, versions, strings, needed);
        // 1. Make the loader accept a missing version.
        BinaryPrimitives.WriteUInt16LittleEndian(file[(needAt + 4)..], (ushort)(U16(file, needAt + 4) | Weak));
        // 2. Give the symbol the older one's name, which is shorter, and the older version.
        Encoding.ASCII.GetBytes(OlderSymbol + '\0', file[nameAt..]);
        BinaryPrimitives.WriteUInt16LittleEndian(file[symbolAt..], older);
    }

    static Dictionary<string, Section> Sections(ReadOnlySpan<byte> file)
    {
        if (file.Length < SectionHeaderSize || !file.StartsWith("\u007fELF\u0002\u0001"u8))
            throw new InvalidDataException("It is not a 64-bit little-endian ELF file.");
        var table = Place(file, U64(file, 0x28));
        var (size, count, names) = (U16(file, 0x3A), U16(file, 0x3C), U16(file, 0x3E));
        if (size != SectionHeaderSize || names >= count || table + (size * count) > file.Length)
            throw new InvalidDataException("Its section headers are not as expected.");
        var nameTable = Header(file, names);
        var sections = new Dictionary<string, Section>();
        for (var i = 0; i < count; i++)
            sections[Text(file, Place(file, (ulong)nameTable.Offset + U32(file, table + (i * size))))] = Header(file, i);
        return sections;

        Section Header(ReadOnlySpan<byte> file, int i) =>
            new(Place(file, U64(file, table + (i * size) + 0x18)), (int)Math.Min(U64(file, table + (i * size) + 0x20), int.MaxValue));
    }

    static Section Find(Dictionary<string, Section> sections, string name) =>
        sections.TryGetValue(name, out var section) ? section : throw new InvalidDataException($"It has no section {name}.");

    // The offset of the entry for the new version, and the indexes of the new and the old version.
    static (int At, ushort Needed, ushort Older) Need(ReadOnlySpan<byte> file, Section needs, Section strings)
    {
        var (needAt, needed, older) = (0, (ushort)0, (ushort)0);
        for (int library = needs.Offset, left = needs.Size / 16; left > 0; left--)
        {
            var (count, name, first, next) = (U16(file, library + 2), U32(file, library + 4), U32(file, library + 8),
                U32(file, library + 12));
            if (Text(file, Place(file, (ulong)strings.Offset + name)) == Library)
            {
                var version = Place(file, (ulong)library + first);
                for (var i = 0; i < count; i++)
                {
                    var text = Text(file, Place(file, (ulong)strings.Offset + U32(file, version + 8)));
                    if (text == NeededVersion)
                        (needAt, needed) = (version, U16(file, version + 6));
                    else if (text == OlderVersion)
                        older = U16(file, version + 6);
                    version = Place(file, (ulong)version + U32(file, version + 12));
                }
            }
            if (next == 0)
                break;
            library = Place(file, (ulong)library + next);
        }
        return needed != 0 && older != 0 ? (needAt, needed, older)
            : throw new InvalidDataException($"It does not need {NeededVersion} and {OlderVersion} of {Library}.");
    }

    // The offsets of version and name of the one symbol with the new version.
    static (int VersionAt, int NameAt) SymbolOf(ReadOnlySpan<byte> file, Section symbols, Section versions, Section strings, ushort version)
    {
        (int, int)? found = null;
        for (var i = 0; i < symbols.Size / SymbolSize; i++)
        {
            if ((U16(file, versions.Offset + (2 * i)) & 0x7fff) != version)
                continue;
            var nameAt = Place(file, (ulong)strings.Offset + U32(file, symbols.Offset + (SymbolSize * i)));
            if (found is not null || Text(file, nameAt) != Symbol)
                throw new InvalidDataException($"More than {Symbol} is of version {NeededVersion}.");
            found = (versions.Offset + (2 * i), nameAt);
        }
        return found ?? throw new InvalidDataException($"Nothing in it is of version {NeededVersion}.");
    }

    static int Place(ReadOnlySpan<byte> file, ulong offset) => offset < (ulong)file.Length ? (int)offset : throw Short();

    static string Text(ReadOnlySpan<byte> file, int at)
    {
        var length = file[at..].IndexOf((byte)0);
        return length >= 0 ? Encoding.ASCII.GetString(file.Slice(at, length)) : throw Short();
    }

    static ushort U16(ReadOnlySpan<byte> file, int at) => BinaryPrimitives.ReadUInt16LittleEndian(Bytes(file, at, 2));

    static uint U32(ReadOnlySpan<byte> file, int at) => BinaryPrimitives.ReadUInt32LittleEndian(Bytes(file, at, 4));

    static ulong U64(ReadOnlySpan<byte> file, int at) => BinaryPrimitives.ReadUInt64LittleEndian(Bytes(file, at, 8));

    static ReadOnlySpan<byte> Bytes(ReadOnlySpan<byte> file, int at, int count) => at >= 0 && at <= file.Length - count
        ? file.Slice(at, count) : throw Short();

    static InvalidDataException Short() => new("It is cut short.");
}
