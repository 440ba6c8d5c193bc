using System.Globalization;

namespace MLNet.Pruning.Tests.Samples;

[TestClass]
public sealed class RankPruningTests
{
    readonly string folder = Directory.CreateTempSubdirectory("mlprune-samples").FullName;

    [TestCleanup]
    public void Clean() => Directory.Delete(folder, true);

    [TestMethod]
    public void The_digits_experiment_prunes_by_rank_and_at_random_beside_an_unpruned_run()
    {
        var run = SampleRun.Of("RankPruning", "mnist", "--rows", "3000", "--epochs", "5", "--maturity", "2", "--every", "1", "--amount", "0.2", "--seeds", "1", "--target", "0.4", "--output", folder);
        Assert.AreEqual(0, run.ExitCode, run.Error);
        StringAssert.Contains(run.Output, "0.9217@68");
        foreach (var method in new[] { "unpruned", "random", "rank" })
        {
            var history = TrainingHistory.FromJson(File.ReadAllText(Path.Combine(folder, $"mnist-{method}-1.json")));
            Assert.HasCount(5, history.Epochs);
            // 50 and 30 lose a fifth twice, then what is left to 40 %: 10 + 6, 8 + 4, 2 + 2.
            Assert.HasCount(method == "unpruned" ? 0 : 3, history.Events);
            if (method != "unpruned")
                CollectionAssert.AreEqual(new[] { 40, 24, 32, 20, 30, 18 }, history.Events.SelectMany(e => e.Groups).Select(g => g.After).ToArray());
            Assert.IsGreaterThan(0.6, history.Epochs[^1].ValidationAccuracy!.Value);
        }
        var rows = File.ReadAllLines(Path.Combine(folder, "mnist.csv"));
        Assert.HasCount(1 + 3 * 5 + 2 * 3, rows);
        Assert.IsTrue(rows.Skip(1).All(r => double.TryParse(r.Split(',')[7], CultureInfo.InvariantCulture, out var accuracy) && accuracy is > 0 and <= 1));
        StringAssert.StartsWith(File.ReadAllText(Path.Combine(folder, "mnist.svg")), "<svg");
    }

    [TestMethod]
    public void What_the_paper_compares_with_stands_beside_it()
    {
        var run = SampleRun.Of("RankPruning", "mnist", "--rows", "3000", "--epochs", "8", "--maturity", "4", "--every", "1", "--amount", "0.2", "--seeds", "1", "--target", "0.4", "--methods", "ns", "pqh", "fprl", "reinforce", "--output", folder);
        Assert.AreEqual(0, run.ExitCode, run.Error);
        var table = run.Output[run.Output.IndexOf("paper A@P", StringComparison.Ordinal)..].Split('\n').Select(l => l.Split("  ", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)).Where(l => l.Length == 5).ToDictionary(l => l[0]);
        foreach (var (method, paper, gone) in new[] { ("ns", "0.9851", "40 % of the neurons"), ("pqh", "0.9842", "% of the weights"), ("fprl", "-", "% of the multiplications"), ("reinforce", "-", "% of the multiplications") })
        {
            var line = table[method];
            Assert.AreEqual(paper, line[1]);
            foreach (var accuracy in line[2..4])
                Assert.IsGreaterThan(0.6, double.Parse(accuracy.Split('@')[0], CultureInfo.InvariantCulture), $"{method} {accuracy}");
            StringAssert.Contains(line[4], gone);
        }
        // Of 784-50-30-10, nine tenths of the first layer's weights go, and half of the others'.
        StringAssert.Contains(table["pqh"][4], "88 % of the weights");
        Assert.HasCount(3, TrainingHistory.FromJson(File.ReadAllText(Path.Combine(folder, "mnist-ns-1.json"))).Events);
    }

