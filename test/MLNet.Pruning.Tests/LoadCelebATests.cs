using Microsoft.ML;
using Microsoft.ML.Data;

namespace MLNet.Pruning.Tests;

[TestClass]
public sealed class LoadCelebATests
{
    [TestMethod]
    public void Pictures_are_cut_to_their_middle_and_brought_to_one_size_in_the_order_of_their_names()
    {
        using var folder = new TemporaryFolder();
        PicturesTests.Make(24, 16, 3, seed: 2).SavePng(folder["b.png"]);
        PicturesTests.Make(16, 30, 1, seed: 1).SavePng(folder["a.png"]);
        File.WriteAllBytes(folder["c.JPG"], SmallJpegs.Of(nameof(SmallJpegs.Sequential)));
        File.WriteAllText(folder["readme.txt"], "no picture");
        var data = new MLContext().Data.LoadCelebA(folder.Path, size: 4);
        CollectionAssert.AreEqual((string[])["Pixels", "FileName"], data.Schema.Select(column => column.Name).ToArray());
        CollectionAssert.AreEqual((string[])["a.png", "b.png", "c.JPG"], data.GetColumn<string>("FileName").ToArray());
        var pixels = data.GetColumn<float[]>("Pixels").ToArray();
        AssertPlanes(PicturesTests.Make(16, 30, 1, seed: 1).CropCentre(16, 16).Resize(4, 4), pixels[0]);
        AssertPlanes(PicturesTests.Make(24, 16, 3, seed: 2).CropCentre(16, 16).Resize(4, 4), pixels[1]);
        AssertPlanes(Picture.Load(folder["c.JPG"]).CropCentre(12, 12).Resize(4, 4), pixels[2]);
        AssertPlanes(PicturesTests.Make(16, 30, 1, seed: 1).CropCentre(8, 8), new MLContext().Data.LoadCelebA(folder.Path, size: 8, crop: 8, limit: 1).GetColumn<float[]>("Pixels").Single());
    }

    [TestMethod]
    public void A_list_that_announces_more_pictures_than_fit_in_memory_is_refused_for_what_it_has()
    {
        using var folder = CelebA();
        File.WriteAllText(folder["list_attr_celeba.txt"], "2147483647\nSmiling\na.png 1\n");
        var failure = Assert.ThrowsExactly<InvalidDataException>(() => new MLContext().Data.LoadCelebA(folder.Path, attribute: "Smiling"));
        StringAssert.Contains(failure.Message, "has 1 pictures; wanted 2,147,483,647");
    }

    [TestMethod]
    public void Attributes_and_splits_come_from_CelebAs_lists()
    {
        using var folder = CelebA();
        var smiling = new MLContext().Data.LoadCelebA(folder.Path, size: 8, attribute: "Smiling");
        CollectionAssert.AreEqual((uint[])[1, 0, 1, 0], smiling.GetColumn<uint>("Label").ToArray());
        CollectionAssert.AreEqual((string[])["Smiling", "not Smiling", "Smiling", "not Smiling"], smiling.GetColumn<string>("ClassName").ToArray());
        var train = new MLContext().Data.LoadCelebA(folder.Path, size: 8, attribute: "Bald", split: DatasetSplit.Train);
        CollectionAssert.AreEqual((uint[])[0, 1], train.GetColumn<uint>("Label").ToArray());
        Assert.AreEqual(1, new MLContext().Data.LoadCelebA(folder.Path, size: 8, split: DatasetSplit.Test).GetRowCount());
        Assert.IsNull(new MLContext().Data.LoadCelebA(folder.Path, size: 8).Schema.GetColumnOrNull("Label"));
    }

    [TestMethod]
    public void Folders_are_classes()
    {
        using var folder = new TemporaryFolder();
        foreach (string name in (string[])["dog", "cat"])
            PicturesTests.Make(8, 8, 1).SavePng(Path.Combine(Directory.CreateDirectory(folder[name]).FullName, "1.png"));
        var data = new MLContext().Data.LoadCelebA(folder.Path, size: 8);
        CollectionAssert.AreEqual((uint[])[0, 1], data.GetColumn<uint>("Label").ToArray());
        CollectionAssert.AreEqual((string[])["cat", "dog"], data.GetColumn<string>("ClassName").ToArray());
    }

