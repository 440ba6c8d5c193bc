using System.Globalization;
using System.Text.RegularExpressions;
using MLNet.Pruning.Tests.Samples;

namespace MLNet.Pruning.Tests;

[TestClass]
public sealed partial class WithoutTorchSharpTests
{
    [TestMethod]
    public void Scoring_knows_ML_NET_and_plans_and_the_abstractions_of_services_and_nothing_else()
    {
        string[] ours = [.. typeof(PrunedModelTransformer).Assembly.GetReferencedAssemblies().Select(name => name.Name!).Where(name =>
            !name.StartsWith("System", StringComparison.Ordinal) && !name.StartsWith("Microsoft.ML", StringComparison.Ordinal))];
        CollectionAssert.AreEquivalent((string[])["MLNet.Pruning.Plans", "Microsoft.Extensions.DependencyInjection.Abstractions", "Microsoft.Extensions.Logging.Abstractions"], ours);
        Assert.IsFalse(File.Exists(Path.Combine(AppContext.BaseDirectory, "TorchSharp.dll")));
    }

    [TestMethod]
    public void A_program_that_only_scores_takes_little_memory()
    {
        using var folder = new TemporaryFolder();
        byte[] pixels = [.. Enumerable.Range(0, 64).Select(i => (byte)(i / 8 % 2 * 255))];
        File.WriteAllBytes(folder["across.pgm"], [.. "P5 8 8 255 "u8, .. pixels]);
        var run = SampleRun.Of("Scoring", Path.Combine(AppContext.BaseDirectory, "Models", "vit.zip"), folder["across.pgm"]);
        Assert.AreEqual(0, run.ExitCode, run.Error);
        var line = Line().Match(run.Output);
        Assert.IsTrue(line.Success, run.Output);
        Assert.AreEqual("1", line.Groups["label"].Value);
        Assert.IsLessThan(90, int.Parse(line.Groups["memory"].Value, CultureInfo.InvariantCulture));
    }

    [TestMethod]
    public void A_file_that_is_no_model_is_told_in_one_line()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["image.pgm"], "P5 8 8 255 ");
        var run = SampleRun.Of("Scoring", Path.Combine(AppContext.BaseDirectory, "Models", "vit.zip"), folder["image.pgm"]);
        Assert.AreEqual(1, run.ExitCode);
        Assert.AreEqual(1, run.Error.TrimEnd().Split('\n').Length, run.Error);
    }

    [GeneratedRegex(@"^(?<label>\d+): .*, (?<memory>\d+) MB of memory")]
    private static partial Regex Line();
}