    [TestMethod]
    public void Settings_are_chosen_without_the_test_set_frozen_and_run_once()
    {
        var (data, settings) = (Directory.CreateDirectory(Path.Combine(folder, "data")).FullName, Path.Combine(folder, "settings", "mnist.json"));
        Digits(data, "train", 600);
        string[] places = ["--data", data, "--settings", settings, "--output", folder];
        string[] plan = ["--epochs", "4", "--validation", "200", "--seeds", "2", "--budget", "2", "--fractions", "0.5"];
        string[] methods = ["--methods", "unpruned", "random", "rank", "channel", "pqh", "ticket"];
        var tuned = SampleRun.Of("RankPruning", ["tune", "mnist", .. places, .. plan, .. methods]);
        // There is no test set yet: tuning does not read it.
        Assert.AreEqual(0, tuned.ExitCode, tuned.Error);
        Assert.HasCount(12, Directory.GetFiles(Path.Combine(folder, "tuning"), "*.json"));
        var frozen = System.Text.Json.JsonDocument.Parse(File.ReadAllText(settings)).RootElement;
        Assert.AreEqual(2, frozen.GetProperty("methods").GetProperty("rank").GetProperty("tried").GetInt32());
        var results = Directory.GetFiles(Path.Combine(folder, "tuning"), "*-rank-68-*.json").Select(Read).ToArray();
        Assert.AreEqual(results.Max(r => r.GetProperty("validationAccuracy").GetDouble()),
            frozen.GetProperty("methods").GetProperty("rank").GetProperty("validationAccuracy").GetDouble());
        Assert.IsTrue(results.All(r => r.GetProperty("testAccuracy").ValueKind == System.Text.Json.JsonValueKind.Null));

        Digits(data, "t10k", 300);
        var final = SampleRun.Of("RankPruning", ["final", "mnist", .. places]);
        Assert.AreEqual(0, final.ExitCode, final.Error);
        var files = Directory.GetFiles(Path.Combine(folder, "final"), "*.json");
        Assert.HasCount(2 * (1 + 5 * 1), files);
        foreach (var result in files.Select(Read))
        {
            var (run, pruned) = (result.GetProperty("plan"), result.GetProperty("pruned").GetDouble());
            Assert.AreEqual(run.GetProperty("fraction").GetDouble(), pruned, 0.01, run.ToString());
            Assert.IsTrue(result.GetProperty("testAccuracy").GetDouble() is > 0 and <= 1);
            Assert.IsTrue(run.GetProperty("seed").GetInt32() is 1 or 2);
        }
        Assert.HasCount(1 + files.Length, File.ReadAllLines(Path.Combine(folder, "mnist.csv")));
        StringAssert.Contains(final.Output, "0.9217 at 68 %, training");

        // A run that is gone is done again, to the same result; the others are read.
        var (path, before) = (files.Single(f => f.Contains("-rank-50-seed2", StringComparison.Ordinal)), final.Output);
        var (lost, times) = (Read(path), files.Select(File.GetLastWriteTimeUtc).ToArray());
        File.Delete(path);
        var again = SampleRun.Of("RankPruning", ["final", "mnist", .. places]);
        Assert.AreEqual(lost.GetProperty("testAccuracy").GetDouble(), Read(path).GetProperty("testAccuracy").GetDouble());
        Assert.AreEqual(before[before.IndexOf("mnist: 784", StringComparison.Ordinal)..], again.Output[again.Output.IndexOf("mnist: 784", StringComparison.Ordinal)..]);
        for (var i = 0; i < files.Length; i++)
            if (files[i] != path)
                Assert.AreEqual(times[i], File.GetLastWriteTimeUtc(files[i]), files[i]);

        static System.Text.Json.JsonElement Read(string path) => System.Text.Json.JsonDocument.Parse(File.ReadAllText(path)).RootElement;
    }

    /// <summary>Digits as MNIST's files have them: a bar at a place of its own for each class, in noise.</summary>
    static void Digits(string folder, string set, int count)
    {
        var random = new Random(count);
        using var images = new BinaryWriter(File.Create(Path.Combine(folder, $"{set}-images-idx3-ubyte")));
        using var labels = new BinaryWriter(File.Create(Path.Combine(folder, $"{set}-labels-idx1-ubyte")));
        foreach (var number in new[] { 0x803, count, 28, 28 })
            images.Write(System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(number));
        foreach (var number in new[] { 0x801, count })
            labels.Write(System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(number));
        for (var i = 0; i < count; i++)
        {
            labels.Write((byte)(i % 10));
            for (var pixel = 0; pixel < 784; pixel++)
                images.Write((byte)(random.Next(120) + (pixel / 28 / 3 == i % 10 ? 120 : 0)));
        }
    }

    [TestMethod]
    public void The_autoencoder_experiment_shows_what_each_run_reconstructs()
    {
        var run = SampleRun.Of("RankPruning", "vae", "--rows", "500", "--epochs", "3", "--maturity", "1", "--every", "1", "--target", "0.15", "--output", folder);
        Assert.AreEqual(0, run.ExitCode, run.Error);
        var picture = Picture.Load(Path.Combine(folder, "vae.png"));
        // 8 images of 28 x 28, twice as large, with gaps of 2; the images and three runs.
        Assert.AreEqual((8 * 58 - 2, 4 * 58 - 2), (picture.Width, picture.Height));
        var history = TrainingHistory.FromJson(File.ReadAllText(Path.Combine(folder, "vae-rank-1.json")));
        Assert.IsLessThan(history.ParametersAtStart, history.Epochs[^1].Parameters);
    }

    [TestMethod]
    [DataRow("error: There is no method 'nonsense'", "mnist", "--methods", "nonsense")]
    [DataRow("error: There is no method 'pqh' for the autoencoder", "vae", "--methods", "pqh")]
    [DataRow("error: There is no folder with the data", "cifar10")]
    [DataRow("error: ", "mnist", "--target", "1")]
    [DataRow("error: There is no method 'nonsense'", "tune", "mnist", "--data", "nowhere", "--methods", "nonsense")]
    [DataRow("error: There are no settings at 'nowhere.json': 'tune' writes them", "final", "mnist", "--data", "nowhere", "--settings", "nowhere.json")]
    public void A_wrong_argument_is_told_in_one_line(string message, params string[] arguments)
    {
        var run = SampleRun.Of("RankPruning", [.. arguments, "--output", folder]);
        Assert.AreEqual(1, run.ExitCode);
        StringAssert.StartsWith(run.Error, message);
        Assert.AreEqual(1, run.Error.TrimEnd().Split('\n').Length);
    }
}
