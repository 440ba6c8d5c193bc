using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.ML.Runtime;

namespace Microsoft.ML;

/// <summary>
/// The 256 bytes before a saved component, which say where its parts are: the model's own block, then a table of
/// strings, then the name of the assembly that can load it, then a signature at the tail.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = Size)]
internal struct ModelHeader
{
    public const ulong SignatureValue = 0x4C45444F4D004C4DUL; // "ML\0MODEL"
    public const ulong TailSignatureValue = 0x4D4C004D4F44454CUL; // "LEDOM\0LM"
    public const int Size = 0x0100;
    private const uint VerAssemblyNameSupported = 0x00010002;
    private const uint VerWritten_ = 0x00010002;
    private const uint VerReadable_ = 0x00010002;
    private const uint VerWeCanReadBack = 0x00010001;
    private const int SignatureLength = 24;

    [FieldOffset(0x00)]
    public ulong Signature;
    [FieldOffset(0x08)]
    public uint VerWritten;
    [FieldOffset(0x0C)]
    public uint VerReadable;

    // Offsets (Fp) are from the header's beginning; sizes (Cb) are in bytes.
    [FieldOffset(0x10)]
    public long FpModel;
    [FieldOffset(0x18)]
    public long CbModel;

    // For each string the offset of its end among the characters; no strings: zeros.
    [FieldOffset(0x20)]
    public long FpStringTable;
    [FieldOffset(0x28)]
    public long CbStringTable;
    [FieldOffset(0x30)]
    public long FpStringChars;
    [FieldOffset(0x38)]
    public long CbStringChars;

    [FieldOffset(0x40)]
    public ulong ModelSignature;
    [FieldOffset(0x48)]
    public uint ModelVerWritten;
    [FieldOffset(0x4C)]
    public uint ModelVerReadable;

    // Two signatures of 24 characters each.
    [FieldOffset(0x50)]
    private Characters24 _loaderSignature;
    [FieldOffset(0x68)]
    private Characters24 _loaderSignatureAlt;

    [FieldOffset(0x80)]
    public long FpTail;
    [FieldOffset(0x88)]
    public long FpLim;
    [FieldOffset(0x90)]
    public long FpAssemblyName;
    [FieldOffset(0x98)]
    public uint CbAssemblyName;

    public static void BeginWrite(BinaryWriter writer, out long fpMin, out ModelHeader header)
    {
        Contracts.CheckValue(writer, nameof(writer));
        fpMin = writer.BaseStream.Position;
        header = new ModelHeader { Signature = SignatureValue, VerWritten = VerWritten_, VerReadable = VerReadable_, FpModel = Size };
        // Room for it: it is known only when all else has been written.
        writer.Write(new byte[Size]);
    }

    public static void EndWrite(BinaryWriter writer, long fpMin, ref ModelHeader header, IReadOnlyList<string> strings, string? loaderAssemblyName)
    {
        Contracts.Check(header.CbModel == 0 && header.FpStringTable == 0, "The header has been written before.");
        var stream = Flushed(writer);
        header.CbModel = stream.Position - header.FpModel - fpMin;
        if (strings.Count > 0)
        {
            header.FpStringTable = stream.Position - fpMin;
            long end = 0;
            foreach (string text in strings)
                writer.Write(end += text.Length * sizeof(char));
            header.CbStringTable = strings.Count * sizeof(long);
            header.FpStringChars = header.FpStringTable + header.CbStringTable;
            header.CbStringChars = end;
            foreach (string text in strings)
                WriteCharacters(writer, text);
        }

        if (!string.IsNullOrEmpty(loaderAssemblyName))
        {
            header.FpAssemblyName = Flushed(writer).Position - fpMin;
            header.CbAssemblyName = (uint)loaderAssemblyName.Length * sizeof(char);
            WriteCharacters(writer, loaderAssemblyName);
        }

        header.FpTail = Flushed(writer).Position - fpMin;
        writer.Write(TailSignatureValue);
        header.FpLim = Flushed(writer).Position - fpMin;
        header.Validate(header.FpLim);

        writer.Seek(checked((int)fpMin), SeekOrigin.Begin);
        writer.Write(MemoryMarshal.AsBytes(new ReadOnlySpan<ModelHeader>(in header)));
        writer.Flush();
        stream.Seek(header.FpLim + fpMin, SeekOrigin.Begin);
    }

    public static void BeginRead(out long fpMin, out ModelHeader header, out string[] strings, out string? loaderAssemblyName, BinaryReader reader)
    {
        var stream = reader.BaseStream;
        fpMin = stream.Position;
        byte[] bytes = reader.ReadBytes(Size);
        Contracts.CheckDecode(bytes.Length == Size);
        header = MemoryMarshal.Read<ModelHeader>(bytes);
        header.Validate(stream.Length - fpMin);

        strings = header.ReadStrings(reader, fpMin);
        loaderAssemblyName = null;
        if (header.VerWritten >= VerAssemblyNameSupported && header.FpAssemblyName != 0)
        {
            stream.Position = header.FpAssemblyName + fpMin;
            loaderAssemblyName = ReadCharacters(reader, header.CbAssemblyName);
        }

        stream.Position = header.FpTail + fpMin;
        Contracts.CheckDecode(reader.ReadUInt64() == TailSignatureValue, "Corrupt model file tail");
        stream.Position = header.FpModel + fpMin;
    }

