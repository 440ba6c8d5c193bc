using System.Buffers.Binary;
using System.IO.Compression;
using Microsoft.ML;

namespace MLNet.Pruning.Tests;

[TestClass]
public sealed class LoadMnistTests
{
    const string Images = "train-images-idx3-ubyte";
    const string Labels = "train-labels-idx1-ubyte";

    [TestMethod]
    public void Plain_files_give_their_labels_and_pixels()
    {
        using var folder = Folder(images: 70);
        AssertRows(Load(folder), 70);
    }

    [TestMethod]
    public void Gzipped_files_are_read_whatever_their_name()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder[Images + ".gz"], Zip(ImageFile(70)));
        File.WriteAllBytes(folder[Labels], Zip(LabelFile(70)));
        AssertRows(Load(folder), 70);
    }

    [TestMethod]
    public void Names_with_a_dot_are_found_too()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["t10k-images.idx3-ubyte"], ImageFile(3));
        File.WriteAllBytes(folder["t10k-labels.idx1-ubyte"], LabelFile(3));
        AssertRows(new MLContext().Data.LoadMnist(folder.Path, DatasetSplit.Test), 3);
    }

    [TestMethod]
    public void Train_and_test_are_different_files()
    {
        using var folder = Folder(images: 4);
        File.WriteAllBytes(folder["t10k-images-idx3-ubyte"], ImageFile(2));
        File.WriteAllBytes(folder["t10k-labels-idx1-ubyte"], LabelFile(2));
        Assert.AreEqual(4, new MLContext().Data.LoadMnist(folder.Path, DatasetSplit.Train).GetRowCount());
        Assert.AreEqual(2, new MLContext().Data.LoadMnist(folder.Path, DatasetSplit.Test).GetRowCount());
    }

    [TestMethod]
    public void A_missing_folder_or_file_is_named()
    {
        using var folder = new TemporaryFolder();
        StringAssert.Contains(Assert.ThrowsExactly<DirectoryNotFoundException>(() => new MLContext().Data.LoadMnist(folder["nowhere"])).Message, "nowhere");
        File.WriteAllBytes(folder[Images], ImageFile(1));
        StringAssert.Contains(Assert.ThrowsExactly<FileNotFoundException>(() => Load(folder)).Message, Labels);
    }

    [TestMethod]
    [DataRow(0, DisplayName = "empty")]
    [DataRow(3, DisplayName = "inside the magic number")]
    [DataRow(11, DisplayName = "inside the dimensions")]
    [DataRow(16, DisplayName = "before the first image")]
    [DataRow(16 + (784 * 69) + 783, DisplayName = "one byte short")]
    public void A_file_cut_short_is_refused_plain_and_zipped(int length)
    {
        using var folder = Folder(images: 70);
        File.WriteAllBytes(folder[Images], ImageFile(70)[..length]);
        AssertBroken(folder, Images, "wanted");
        File.WriteAllBytes(folder[Images], Zip(ImageFile(70)[..length]));
        AssertBroken(folder, Images, "wanted");
    }

    [TestMethod]
    public void A_gzip_cut_anywhere_is_refused()
    {
        byte[] zipped = Zip(ImageFile(70));
        for (int length = 2; length < zipped.Length; length += Math.Max(1, Math.Min(97, zipped.Length - length - 12)))
        {
            using var folder = Folder(images: 70);
            File.WriteAllBytes(folder[Images], zipped[..length]);
            AssertBroken(folder, Images, "wanted");
        }
    }

    [TestMethod]
    public void A_gzip_with_a_flipped_bit_is_refused()
    {
        byte[] zipped = Zip(ImageFile(70));
        for (int position = 20; position < zipped.Length; position += 211)
        {
            using var folder = Folder(images: 70);
            byte[] damaged = [.. zipped];
            damaged[position] ^= 0x10;
            File.WriteAllBytes(folder[Images], damaged);
            AssertBroken(folder, Images, "wanted");
        }
    }

    [TestMethod]
    public void Bytes_after_the_end_are_refused()
    {
        using var folder = Folder(images: 5);
        File.WriteAllBytes(folder[Images], [.. ImageFile(5), 1]);
        AssertBroken(folder, Images, "3,921", "3,920 (5 x 28 x 28)");
        File.WriteAllBytes(folder[Images], Zip([.. ImageFile(5), 1]));
        AssertBroken(folder, Images, "goes on after 3,920 bytes", "5 x 28 x 28");
    }

    [TestMethod]
    public void A_header_that_announces_more_than_fits_is_refused_without_reserving_it()
    {
        using var folder = Folder(images: 5);
        long before = GC.GetTotalAllocatedBytes(precise: true);
        File.WriteAllBytes(folder[Images], Header(3, int.MaxValue, int.MaxValue, int.MaxValue));
        AssertBroken(folder, Images, "2,147,483,647 x 2,147,483,647 x 2,147,483,647");
        File.WriteAllBytes(folder[Images], Zip([.. Header(3, 2_000_000, 28, 28), 1, 2, 3]));
        AssertBroken(folder, Images, "holds 3 bytes", "1,568,000,000");
        Assert.IsLessThan(100_000_000, GC.GetTotalAllocatedBytes(precise: true) - before);
    }

    [TestMethod]
    public void A_negative_or_zero_dimension_is_refused()
    {
        using var folder = Folder(images: 5);
        File.WriteAllBytes(folder[Images], Header(3, -1, 28, 28));
        AssertBroken(folder, Images, "dimension 1 of 3", "4,294,967,295");
        File.WriteAllBytes(folder[Images], Header(3, 5, 0, 28));
        AssertBroken(folder, Images, "dimension 2 of 3");
    }

    [TestMethod]
    public void Another_kind_of_file_is_refused()
    {
        using var folder = Folder(images: 5);
        File.WriteAllText(folder[Images], "<html>Not found</html>");
        AssertBroken(folder, Images, "0x3C68746D", "0x00000803");
        File.WriteAllBytes(folder[Images], LabelFile(5));
        AssertBroken(folder, Images, "0x00000801", "0x00000803");
    }

    [TestMethod]
    public void Images_of_another_size_are_refused()
    {
        using var folder = Folder(images: 5);
        File.WriteAllBytes(folder[Images], [.. Header(3, 5, 32, 32), .. new byte[5 * 32 * 32]]);
        AssertBroken(folder, Images, "32 x 32", "28 x 28");
    }

    [TestMethod]
    public void More_images_than_labels_are_refused()
    {
        using var folder = Folder(images: 5);
        File.WriteAllBytes(folder[Labels], LabelFile(4));
        AssertBroken(folder, Images, "5 images", "4", Labels);
    }

    [TestMethod]
    public void A_label_above_9_is_refused()
    {
        using var folder = Folder(images: 5);
        File.WriteAllBytes(folder[Labels], [.. Header(1, 5), 0, 9, 10, 3, 4]);
        AssertBroken(folder, Labels, "image 2", "label 10", "0 to 9");
    }

    static IDataView Load(TemporaryFolder folder) => new MLContext().Data.LoadMnist(folder.Path);

    static void AssertRows(IDataView data, int count)
    {
        var (labels, pixels) = SynthesizeDigitsTests.Read(data);
        Assert.HasCount(count, labels);
        for (int row = 0; row < count; row++)
        {
            Assert.AreEqual((uint)(row % 10), labels[row]);
            for (int i = 0; i < 784; i++)
                Assert.AreEqual(Pixel(row, i) / 255f, pixels[row][i]);
        }
    }

    static void AssertBroken(TemporaryFolder folder, string file, params string[] parts)
    {
        var failure = Assert.ThrowsExactly<InvalidDataException>(() => Load(folder));
        StringAssert.Contains(failure.Message, file);
        foreach (string part in parts)
            StringAssert.Contains(failure.Message, part);
    }

    static TemporaryFolder Folder(int images)
    {
        var folder = new TemporaryFolder();
        File.WriteAllBytes(folder[Images], ImageFile(images));
        File.WriteAllBytes(folder[Labels], LabelFile(images));
        return folder;
    }

    static byte Pixel(int row, int i) => (byte)((row * 31) + (i * 7) + (i * i % 13));

    static byte[] ImageFile(int count) =>
        [.. Header(3, count, 28, 28), .. Enumerable.Range(0, count * 784).Select(i => Pixel(i / 784, i % 784))];

    static byte[] LabelFile(int count) => [.. Header(1, count), .. Enumerable.Range(0, count).Select(i => (byte)(i % 10))];

    static byte[] Header(byte rank, params int[] dimensions)
    {
        var header = new byte[4 + (4 * dimensions.Length)];
        header[2] = 0x08;
        header[3] = rank;
        for (int i = 0; i < dimensions.Length; i++)
            BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4 + (4 * i)), dimensions[i]);
        return header;
    }

    static byte[] Zip(byte[] bytes)
    {
        using var target = new MemoryStream();
        using (var zip = new GZipStream(target, CompressionLevel.Fastest))
            zip.Write(bytes);
        return target.ToArray();
    }
}
