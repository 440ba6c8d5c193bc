using System.Buffers.Binary;
using System.Text;
using Microsoft.ML;

namespace MLNet.Pruning.Offline.ML.Tests.Persistence;

/// <summary>The bytes of a saved component, field for field as Microsoft.ML 5.0.0 lays them out.</summary>
[TestClass]
public sealed class ModelHeaderTests
{
    [TestMethod]
    public void A_component_is_a_header_its_block_its_strings_its_assembly_and_a_tail()
    {
        byte[] file = Saved(context =>
        {
            context.CheckAtModel();
            context.SetVersionInfo(Version("TEST MDL", 3, 2, 1, "Some.Assembly", "TestLoader"));
            context.Writer.Write(0x01020304);
            context.SaveString("one");
            context.SaveStringOrNull(null);
            context.SaveNonEmptyString("two");
            context.SaveString("one");
        });

        const int Block = 5 * sizeof(int);
        const int Table = 2 * sizeof(long);
        const int Characters = 6 * sizeof(char);
        int assembly = "Some.Assembly".Length * sizeof(char);
        long strings = 0x100 + Block;
        long tail = strings + Table + Characters + assembly;
        Assert.AreEqual("ML\0MODEL", Encoding.ASCII.GetString(file, 0, 8));
        Assert.AreEqual(0x00010002u, UInt32(file, 0x08));
        Assert.AreEqual(0x00010002u, UInt32(file, 0x0C));
        CollectionAssert.AreEqual(
            new[] { 0x100, Block, strings, Table, strings + Table, Characters },
            Enumerable.Range(0, 6).Select(i => Int64(file, 0x10 + (8 * i))).ToArray());
        Assert.AreEqual("TEST\0MDL", Encoding.ASCII.GetString(file, 0x40, 8));
        Assert.AreEqual(3u, UInt32(file, 0x48));
        Assert.AreEqual(2u, UInt32(file, 0x4C));
        Assert.AreEqual("TestLoader", Encoding.ASCII.GetString(file, 0x50, 24).TrimEnd('\0'));
        Assert.AreEqual("", Encoding.ASCII.GetString(file, 0x68, 24).TrimEnd('\0'));
        Assert.AreEqual(tail, Int64(file, 0x80));
        Assert.AreEqual(tail + 8, Int64(file, 0x88));
        Assert.AreEqual(strings + Table + Characters, Int64(file, 0x90));
        Assert.AreEqual((uint)assembly, UInt32(file, 0x98));

        CollectionAssert.AreEqual(new[] { 0, -1, 1, 0 }, Enumerable.Range(1, 4).Select(i => (int)UInt32(file, 0x100 + (4 * i))).ToArray());
        Assert.AreEqual(6L, Int64(file, (int)strings));
        Assert.AreEqual(12L, Int64(file, (int)strings + 8));
        Assert.AreEqual("onetwoSome.Assembly", Encoding.Unicode.GetString(file, (int)strings + Table, Characters + assembly));
        Assert.AreEqual("LEDOM\0LM", Encoding.ASCII.GetString(file, (int)tail, 8));
        Assert.AreEqual(tail + 8, file.Length);
    }

    [TestMethod]
    public void What_was_saved_is_loaded()
    {
        var version = Version("TEST MDL", 3, 2, 1, null, "TestLoader");
        byte[] file = Saved(context =>
        {
            context.SetVersionInfo(version);
            context.SaveString("");
            context.SaveStringOrNull(null);
            context.SaveNonEmptyString("ä€");
            context.Writer.Write(7.5);
        });

        Loaded(file, context =>
        {
            context.CheckAtModel(version);
            Assert.IsNull(context.LoaderAssemblyName);
            Assert.AreEqual("", context.LoadString());
            Assert.IsNull(context.LoadStringOrNull());
            Assert.AreEqual("ä€", context.LoadNonEmptyString());
            Assert.AreEqual(7.5, context.Reader.ReadDouble());
            context.Done();
        });
    }

