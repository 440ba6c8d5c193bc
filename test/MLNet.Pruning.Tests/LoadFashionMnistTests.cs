using Microsoft.ML;
using Microsoft.ML.Data;

namespace MLNet.Pruning.Tests;

[TestClass]
public sealed class LoadFashionMnistTests
{
    [TestMethod]
    public void Images_come_with_the_names_of_their_classes()
    {
        using var folder = new TemporaryFolder();
        byte[] pixels = [.. Enumerable.Range(0, 3 * 784).Select(i => (byte)(i * 11))];
        File.WriteAllBytes(folder["t10k-images-idx3-ubyte.gz"], LoadCifarTests.Zip([0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 28, 0, 0, 0, 28, .. pixels]));
        File.WriteAllBytes(folder["t10k-labels-idx1-ubyte"], [0, 0, 8, 1, 0, 0, 0, 3, 9, 0, 5]);
        var data = new MLContext().Data.LoadFashionMnist(folder.Path, DatasetSplit.Test);
        CollectionAssert.AreEqual((string[])["Ankle boot", "T-shirt/top", "Sandal"], data.GetColumn<string>("ClassName").ToArray());
        CollectionAssert.AreEqual((uint[])[9, 0, 5], data.GetColumn<uint>("Label").ToArray());
        CollectionAssert.AreEqual(pixels.Select(value => value / 255f).ToArray(), data.GetColumn<float[]>("Pixels").SelectMany(image => image).ToArray());
    }

    [TestMethod]
    public void A_missing_folder_is_named_with_the_data_set()
    {
        var failure = Assert.ThrowsExactly<DirectoryNotFoundException>(() => new MLContext().Data.LoadFashionMnist("/nowhere-at-all"));
        StringAssert.Contains(failure.Message, "Fashion-MNIST");
    }
}
