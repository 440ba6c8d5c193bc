using System.IO.Compression;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace MLNet.Pruning.Upstream.Tests;

[TestClass]
public sealed class ModelFileTests
{
    private readonly MLContext _context = new(1);

    [TestMethod]
    public void A_model_file_is_an_archive_with_the_schema_beside_the_chain()
    {
        using var archive = new ZipArchive(Save(new TransformerChain<ITransformer>(), SchemaOfEverything()));

        CollectionAssert.AreEquivalent(
            new[] { "TrainingInfo/Version.txt", "TransformerChain/Model.key", "Schema" },
            archive.Entries.Select(entry => entry.FullName).ToArray());
    }

    [TestMethod]
    public void The_schema_comes_back_with_types_hidden_columns_and_annotations()
    {
        var schema = SchemaOfEverything();
        var model = _context.Model.Load(Save(new TransformerChain<ITransformer>(), schema), out var loaded);

        Assert.AreEqual(0, ((TransformerChain<ITransformer>)model).Count());
        CollectionAssert.AreEqual(schema.Select(column => column.ToString()).ToArray(), loaded.Select(column => column.ToString()).ToArray());
        CollectionAssert.AreEqual(schema.Select(column => column.Type).ToArray(), loaded.Select(column => column.Type).ToArray());
        CollectionAssert.AreEqual(schema.Select(column => column.IsHidden).ToArray(), loaded.Select(column => column.IsHidden).ToArray());

        VBuffer<ReadOnlyMemory<char>> names = default;
        loaded["Vector"].GetSlotNames(ref names);
        CollectionAssert.AreEqual(new[] { "first", "", "drei" }, names.DenseValues().Select(name => name.ToString()).ToArray());
        Assert.IsTrue(loaded["Vector"].IsNormalized());
        VBuffer<double> weights = default;
        loaded["Vector"].Annotations.GetValue("Weights", ref weights);
        Assert.IsFalse(weights.IsDense);
        CollectionAssert.AreEqual(new[] { 0, 2.5, 0 }, weights.DenseValues().ToArray());
        uint key = 0;
        loaded["Vector"].Annotations.GetValue("Set", ref key);
        Assert.AreEqual(3u, key);
        DateTimeOffset when = default;
        loaded["Vector"].Annotations.GetValue("When", ref when);
        Assert.AreEqual(new DateTimeOffset(2020, 1, 2, 3, 4, 5, TimeSpan.FromMinutes(90)), when);
        VBuffer<bool> flags = default;
        loaded["Vector"].Annotations.GetValue("Flags", ref flags);
        CollectionAssert.AreEqual(Enumerable.Range(0, 11).Select(i => i % 3 == 0).ToArray(), flags.DenseValues().ToArray());
    }

    [TestMethod]
    public void A_model_saved_without_a_schema_is_loaded_without_one()
    {
        var model = _context.Model.Load(Save(new TransformerChain<ITransformer>(), null), out var schema);

        Assert.IsInstanceOfType<TransformerChain<ITransformer>>(model);
        Assert.IsNull(schema);
    }

    [TestMethod]
    public void A_chain_in_a_chain_comes_back_with_its_scopes()
    {
        var inner = new TransformerChain<ITransformer>();
        var chain = new TransformerChain<ITransformer>([inner, inner], [TransformerScope.Everything, TransformerScope.TrainTest]);
        using var file = Save(chain, null);
        using (var archive = new ZipArchive(file, ZipArchiveMode.Read, leaveOpen: true))
            Assert.IsNotNull(archive.GetEntry("TransformerChain/Transform_001/Model.key"));
        file.Position = 0;

        var loaded = (TransformerChain<ITransformer>)_context.Model.Load(file, out _);
        Assert.AreEqual(2, loaded.Count());
        Assert.AreEqual(1, loaded.GetModelFor(TransformerScope.Scoring).Count());
        Assert.AreEqual(2, loaded.GetModelFor(TransformerScope.Testing).Count());
    }

    [TestMethod]
    public void What_is_not_an_archive_is_a_format_error()
    {
        Assert.ThrowsExactly<FormatException>(() => _context.Model.Load(new MemoryStream([1, 2, 3, 4]), out _));
        byte[] whole = Save(new TransformerChain<ITransformer>(), SchemaOfEverything()).ToArray();
        Assert.ThrowsExactly<FormatException>(() => _context.Model.Load(new MemoryStream(whole[..(whole.Length / 2)]), out _));
    }

    [TestMethod]
    [DataRow("TransformerChain/Model.key", 0)]
    [DataRow("Schema", 0)]
    public void A_corrupt_entry_is_a_format_error(string name, int at)
        => Assert.ThrowsExactly<FormatException>(() => _context.Model.Load(Rewritten(name, bytes => bytes[at] ^= 0xFF), out _));

