using System.Text.Json;

namespace MLNet.Pruning.Tool.Tests;

[TestClass]
public sealed class CompareTests
{
    static JsonElement[] Objects(Outcome outcome) => [.. outcome.Lines.Select(line => JsonDocument.Parse(line).RootElement)];

    static JsonElement[] Methods(Outcome outcome) => [.. Objects(outcome).Where(line => line.TryGetProperty("summary", out _))];

    [TestMethod]
    public void A_comparison_goes_on_where_it_was_stopped_and_its_differences_are_paired_by_seed()
    {
        using var shell = new Shell();
        var stopped = shell.Run("compare r.yaml --methods dense,rank --seeds 2 --json", cancelAfter: "\"run\":2");
        var outcome = shell.GoOn(stopped);
        Assert.AreEqual(0, outcome.Code, outcome.Error);
        Assert.HasCount(2, Objects(outcome).Where(line => line.TryGetProperty("state", out var state)
            && state.GetString() == "finished before"));
        var methods = Methods(outcome).ToDictionary(line => line.GetProperty("method").GetString()!, line => line.GetProperty("summary"));
        CollectionAssert.AreEqual((string[])["dense", "rank"], methods.Keys.ToArray());
        Assert.AreEqual((784 * 8) + 8 + (8 * 10) + 10, methods["dense"].GetProperty("parameters").GetDouble());
        Assert.AreEqual((784 * 6) + 6 + (6 * 10) + 10, methods["rank"].GetProperty("parameters").GetDouble());
        double[] differences = [.. Reached("rank").Zip(Reached("dense"), (own, dense) => own - dense)];
        Assert.AreEqual(differences.Average(), methods["rank"].GetProperty("difference").GetDouble(), 1e-12);
        // Of two values, the standard deviation is their distance over the square root of 2.
        Assert.AreEqual(Math.Abs(differences[0] - differences[1]) / Math.Sqrt(2),
            methods["rank"].GetProperty("differenceDeviation").GetDouble(), 1e-12);
        Assert.IsFalse(methods["dense"].TryGetProperty("difference", out _));
        string page = File.ReadAllText("r-compare/comparison.html");
        Assert.Contains("method rank, seed 2", page);
        Assert.HasCount(5, File.ReadAllLines("r-compare/results.csv"));

        static double[] Reached(string method) => [.. Enumerable.Range(1, 2).Select(seed => JsonDocument.Parse(
            File.ReadAllText($"r-compare/method-{method}_seed-{seed}/result.json")).RootElement.GetProperty("test").GetProperty("accuracy")
            .GetDouble())];
    }

    [TestMethod]
    public void Masks_found_dynamically_and_at_random_leave_out_as_many_weights()
    {
        using var shell = new Shell(Shell.Recipe.Replace(
            "{ type: NeuronPruning, schedule: { type: Stepwise, maturity: 1, every: 1, amount: 0.25, target: 0.25 } }",
            "{ type: WeightPruning, schedule: { type: Constant, fraction: 0.75 } }", StringComparison.Ordinal));
        var outcome = shell.Run("compare r.yaml --seeds 1");
        Assert.AreEqual(0, outcome.Code, outcome.Error);
        Assert.Contains("minus dense", outcome.Out);
        string[] rows = [.. outcome.Lines.SkipWhile(line => !line.StartsWith("---", StringComparison.Ordinal)).Skip(1).Take(3)];
        CollectionAssert.AreEqual((string[])["dense", "random", "dynamic"], rows.Select(row => row.Split(' ')[0]).ToArray());
        foreach (string row in rows.Skip(1))
            Assert.Contains("75.00 %", row);
    }

    [TestMethod]
    [DataRow("--methods dense,rnak", "there is no 'rnak' for NeuronPruning. Did you mean 'rank'?")]
    [DataRow("--methods dynamic", "there is no 'dynamic' for NeuronPruning")]
    [DataRow("--set trainer.pruning=null", "has no trainer.pruning")]
    [DataRow("--metric acuracy", "Did you mean 'accuracy'?")]
    [DataRow("--set data.test=null --set data.validation=null", "--set data.test=0.2")]
    public void A_mistake_is_told_before_the_first_run(string options, string message)
    {
        using var shell = new Shell();
        Assert.Contains(message, shell.Run($"compare r.yaml {options}").ErrorLine);
        Assert.IsFalse(Directory.Exists("r-compare"));
    }
}