    [TestMethod]
    public void One_bad_picture_refuses_the_folder()
    {
        using var folder = CelebA();
        string path = Path.Combine(folder["img_align_celeba"], "000003.png");
        byte[] whole = File.ReadAllBytes(path);
        File.WriteAllBytes(path, whole[..^20]);
        AssertBroken(() => new MLContext().Data.LoadCelebA(folder.Path, size: 8), "000003.png", "wanted");
        File.WriteAllText(path, "nothing");
        AssertBroken(() => new MLContext().Data.LoadCelebA(folder.Path, size: 8), "000003.png", "PNG");
        PicturesTests.Make(9, 20, 1).SavePng(path);
        AssertBroken(() => new MLContext().Data.LoadCelebA(folder.Path, size: 8, crop: 10), "000003.png", "9 x 20", "10 x 10");
    }

    [TestMethod]
    public void Broken_lists_and_what_is_missing_are_named()
    {
        using var folder = CelebA();
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => new MLContext().Data.LoadCelebA(folder.Path, attribute: "Grinning")).Message, "Smiling");
        string list = File.ReadAllText(folder["list_attr_celeba.txt"]);
        File.WriteAllText(folder["list_attr_celeba.txt"], list.Replace("000002.jpg -1", "000002.jpg 2", StringComparison.Ordinal));
        AssertBroken(() => new MLContext().Data.LoadCelebA(folder.Path, attribute: "Smiling"), "list_attr_celeba.txt", "'2' in line 4");
        File.WriteAllText(folder["list_attr_celeba.txt"], list.Replace("000002.jpg -1 -1\n", "", StringComparison.Ordinal));
        AssertBroken(() => new MLContext().Data.LoadCelebA(folder.Path, attribute: "Smiling"), "has 3 pictures", "wanted 4");
        File.WriteAllText(folder["list_attr_celeba.txt"], list.Replace("000002.jpg", "000009.jpg", StringComparison.Ordinal));
        AssertBroken(() => new MLContext().Data.LoadCelebA(folder.Path, attribute: "Smiling"), "000002.png");
        File.Delete(folder["list_attr_celeba.txt"]);
        StringAssert.Contains(Assert.ThrowsExactly<FileNotFoundException>(() => new MLContext().Data.LoadCelebA(folder.Path, attribute: "Smiling")).Message, "list_attr_celeba.txt");
        StringAssert.Contains(Assert.ThrowsExactly<DirectoryNotFoundException>(() => new MLContext().Data.LoadCelebA(folder["nowhere"])).Message, "nowhere");
        using var empty = new TemporaryFolder();
        StringAssert.Contains(Assert.ThrowsExactly<FileNotFoundException>(() => new MLContext().Data.LoadCelebA(empty.Path)).Message, "no pictures");
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new MLContext().Data.LoadCelebA(folder.Path, size: 0));
    }

    static TemporaryFolder CelebA()
    {
        var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder["img_align_celeba"]);
        for (int i = 1; i <= 4; i++)
            PicturesTests.Make(12, 14, 3, i).SavePng(Path.Combine(folder["img_align_celeba"], $"00000{i}.png"));
        File.WriteAllText(folder["list_attr_celeba.txt"], "4\nSmiling Bald \n000001.jpg  1 -1\n000002.jpg -1 -1\n000003.jpg  1  1\n000004.jpg -1  1\n");
        Directory.CreateDirectory(folder["Eval"]);
        File.WriteAllText(Path.Combine(folder["Eval"], "list_eval_partition.txt"), "000001.jpg 0\n000002.jpg 1\n000003.jpg 0\n000004.jpg 2\n");
        return folder;
    }

    static void AssertPlanes(Picture expected, float[] planes)
    {
        var bytes = new byte[3 * expected.Width * expected.Height];
        expected.CopyPlanes(bytes);
        CollectionAssert.AreEqual(bytes.Select(value => value / 255f).ToArray(), planes);
    }

    static void AssertBroken(Action load, params string[] parts)
    {
        var failure = Assert.ThrowsExactly<InvalidDataException>(load);
        foreach (string part in parts)
            StringAssert.Contains(failure.Message, part);
    }
}
