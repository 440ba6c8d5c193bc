using MLNet.Pruning.Samples;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Samples;

[TestClass]
public sealed class PretrainedTests
{
    static readonly float[] Mean = [0.4914f, 0.4822f, 0.4465f], Std = [0.2470f, 0.2435f, 0.2616f];

    readonly string folder = Directory.CreateTempSubdirectory("mlprune-resnet").FullName;

    [TestCleanup]
    public void Clean() => Directory.Delete(folder, true);

    [TestMethod]
    public void A_ResNet_that_PyTorch_saved_gives_the_same_logits_here()
    {
        var file = Path.Combine(folder, "resnet20.pth");
        var expected = Python.Json<Reference>("resnet.py", "random", file);
        using var scope = NewDisposeScope();
        using var off = no_grad();
        using var network = ResNet.Of20Layers(10, Mean, Std);
        var match = new PretrainedWeights(file).LoadInto(network);
        // The normalisation of pixels is no layer of the file.
        Assert.IsTrue(match.Missing.All(name => name.StartsWith("normalize.", StringComparison.Ordinal)), string.Join(", ", match.Missing));
        Assert.IsEmpty(match.Mismatched);
        network.eval();
        Near(expected.Logits, [.. network.call(tensor(expected.Pixels).view(2, 3, 32, 32)).flatten().data<float>()]);

        var traced = NetworkPlans.Trace(network, [3, 32, 32]);
        Assert.IsNull(traced.Reason);
        var scores = new float[expected.Logits.Length];
        NetworkPlans.Compile(network, [3, 32, 32], Plans.ScoringOutput.Logits).Score(expected.Pixels, scores);
        Near(expected.Logits, scores);

        using var fewer = ResNet.Of20Layers(7, Mean, Std);
        Assert.HasCount(2, new PretrainedWeights(file).LoadInto(fewer).Mismatched);
        using var other = new ResNet(10, [16, 32], 3, Mean, Std);
        Assert.Contains("layer3", Assert.ThrowsExactly<InvalidDataException>(() => new PretrainedWeights(file).LoadInto(other)).Message);
    }

    [TestMethod]
    public void The_names_of_resnet18_are_those_of_torchvision()
    {
        using var network = ResNet.Of18Layers(1000);
        var names = network.named_parameters().Select(p => p.name).ToHashSet();
        Assert.HasCount(62, names);
        Assert.AreEqual(11_689_512, network.parameters().Sum(p => p.numel()));
        foreach (string name in (string[])["conv1.weight", "bn1.bias", "layer1.0.conv1.weight", "layer2.0.downsample.0.weight", "layer4.1.bn2.weight", "fc.bias"])
            Assert.Contains(name, names);
    }

    [TestMethod]
    public void A_pretrained_network_is_pruned_saved_and_exported()
    {
        var run = SampleRun.Of("Pretrained", "--rows", "400", "--epochs", "4");
        Assert.AreEqual(0, run.ExitCode, run.Error);
        Assert.Contains("scored by a plan: yes", run.Output);
        var parameters = run.Output.Split('\n').First(line => line.StartsWith("parameters", StringComparison.Ordinal)).Split(' ');
        Assert.IsLessThan(0.5 * Count(parameters[1]), Count(parameters[3]));
        var accuracies = run.Output.Split('\n').Where(line => line.Contains("test accuracy", StringComparison.Ordinal)).Select(line => line.Split("accuracy")[1]).ToArray();
        Assert.HasCount(2, accuracies);
        Assert.AreEqual(accuracies[0], accuracies[1]);
        Assert.Contains("exported", run.Output);

        static double Count(string text) => double.Parse(text, System.Globalization.NumberStyles.AllowThousands, System.Globalization.CultureInfo.InvariantCulture);
    }

    static void Near(double[] expected, float[] found)
    {
        Assert.HasCount(expected.Length, found);
        for (int i = 0; i < found.Length; i++)
            Assert.AreEqual(expected[i], found[i], 1e-5);
    }

    sealed record Reference(float[] Pixels, double[] Logits);
}
