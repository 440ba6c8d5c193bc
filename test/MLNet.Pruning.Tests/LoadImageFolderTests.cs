using Microsoft.ML;
using Microsoft.ML.Data;

namespace MLNet.Pruning.Tests;

[TestClass]
public sealed class LoadImageFolderTests
{
    // Two points of black and white, as small as the formats allow.
    const string Gif = "R0lGODlhAgABAIAAAAAAAP///ywAAAAAAgABAAACAkwKADs=";

    static readonly byte[] bitmap = [(byte)'B', (byte)'M', 58, 0, 0, 0, 0, 0, 0, 0, 54, 0, 0, 0, 40, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 24, 0, 0, 0, 0, 0, 4, 0, 0, 0, .. new byte[16], 9, 8, 7, 0];

    readonly MLContext context = new(seed: 1);
    readonly TemporaryFolder folder = new();

    [TestCleanup]
    public void Clean() => folder.Dispose();

    string Add(string name, byte[] content)
    {
        string path = folder[name];
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, content);
        return path;
    }

    static byte[] Png(int seed = 1, int channels = 3) => PicturesTests.Make(6, 5, channels, seed).ToPng();

    [TestMethod]
    public void Rows_are_in_the_order_of_labels_and_paths_whatever_the_format()
    {
        string[] expected =
        [
            Add("bird/1.gif", Convert.FromBase64String(Gif)),
            Add("bird/2.BMP", bitmap),
            Add("cat/a.jpeg", SmallJpegs.Of(nameof(SmallJpegs.Sequential))),
            Add("cat/b.jpg", SmallJpegs.Of(nameof(SmallJpegs.Sequential))),
            Add("cat/more/0.png", Png()),
            Add("dog/grey.png", Png(channels: 1)),
        ];
        Add("cat/notes.txt", [1]);
        Add("cat/._b.jpg", [1]);
        Add(".git/x.png", [1]);
        var data = context.Data.LoadImageFolder(folder.Path);
        CollectionAssert.AreEqual((string[])["ImagePath", "Label"], data.Schema.Select(column => column.Name).ToArray());
        CollectionAssert.AreEqual(expected, data.GetColumn<string>("ImagePath").ToArray());
        CollectionAssert.AreEqual((string[])["bird", "bird", "cat", "cat", "cat", "dog"], data.GetColumn<string>("Label").ToArray());
        Assert.AreEqual(6, data.GetRowCount());

        var pixels = context.Transforms.LoadImages("Image", null, "ImagePath").Append(context.Transforms.ResizeImages("Image", 4, 4))
            .Append(context.Transforms.ExtractPixels("Pixels", "Image")).Fit(data).Transform(data);
        Assert.IsTrue(pixels.GetColumn<float[]>("Pixels").All(row => row.Length == 48));
    }

    [TestMethod]
    public void A_list_of_paths_in_a_file_goes_through_the_same_steps()
    {
        for (int i = 0; i < 9; i++)
            Add($"{i}.png", Png(i));
        File.WriteAllLines(folder["list.csv"], ["path,kind", .. Enumerable.Range(0, 9).Select(i => $"{i}.png,{(i % 2 == 0 ? "even" : "odd")}")]);
        var rows = context.Data.LoadFromTextFile<Listed>(folder["list.csv"], separatorChar: ',', hasHeader: true);
        var model = context.Transforms.LoadImages("Image", folder.Path, "ImagePath").Append(context.Transforms.ResizeImages("Image", 8, 8))
            .Append(context.Transforms.ExtractPixels("Pixels", "Image")).Append(context.Transforms.Conversion.MapValueToKey("Label"))
            .Append(context.MulticlassClassification.Trainers.PrunedConvNet(new() { FeatureColumnName = "Pixels", Channels = [2], HiddenSizes = [], Epochs = 1 })).Fit(rows);
        Assert.AreEqual(9, model.Transform(rows).GetColumn<float[]>("Score").Count());
    }

    [TestMethod]
    public void What_is_no_such_folder_is_told_in_one_message()
    {
        StringAssert.Contains(Assert.Throws<DirectoryNotFoundException>(() => context.Data.LoadImageFolder(folder["nowhere"])).Message, "nowhere");
        Refused("has no pictures; wanted a folder for each class");
        Add("notes/readme.txt", [1]);
        Refused("has no pictures; wanted a folder for each class");
        Add("a.png", Png());
        Refused("has 1 pictures, but no folders of classes");
        Add("cat/a.png", Png());
        Refused($"Class folder '{folder["notes"]}' has no pictures");
    }

    [TestMethod]
    public void The_first_file_that_is_no_picture_is_named()
    {
        Add("a/good.png", Png());
        string cut = Add("b/cut.png", Png()[..^20]);
        string empty = Add("c/empty.jpg", []);
        string text = Add("d/text.gif", [1, 2, 3]);
        Refused($"'{cut}'");
        File.Delete(cut);
        Add("b/whole.png", Png());
        Refused($"'{empty}' is empty");
        File.WriteAllBytes(empty, SmallJpegs.Of(nameof(SmallJpegs.Sequential))[..^30]);
        Refused($"'{empty}'", "cut short");
        File.WriteAllBytes(empty, SmallJpegs.Of(nameof(SmallJpegs.Sequential)));
        Refused($"'{text}' cannot be read as a picture");
    }

    void Refused(params string[] parts)
    {
        string message = Assert.Throws<InvalidDataException>(() => context.Data.LoadImageFolder(folder.Path)).Message;
        foreach (string part in parts)
            StringAssert.Contains(message, part);
    }

    sealed class Listed
    {
        [LoadColumn(0)]
        public string ImagePath { get; set; } = "";

        [LoadColumn(1)]
        public string Label { get; set; } = "";
    }
}
