using System.IO.Compression;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace MLNet.Pruning.Tests;

[TestClass]
public sealed class LoadCifarTests
{
    const int Image = 3072;
    const int Record10 = 1 + Image;
    const int Record100 = 2 + Image;

    sealed class Row
    {
        public uint Label { get; set; }

        public float[] Pixels { get; set; } = [];

        public string ClassName { get; set; } = "";
    }

    [TestMethod]
    public void Batches_that_are_there_are_read_in_order_plain_or_gzipped()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["data_batch_4.bin"], Batch10(70, first: 100));
        File.WriteAllBytes(folder["data_batch_2.bin.gz"], Zip(Batch10(3, first: 0)));
        var data = Load10(folder);
        var rows = Rows(data);
        Assert.HasCount(73, rows);
        Assert.AreEqual(73, data.GetRowCount());
        for (int row = 0; row < rows.Length; row++)
            AssertRow(rows[row], row < 3 ? row : 100 + row - 3, 10);
    }

    [TestMethod]
    public void Train_and_test_are_different_files()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["data_batch_1.bin"], Batch10(4));
        File.WriteAllBytes(folder["test_batch.bin"], Batch10(2));
        Assert.AreEqual(4, Load10(folder).GetRowCount());
        Assert.AreEqual(2, new MLContext().Data.LoadCifar10(folder.Path, DatasetSplit.Test).GetRowCount());
    }

    [TestMethod]
    public void The_archives_own_folder_is_found()
    {
        using var folder = new TemporaryFolder();
        string inner = Directory.CreateDirectory(folder["cifar-10-batches-bin"]).FullName;
        File.WriteAllBytes(Path.Combine(inner, "data_batch_1.bin"), Batch10(4));
        Assert.AreEqual(4, Load10(folder).GetRowCount());
    }

    [TestMethod]
    public void Class_names_come_from_the_file_beside_the_batches()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["data_batch_1.bin"], Batch10(12));
        Assert.AreEqual("truck", Rows(Load10(folder))[9].ClassName);
        File.WriteAllText(folder["batches.meta.txt"], "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n\n");
        CollectionAssert.AreEqual("a b c d e f g h i j a b".Split(), Rows(Load10(folder)).Select(row => row.ClassName).ToArray());
        File.WriteAllText(folder["batches.meta.txt"], "a\nb\n");
        AssertBroken(() => Load10(folder), "batches.meta.txt", "names 2 classes", "10");
    }

    [TestMethod]
    public void Names_can_be_the_label_of_a_pipeline()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["data_batch_1.bin"], Batch10(12));
        var context = new MLContext();
        var data = Load10(folder);
        var keys = context.Transforms.Conversion.MapValueToKey("Label", "ClassName").Append(context.Transforms.Conversion.MapKeyToValue("Name", "Label")).Fit(data).Transform(data);
        Assert.AreEqual("ship", keys.GetColumn<string>("Name").ElementAt(8));
    }

    [TestMethod]
    [DataRow(0, DisplayName = "empty")]
    [DataRow(1, DisplayName = "only a label")]
    [DataRow(Record10 - 1, DisplayName = "one byte short of the first")]
    [DataRow((5 * Record10) - 1, DisplayName = "one byte short of the last")]
    [DataRow((4 * Record10) + 1, DisplayName = "one byte after the fourth")]
    public void A_batch_that_is_no_whole_number_of_records_is_refused(int length)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["data_batch_1.bin"], Batch10(5));
        File.WriteAllBytes(folder["data_batch_2.bin"], Batch10(5)[..length]);
        AssertBroken(() => Load10(folder), "data_batch_2.bin", $"{length:N0} bytes", "3,073");
        File.WriteAllBytes(folder["data_batch_2.bin"], Zip(Batch10(5)[..length]));
        AssertBroken(() => Load10(folder), "data_batch_2.bin", "wanted");
    }

    [TestMethod]
    public void A_gzip_cut_anywhere_is_refused()
    {
        byte[] zipped = Zip(Batch10(9));
        for (int length = 2; length < zipped.Length; length += Math.Max(1, Math.Min(97, zipped.Length - length - 12)))
        {
            using var folder = new TemporaryFolder();
            File.WriteAllBytes(folder["data_batch_1.bin.gz"], zipped[..length]);
            AssertBroken(() => Load10(folder), "data_batch_1.bin.gz", "wanted");
        }
    }

    [TestMethod]
    public void A_label_out_of_range_is_refused_with_its_image()
    {
        using var folder = new TemporaryFolder();
        byte[] batch = Batch10(5);
        batch[3 * Record10] = 10;
        File.WriteAllBytes(folder["data_batch_1.bin"], batch);
        AssertBroken(() => Load10(folder), "data_batch_1.bin", "image 3", "label 10", "0 to 9");
    }

    [TestMethod]
    public void Missing_folders_files_and_splits_are_named()
    {
        using var folder = new TemporaryFolder();
        StringAssert.Contains(Assert.ThrowsExactly<DirectoryNotFoundException>(() => new MLContext().Data.LoadCifar10(folder["nowhere"])).Message, "nowhere");
        StringAssert.Contains(Assert.ThrowsExactly<FileNotFoundException>(() => Load10(folder)).Message, "data_batch_1.bin");
        StringAssert.Contains(Assert.ThrowsExactly<FileNotFoundException>(() => new MLContext().Data.LoadCifar100(folder.Path, DatasetSplit.Test)).Message, "test.bin");
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new MLContext().Data.LoadCifar10(folder.Path, (DatasetSplit)7));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new MLContext().Data.LoadCifar100(folder.Path, labels: (Cifar100Labels)7));
    }

    [TestMethod]
    public void The_hundred_have_fine_and_coarse_labels()
    {
        using var folder = new TemporaryFolder();
        byte[] records = [.. Enumerable.Range(0, 120).SelectMany(row => (byte[])[(byte)(row % 20), (byte)(row % 100), .. Pixels(row)])];
        File.WriteAllBytes(folder["train.bin.gz"], Zip(records));
        var fine = Rows(new MLContext().Data.LoadCifar100(folder.Path));
        var coarse = Rows(new MLContext().Data.LoadCifar100(folder.Path, labels: Cifar100Labels.Coarse));
        for (int row = 0; row < 120; row++)
        {
            AssertRow(fine[row], row, 100);
            AssertRow(coarse[row], row, 20);
        }
        Assert.AreEqual("worm", fine[99].ClassName);
        Assert.AreEqual("vehicles_2", coarse[19].ClassName);
        File.WriteAllText(folder["coarse_label_names.txt"], string.Join('\n', Enumerable.Range(0, 20).Select(i => $"group {i}")));
        Assert.AreEqual("group 7", Rows(new MLContext().Data.LoadCifar100(folder.Path, labels: Cifar100Labels.Coarse))[7].ClassName);

        records[(5 * Record100) + 1] = 100;
        File.WriteAllBytes(folder["train.bin.gz"], Zip(records));
        AssertBroken(() => new MLContext().Data.LoadCifar100(folder.Path, labels: Cifar100Labels.Coarse), "train.bin.gz", "image 5", "fine label 100", "0 to 99");
        records[5 * Record100] = 20;
        File.WriteAllBytes(folder["train.bin.gz"], Zip(records));
        AssertBroken(() => new MLContext().Data.LoadCifar100(folder.Path), "coarse label 20", "0 to 19");
    }

    [TestMethod]
    public void Parallel_and_shuffled_cursors_give_every_row_once()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["data_batch_1.bin"], Batch10(200));
        var data = Load10(folder);
        Assert.IsTrue(data.CanShuffle);
        var cursors = data.GetRowCursorSet(data.Schema, 3, new Random(5));
        var seen = new System.Collections.Concurrent.ConcurrentBag<string>();
        System.Threading.Tasks.Parallel.ForEach(cursors, cursor =>
        {
            using (cursor)
            {
                VBuffer<float> pixels = default;
                uint label = 0;
                var getPixels = cursor.GetGetter<VBuffer<float>>(data.Schema["Pixels"]);
                var getLabel = cursor.GetGetter<uint>(data.Schema["Label"]);
                while (cursor.MoveNext())
                {
                    getPixels(ref pixels);
                    getLabel(ref label);
                    seen.Add($"{label} {string.Join(' ', pixels.GetValues().ToArray().Take(40))}");
                }
            }
        });
        var expected = Enumerable.Range(0, 200).Select(row => $"{row % 10} {string.Join(' ', Pixels(row).Take(40).Select(value => value / 255f))}");
        CollectionAssert.AreEquivalent(expected.ToArray(), seen.ToArray());
        CollectionAssert.AreNotEqual(Rows(data).Select(row => row.Label).ToArray(), Rows(new MLContext(3).Data.ShuffleRows(data)).Select(row => row.Label).ToArray());
    }

    static IDataView Load10(TemporaryFolder folder) => new MLContext().Data.LoadCifar10(folder.Path);

    static Row[] Rows(IDataView data) => [.. new MLContext().Data.CreateEnumerable<Row>(data, reuseRowObject: false)];

    static void AssertRow(Row row, int index, int classes)
    {
        Assert.AreEqual((uint)(index % classes), row.Label);
        CollectionAssert.AreEqual(Pixels(index).Select(value => value / 255f).ToArray(), row.Pixels);
    }

    static void AssertBroken(Action load, params string[] parts)
    {
        var failure = Assert.ThrowsExactly<InvalidDataException>(load);
        foreach (string part in parts)
            StringAssert.Contains(failure.Message, part);
    }

    static byte[] Batch10(int count, int first = 0) =>
        [.. Enumerable.Range(first, count).SelectMany(row => (byte[])[(byte)(row % 10), .. Pixels(row)])];

    static byte[] Pixels(int row) => [.. Enumerable.Range(0, Image).Select(i => (byte)((row * 37) + (i * 5) + (i * i % 11)))];

    internal static byte[] Zip(byte[] bytes)
    {
        using var target = new MemoryStream();
        using (var zip = new GZipStream(target, CompressionLevel.Fastest))
            zip.Write(bytes);
        return target.ToArray();
    }
}