    public static void EndRead(long fpMin, ref ModelHeader header, BinaryReader reader)
    {
        Contracts.CheckDecode(header.FpModel + header.CbModel == reader.BaseStream.Position - fpMin);
        reader.BaseStream.Position = header.FpLim + fpMin;
    }

    public static void SetVersionInfo(ref ModelHeader header, VersionInfo ver)
    {
        header.ModelSignature = ver.ModelSignature;
        header.ModelVerWritten = ver.VerWrittenCur;
        header.ModelVerReadable = ver.VerReadableCur;
        header._loaderSignature = Characters24.Of(ver.LoaderSignature);
        header._loaderSignatureAlt = Characters24.Of(ver.LoaderSignatureAlt);
    }

    public static void CheckVersionInfo(ref ModelHeader header, VersionInfo ver)
    {
        Contracts.CheckDecode(header.ModelSignature == ver.ModelSignature, "Unknown file type");
        Contracts.CheckDecode(header.ModelVerReadable <= header.ModelVerWritten, "Corrupt file header");
        if (header.ModelVerReadable > ver.VerWrittenCur)
        {
            throw Contracts.ExceptDecode($"Component '{ver.LoaderSignature}' of the model is too new to be read here: " +
                $"the largest version known is {ver.VerWrittenCur}, the file needs {header.ModelVerReadable}.");
        }
        if (header.ModelVerWritten < ver.VerWeCanReadBack)
        {
            throw Contracts.ExceptDecode($"Component '{ver.LoaderSignature}' of the model is too old to be read here: " +
                $"the smallest version known is {ver.VerWeCanReadBack}, the file has {header.ModelVerWritten}.");
        }
    }

    public static string GetLoaderSig(ref ModelHeader header) => header._loaderSignature.ToString();

    public static string GetLoaderSigAlt(ref ModelHeader header) => header._loaderSignatureAlt.ToString();

    private readonly void Validate(long size)
    {
        Contracts.CheckDecode(Signature == SignatureValue, "Wrong file type");
        Contracts.CheckDecode(VerReadable <= VerWritten, "Corrupt file header");
        Contracts.CheckDecode(VerReadable <= VerWritten_, "File is too new");
        Contracts.CheckDecode(VerWritten >= VerWeCanReadBack, "File is too old");

        // The parts follow each other without gaps.
        Contracts.CheckDecode(FpModel == Size && CbModel >= 0);
        long end = FpModel + CbModel;
        if (FpStringTable == 0)
        {
            Contracts.CheckDecode(CbStringTable == 0 && FpStringChars == 0 && CbStringChars == 0);
        }
        else
        {
            Contracts.CheckDecode(FpStringTable == end && CbStringTable > 0 && CbStringTable % sizeof(long) == 0);
            Contracts.CheckDecode(CbStringTable / sizeof(long) < int.MaxValue);
            Contracts.CheckDecode(FpStringChars == FpStringTable + CbStringTable && CbStringChars >= 0 && CbStringChars % sizeof(char) == 0);
            end = FpStringChars + CbStringChars;
        }
        if (VerWritten >= VerAssemblyNameSupported)
        {
            Contracts.CheckDecode(FpAssemblyName == 0 ? CbAssemblyName == 0 : FpAssemblyName == end && CbAssemblyName % sizeof(char) == 0);
            end += CbAssemblyName;
        }
        Contracts.CheckDecode(FpTail == end);
        Contracts.CheckDecode(FpLim == FpTail + sizeof(ulong));
        Contracts.CheckDecode(size >= FpLim);
    }

    private readonly string[] ReadStrings(BinaryReader reader, long fpMin)
    {
        if (FpStringTable == 0)
            return [];
        reader.BaseStream.Position = FpStringTable + fpMin;
        var ends = new long[CbStringTable / sizeof(long)];
        for (int i = 0; i < ends.Length; i++)
            ends[i] = reader.ReadInt64();
        Contracts.CheckDecode(ends[^1] == CbStringChars);

        var strings = new string[ends.Length];
        long begin = 0;
        for (int i = 0; i < ends.Length; i++)
        {
            Contracts.CheckDecode(begin <= ends[i] && ends[i] <= CbStringChars && ends[i] % sizeof(char) == 0);
            strings[i] = ReadCharacters(reader, ends[i] - begin);
            begin = ends[i];
        }
        return strings;
    }

    private static void WriteCharacters(BinaryWriter writer, string text) => writer.Write(Encoding.Unicode.GetBytes(text));

    private static string ReadCharacters(BinaryReader reader, long bytes) => Encoding.Unicode.GetString(reader.ReadBytes(checked((int)bytes)));

    private static Stream Flushed(BinaryWriter writer)
    {
        writer.Flush();
        return writer.BaseStream;
    }

    /// <summary>Up to 24 one-byte characters, zeros after the last.</summary>
    [InlineArray(SignatureLength)]
    private struct Characters24
    {
        private byte _first;

        public static Characters24 Of(string? text)
        {
            var characters = default(Characters24);
            if (text is null)
                return characters;
            Contracts.Check(text.Length <= SignatureLength);
            Contracts.Check(text.All(character => character <= 0xFF));
            Encoding.Latin1.GetBytes(text, characters);
            return characters;
        }

        public override readonly string ToString() => Encoding.Latin1.GetString(((ReadOnlySpan<byte>)this).TrimEnd((byte)0));
    }
}