    [TestMethod]
    public void An_archive_without_a_model_is_refused()
    {
        var empty = new MemoryStream();
        using (new ZipArchive(empty, ZipArchiveMode.Create, leaveOpen: true))
        {
        }
        empty.Position = 0;
        Assert.ThrowsExactly<InvalidOperationException>(() => _context.Model.Load(empty, out _));
        Assert.ThrowsExactly<DirectoryNotFoundException>(() => _context.Model.Load("/absent/model.zip", out _));
    }

    [TestMethod]
    public void A_schema_without_columns_cannot_be_saved()
        => Assert.ThrowsExactly<InvalidOperationException>(() => Save(new TransformerChain<ITransformer>(), new DataViewSchema.Builder().ToSchema()));

    [TestMethod]
    public void A_model_without_a_loader_cannot_be_loaded_with_one()
        => Assert.ThrowsExactly<InvalidOperationException>(() => _context.Model.LoadWithDataLoader(Save(new TransformerChain<ITransformer>(), SchemaOfEverything()), out _));

    [TestMethod]
    public void A_transformer_that_does_not_say_what_it_is_cannot_be_saved()
        => Assert.ThrowsExactly<InvalidOperationException>(() => Save(new Doubler("A", "B"), null));

    private MemoryStream Save(ITransformer model, DataViewSchema? schema)
    {
        var file = new MemoryStream();
        _context.Model.Save(model, schema!, file);
        file.Position = 0;
        return file;
    }

    private MemoryStream Rewritten(string name, Action<byte[]> change)
    {
        using var source = new ZipArchive(Save(new TransformerChain<ITransformer>(), SchemaOfEverything()));
        var file = new MemoryStream();
        using (var target = new ZipArchive(file, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var entry in source.Entries)
            {
                using var bytes = new MemoryStream();
                using (var stream = entry.Open())
                    stream.CopyTo(bytes);
                byte[] content = bytes.ToArray();
                if (entry.FullName == name)
                    change(content);
                using var copy = target.CreateEntry(entry.FullName).Open();
                copy.Write(content);
            }
        }
        file.Position = 0;
        return file;
    }

    private static DataViewSchema SchemaOfEverything()
    {
        var annotations = new DataViewSchema.Annotations.Builder();
        var names = new VBuffer<ReadOnlyMemory<char>>(3, ["first".AsMemory(), default, "drei".AsMemory()]);
        annotations.Add("SlotNames", new VectorDataViewType(TextDataViewType.Instance, 3), (ref VBuffer<ReadOnlyMemory<char>> value) => names.CopyTo(ref value));
        annotations.AddPrimitiveValue("IsNormalized", BooleanDataViewType.Instance, true);
        var weights = new VBuffer<double>(3, 1, [2.5], [1]);
        annotations.Add("Weights", new VectorDataViewType(NumberDataViewType.Double), (ref VBuffer<double> value) => weights.CopyTo(ref value));
        annotations.AddPrimitiveValue("Set", new KeyDataViewType(typeof(uint), int.MaxValue), 3u);
        annotations.AddPrimitiveValue("When", DateTimeOffsetDataViewType.Instance, new DateTimeOffset(2020, 1, 2, 3, 4, 5, TimeSpan.FromMinutes(90)));
        var flags = new VBuffer<bool>(11, Enumerable.Range(0, 11).Select(i => i % 3 == 0).ToArray());
        annotations.Add("Flags", new VectorDataViewType(BooleanDataViewType.Instance, 11), (ref VBuffer<bool> value) => flags.CopyTo(ref value));

        var builder = new DataViewSchema.Builder();
        foreach (var type in new DataViewType[]
        {
            NumberDataViewType.SByte, NumberDataViewType.Byte, NumberDataViewType.Int16, NumberDataViewType.UInt16, NumberDataViewType.Int32,
            NumberDataViewType.UInt32, NumberDataViewType.Int64, NumberDataViewType.UInt64, NumberDataViewType.Single, NumberDataViewType.Double,
            TextDataViewType.Instance, BooleanDataViewType.Instance, DateTimeDataViewType.Instance, DateTimeOffsetDataViewType.Instance,
            TimeSpanDataViewType.Instance, RowIdDataViewType.Instance, new KeyDataViewType(typeof(byte), 255),
            new KeyDataViewType(typeof(ulong), ulong.MaxValue), new VectorDataViewType(new KeyDataViewType(typeof(ushort), 7), 2, 0),
            new VectorDataViewType(TextDataViewType.Instance),
        })
        {
            builder.AddColumn(type.ToString()!, type);
        }
        builder.AddColumn("Vector", NumberDataViewType.Single);
        builder.AddColumn("Vector", new VectorDataViewType(NumberDataViewType.Single, 3), annotations.ToAnnotations());
        return builder.ToSchema();
    }
}