    [TestMethod]
    public void Other_kinds_and_versions_are_refused()
    {
        byte[] file = Saved(context => context.SetVersionInfo(Version("TEST MDL", 3, 2, 1, null, "TestLoader")));

        Loaded(file, context => context.CheckVersionInfo(Version("TEST MDL", 2, 2, 1, null, "TestLoader")));
        Loaded(file, context => Assert.ThrowsExactly<FormatException>(() => context.CheckVersionInfo(Version("TEST XXX", 3, 2, 1, null))));
        Loaded(file, context => StringAssert.Contains(Assert.ThrowsExactly<FormatException>(() => context.CheckVersionInfo(Version("TEST MDL", 1, 1, 1, null, "TestLoader"))).Message, "too new"));
        Loaded(file, context => StringAssert.Contains(Assert.ThrowsExactly<FormatException>(() => context.CheckVersionInfo(Version("TEST MDL", 5, 4, 4, null, "TestLoader"))).Message, "too old"));
    }

    [TestMethod]
    public void Every_flipped_byte_of_the_offsets_is_noticed()
    {
        byte[] file = Saved(context =>
        {
            context.SetVersionInfo(Version("TEST MDL", 3, 2, 1, "Some.Assembly", "TestLoader"));
            context.SaveString("text");
        });

        // All but the version that wrote it, which may be newer.
        foreach (int at in Enumerable.Range(0x00, 0x08).Concat(Enumerable.Range(0x0C, 0x34)).Concat(Enumerable.Range(0x80, 0x1C)))
        {
            byte[] broken = [.. file];
            broken[at] ^= 0x55;
            Assert.ThrowsExactly<FormatException>(() => Loaded(broken, _ => { }), $"byte {at:x}");
        }
    }

    [TestMethod]
    public void A_model_read_short_is_noticed()
    {
        byte[] file = Saved(context =>
        {
            context.SetVersionInfo(Version("TEST MDL", 3, 2, 1, null));
            context.Writer.Write(1L);
        });

        Loaded(file, context =>
        {
            context.Reader.ReadInt32();
            Assert.ThrowsExactly<FormatException>(context.Done);
        });
    }

    [TestMethod]
    public void Signatures_have_eight_characters_and_loaders_at_most_24()
    {
        Assert.ThrowsExactly<InvalidOperationException>(() => Version("SHORT", 1, 1, 1, null));
        Assert.ThrowsExactly<InvalidOperationException>(() => Saved(context => context.SetVersionInfo(Version("TEST MDL", 1, 1, 1, null, new string('x', 25)))));
        Assert.ThrowsExactly<InvalidOperationException>(() => Saved(_ => { }));
    }

    private static VersionInfo Version(string signature, uint written, uint readable, uint back, string? assembly, string? loader = null)
        => new(signature, written, readable, back, assembly, loader);

    private static byte[] Saved(Action<ModelSaveContext> save)
    {
        using var archive = new MemoryStream();
        var repository = RepositoryWriter.CreateNew(archive);
        using (var context = new ModelSaveContext(repository, "Part", ModelLoadContext.ModelStreamName))
        {
            save(context);
            context.Done();
        }
        repository.Commit();
        using var zip = new System.IO.Compression.ZipArchive(archive);
        using var file = new MemoryStream();
        using (var entry = zip.GetEntry("Part/Model.key")!.Open())
            entry.CopyTo(file);
        return file.ToArray();
    }

    private static void Loaded(byte[] file, Action<ModelLoadContext> load)
    {
        using var archive = new MemoryStream();
        using (var zip = new System.IO.Compression.ZipArchive(archive, System.IO.Compression.ZipArchiveMode.Create, leaveOpen: true))
        {
            // As a file that was written on Windows has it.
            using var target = zip.CreateEntry(@"Part\Model.key").Open();
            target.Write(file);
        }
        using var repository = RepositoryReader.Open(archive);
        using var entry = repository.OpenEntry("Part", "Model.key");
        using var context = new ModelLoadContext(repository, entry, "Part");
        load(context);
    }

    private static uint UInt32(byte[] file, int at) => BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at));

    private static long Int64(byte[] file, int at) => BinaryPrimitives.ReadInt64LittleEndian(file.AsSpan(at));
}
