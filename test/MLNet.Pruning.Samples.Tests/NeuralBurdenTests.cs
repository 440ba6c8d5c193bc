namespace MLNet.Pruning.Tests.Samples;

[TestClass]
public sealed class NeuralBurdenTests
{
    readonly string folder = Directory.CreateTempSubdirectory("mlprune-samples").FullName;

    [TestCleanup]
    public void Clean() => Directory.Delete(folder, true);

    [TestMethod]
    public void The_digits_study_prunes_at_every_sparsity_and_trains_from_scratch_at_one()
    {
        string[] arguments = ["mnist", "--rows", "600", "--epochs", "2", "--seeds", "1", "--sparsity", "0", "0.5", "--study", "0.9", "--output", folder];
        var run = SampleRun.Of("NeuralBurden", arguments);
        Assert.AreEqual(0, run.ExitCode, run.Error);
        foreach (var text in new[] { "accuracy with merging", "90 %", "optimal", "random" })
            StringAssert.Contains(run.Output, text);
        var result = BurdenResult.FromJson(File.ReadAllText(Path.Combine(folder, "mnist.json")));
        Assert.HasCount(6, result.Runs);
        Assert.IsTrue(result.Runs.All(r => Math.Abs(r.Masks!.Sparsity - 0.9) < 0.001 && r.Accuracy is > 0 and <= 1 && r.Costs.Count == r.Masks.Masks.Count));
        Assert.IsFalse(result.Runs[0].Masks!.Masks.Any(m => m.Name.StartsWith("logits", StringComparison.Ordinal)));
        // Merged or not: dense, at 50 %, and three at 90 %, of two epochs each.
        Assert.HasCount(1 + 2 * 5 * 2, File.ReadAllLines(Path.Combine(folder, "mnist.csv")));
        foreach (var name in new[] { "mnist-sparsity.svg", "mnist-gradients.svg", "mnist-weights-merged.svg" })
            StringAssert.StartsWith(File.ReadAllText(Path.Combine(folder, name)), "<svg");
        StringAssert.Contains(File.ReadAllText(Path.Combine(folder, "mnist.html")), "from the same first weights");

        var again = SampleRun.Of("NeuralBurden", arguments);
        Assert.AreEqual(0, again.ExitCode, again.Error);
        Assert.AreEqual(Tables(run.Output), Tables(again.Output), "finished trainings are read, not repeated");

        static string Tables(string output) => output[output.IndexOf("Test accuracy", StringComparison.Ordinal)..];
    }

    [TestMethod]
    [DataRow("Trainings at 80 %", "0", "0.5", "0.8")]
    [DataRow("Trainings at 90 %", "0.9", "0.95")]
    public void Trainings_from_scratch_stand_at_a_sparsity_that_is_asked_for(string title, params string[] sparsities)
    {
        var run = SampleRun.Of("NeuralBurden", ["mnist", "--rows", "300", "--epochs", "1", "--seeds", "1", "--merging", "with", "--sparsity", .. sparsities, "--output", folder]);
        Assert.AreEqual(0, run.ExitCode, run.Error);
        StringAssert.Contains(run.Output, title);
        Assert.HasCount(1 + sparsities.Length + 2, File.ReadAllLines(Path.Combine(folder, "mnist.csv")));
    }

    [TestMethod]
    public void A_dense_network_teaches_the_pruned_one_and_finished_trainings_are_not_repeated()
    {
        string[] arguments = ["distill", "--rows", "300", "--hold-out", "100", "--epochs", "1", "--seeds", "2", "--merging", "with", "--output", folder];
        var run = SampleRun.Of("NeuralBurden", arguments);
        Assert.AreEqual(0, run.ExitCode, run.Error);
        foreach (var text in new[] { "200 digits to learn from, 100 to test on", "dense, the teacher", "pruned, by labels and teacher", "The teacher gives back" })
            StringAssert.Contains(run.Output, text);
        Assert.HasCount(6, Directory.GetFiles(folder, "*.checkpoint"));
        var again = SampleRun.Of("NeuralBurden", arguments);
        Assert.AreEqual(run.Output, again.Output, "finished trainings are read, not repeated: even their times are the same");
    }

    [TestMethod]
    [DataRow("error: There is no folder with the data", "cifar10")]
    [DataRow("error: A sparsity is 1", "mnist", "--sparsity", "1")]
    [DataRow("error: ", "mnist", "--epochs", "0")]
    public void A_wrong_argument_is_told_in_one_line(string message, params string[] arguments)
    {
        var run = SampleRun.Of("NeuralBurden", [.. arguments, "--output", folder]);
        Assert.AreEqual(1, run.ExitCode);
        StringAssert.StartsWith(run.Error, message);
        Assert.AreEqual(1, run.Error.TrimEnd().Split('\n').Length);
    }
}
