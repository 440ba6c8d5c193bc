using MLNet.Pruning.Tool.Recipes;

namespace MLNet.Pruning.Tool.Tests;

[TestClass]
public sealed class GridTests
{
    [TestMethod]
    [DataRow("5,10", "5|10")]
    [DataRow("1..4", "1|2|3|4")]
    [DataRow("3..1", "3|2|1")]
    [DataRow("0..1:5", "0|0.25|0.5|0.75|1")]
    [DataRow("0.001..0.1:3log", "0.001|0.01|0.1")]
    [DataRow("1..1000:4log", "1|10|100|1000")]
    [DataRow("[8],[16, 8]", "[8]|[16, 8]")]
    [DataRow("Taylor,{ type: Contribution, average: 0.3 },'a,b'", "Taylor|{ type: Contribution, average: 0.3 }|'a,b'")]
    [DataRow("0.5,1..2", "0.5|1|2")]
    [DataRow("../a.csv,null", "../a.csv|null")]
    public void Values_are_a_list_or_a_range(string text, string values) =>
        CollectionAssert.AreEqual(values.Split('|'), Axis.Parse($"trainer.a={text}").Values.ToArray());

    [TestMethod]
    public void A_grid_has_all_combinations_and_each_has_a_folder_of_its_own()
    {
        var points = Grid.Of([Axis.Parse("trainer.pruning.importance=Taylor,taylor,'a/b',a:b"), Axis.Parse("seed=1..3")]);
        Assert.HasCount(12, points);
        Assert.HasCount(12, points.Select(Grid.FolderName).Distinct(StringComparer.OrdinalIgnoreCase));
        Assert.AreEqual("importance-taylor_seed-2", Grid.FolderName(points[4]));
    }

    [TestMethod]
    public void Keys_are_as_short_as_they_can_be() => CollectionAssert.AreEqual(
        (string[])["train.seed", "trainer.seed", "epochs"],
        Grid.ShortNames(["data.train.seed", "trainer.seed", "trainer.epochs"]).ToArray());
}
