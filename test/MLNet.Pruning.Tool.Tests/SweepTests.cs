using System.Text.Json;

namespace MLNet.Pruning.Tool.Tests;

[TestClass]
public sealed class SweepTests
{
    const string FourRuns = "sweep r.yaml --vary trainer.epochs=1,2 --vary trainer.learningRate=0.001,0.01";

    /// <summary>The rows of a sweep that nothing has stopped.</summary>
    static readonly Lazy<string[]> whole = new(() =>
    {
        using var shell = new Shell();
        Assert.AreEqual(0, shell.Run(FourRuns).Code);
        return Rows("r-sweep");
    });

    static string[] Finished(string folder) => [.. Directory.EnumerateFiles(folder, "result.json", SearchOption.AllDirectories)
        .Select(file => $"{Path.GetFileName(Path.GetDirectoryName(file))}").Order(StringComparer.Ordinal)];

    static JsonElement[] Objects(Outcome outcome) => [.. outcome.Lines.Select(line => JsonDocument.Parse(line).RootElement)];

    /// <summary>The rows of the results without what differs by the machine's mood: times.</summary>
    static string[] Rows(string folder)
    {
        string[][] cells = [.. File.ReadAllLines(Path.Combine(folder, "results.csv")).Select(line => line.Split(','))];
        int[] kept = [.. cells[0].Index().Where(cell => cell.Item is not ("latency" or "rowsPerSecond" or "seconds" or "fileBytes"))
            .Select(cell => cell.Index)];
        return [.. cells.Select(row => string.Join(',', kept.Select(index => row[index])))];
    }

    [TestMethod]
    public void The_table_is_sorted_by_the_validation_rows_and_the_printed_commands_work()
    {
        using var shell = new Shell();
        var sweep = shell.Run(FourRuns);
        Assert.AreEqual(0, sweep.Code, sweep.Error);
        string[] header = File.ReadLines("r-sweep/results.csv").First().Split(',');
        int validation = Array.IndexOf(header, "validationAccuracy");
        double[] reached = [.. File.ReadLines("r-sweep/results.csv").Skip(1).Select(row => double.Parse(row.Split(',')[validation]))];
        Assert.HasCount(4, reached);
        CollectionAssert.AreEqual(reached.OrderDescending().ToArray(), reached);
        Assert.Contains("test accuracy", sweep.Out);
        string train = sweep.Lines.Single(line => line.Contains("train it again", StringComparison.Ordinal));
        var again = shell.Run(train[(train.IndexOf(" train r.yaml", StringComparison.Ordinal) + 1)..] + " --json");
        var result = Objects(again)[^1];
        Assert.AreEqual(reached[0], result.GetProperty("validationAccuracy").GetDouble(), "the same run once more");
        string model = sweep.Lines.Single(line => line.Contains("predict with it", StringComparison.Ordinal)).Split(' ')[^2];
        Assert.AreEqual(0, shell.Run($"evaluate r.yaml --model {model}").Code);
    }

    [TestMethod]
    public void A_sweep_that_was_stopped_goes_on_and_ends_like_one_that_was_not()
    {
        using var shell = new Shell();
        var stopped = shell.Run($"{FourRuns} --output cut", cancelAfter: "[3/4]");
        Assert.HasCount(2, Finished("cut"));
        var rest = shell.GoOn(stopped);
        Assert.AreEqual(0, rest.Code, rest.Error);
        Assert.HasCount(2, rest.Lines.Where(line => line.EndsWith("was finished before", StringComparison.Ordinal)));
        Assert.HasCount(4, Finished("cut"));
        CollectionAssert.AreEqual(whole.Value, Rows("cut"));
        Assert.IsEmpty(Directory.EnumerateFiles("cut", "*.checkpoint*", SearchOption.AllDirectories));
    }

