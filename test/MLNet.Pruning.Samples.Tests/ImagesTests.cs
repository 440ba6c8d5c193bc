using Microsoft.ML;

namespace MLNet.Pruning.Tests.Samples;

[TestClass]
public sealed class ImagesTests
{
    readonly string folder = Directory.CreateTempSubdirectory("mlprune-images").FullName;

    [TestCleanup]
    public void Clean() => Directory.Delete(folder, true);

    [TestMethod]
    public void A_folder_of_pictures_becomes_a_pruned_model()
    {
        string pictures = Path.Combine(folder, "pictures"), model = Path.Combine(folder, "model.zip");
        WebApiTests.Draw(pictures, 120);
        var run = SampleRun.Of("Images", pictures, model);
        Assert.AreEqual(0, run.ExitCode, run.Error);
        double accuracy = double.Parse(run.Output.Split("test accuracy ")[1].Split('%')[0], System.Globalization.CultureInfo.InvariantCulture);
        Assert.IsGreaterThan(80, accuracy, run.Output);
        StringAssert.Contains(run.Output, $"the model is in {model}");
        Assert.IsNotNull(new MLContext().UsePruning().Model.Load(model, out _));
    }

    [TestMethod]
    public void A_folder_without_classes_is_told_in_one_line()
    {
        var run = SampleRun.Of("Images", folder);
        Assert.AreEqual(1, run.ExitCode);
        StringAssert.Contains(run.Error, "has no pictures; wanted a folder for each class");
        Assert.AreEqual(1, run.Error.TrimEnd().Split('\n').Length, run.Error);
    }
}