    [TestMethod]
    public void A_run_that_was_cut_short_goes_on_from_its_checkpoint_unless_the_recipe_changed()
    {
        using var shell = new Shell();
        const string Sweep = "sweep r.yaml --vary trainer.epochs=3";
        string folder = Path.Combine("r-sweep", "epochs-3");
        Assert.AreEqual(130, shell.Run("train r.yaml --set trainer.epochs=3 --output cut", cancelAfter: "epoch   2/3").Code);
        Assert.IsTrue(File.Exists("cut/run.checkpoint"));
        // What a killed sweep leaves behind: what the run is, and its checkpoint.
        Assert.AreEqual(0, shell.Run(Sweep).Code);
        string row = Rows("r-sweep")[1];
        File.Delete(Path.Combine(folder, "result.json"));
        File.Copy("cut/run.checkpoint", Path.Combine(folder, "run.checkpoint"));
        var rest = shell.Run($"{Sweep} --json");
        Assert.AreEqual(row, Rows("r-sweep")[1]);
        Assert.IsFalse(File.Exists(Path.Combine(folder, "run.checkpoint")));
        Assert.AreEqual("finished", Objects(rest)[0].GetProperty("state").GetString());
        // Another recipe is another run.
        File.WriteAllText("r.yaml", Shell.Recipe.Replace("[8]", "[12]", StringComparison.Ordinal));
        Assert.AreEqual("finished", Objects(shell.Run($"{Sweep} --json"))[0].GetProperty("state").GetString());
        Assert.AreNotEqual(row, Rows("r-sweep")[1]);
        Assert.AreEqual("finished before", Objects(shell.Run($"{Sweep} --json"))[0].GetProperty("state").GetString());
    }

    [TestMethod]
    public void Shards_together_make_the_whole()
    {
        using var shell = new Shell();
        var first = shell.Run($"{FourRuns} --output parts --shard 1/3");
        CollectionAssert.AreEquivalent(new[] { 1, 4 }, Shown(first));
        Assert.Contains("2 of 4 runs are not finished", first.Out);
        CollectionAssert.AreEquivalent(new[] { 2 }, Shown(shell.Run($"{FourRuns} --output parts --shard 2/3")));
        var last = shell.Run($"{FourRuns} --output parts --shard 3/3 --json");
        Assert.AreEqual(4, Objects(last)[^1].GetProperty("finished").GetInt32());
        CollectionAssert.AreEqual(whole.Value, Rows("parts"));

        static int[] Shown(Outcome outcome) => [.. outcome.Lines.Where(line => line.StartsWith('[')).Select(line => line[1] - '0')];
    }

    [TestMethod]
    public void A_run_that_fails_is_named_and_the_others_are_done()
    {
        using var shell = new Shell();
        var sweep = shell.Run("sweep r.yaml --vary trainer.learningRate=1e30,0.01");
        Assert.AreEqual(1, sweep.Code);
        Assert.Contains("failed: learningRate 1e30: The loss became", sweep.Error);
        Assert.Contains("Best: learningRate 0.01", sweep.Out);
        Assert.Contains("1 of 2 runs is not finished.", sweep.Out);
    }

    [TestMethod]
    [DataRow("--vary trainer.epochs=1,0", "The run with epochs 0: --set trainer.epochs=0: Epochs is 0; it must be at least 1.")]
    [DataRow("--vary trainer.epoch=1,2", "PrunedFeedForward has no key 'epoch'. Did you mean 'epochs'?")]
    [DataRow("--vary trainer.epochs", "--vary trainer.epochs: wanted a key, = and its values")]
    [DataRow("--vary trainer.epochs=1,1", "'1' stands there more than once")]
    [DataRow("--vary trainer.epochs=1 --vary trainer.Epochs=2", "--vary names 'trainer.epochs' more than once")]
    [DataRow("--vary trainer.learningRate=0.1..0.2", "say how many values the range has, such as 0.1..0.2:5")]
    [DataRow("--vary trainer.learningRate=0..0.2:3log", "a range with equal factors must be above 0")]
    [DataRow("--vary trainer.epochs=1..100000", "the range has 100000 values")]
    [DataRow("--vary trainer.epochs=1,2 --shard 3/2", "--shard 3/2: wanted a part and how many there are, such as 1/4.")]
    [DataRow("--vary trainer.epochs=1,2 --by latncy", "Did you mean 'latency'?")]
    [DataRow("--vary trainer.epochs=1,2 --by accuracy", "accuracy is measured on the test rows")]
    [DataRow("--vary trainer.epochs=1,2 --set data.validation=null", "--set data.validation=0.1 takes a part")]
    [DataRow("--vary trainer.epochs=1,2 --set trainer.checkpoint.path=a", "has trainer.checkpoint")]
    public void A_mistake_is_told_before_the_first_run(string options, string message)
    {
        using var shell = new Shell();
        Assert.Contains(message, shell.Run($"sweep r.yaml {options}").ErrorLine);
        Assert.IsFalse(Directory.Exists("r-sweep"));
    }
}
