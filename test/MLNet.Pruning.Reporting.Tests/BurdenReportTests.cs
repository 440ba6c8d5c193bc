using System.Globalization;
using System.Xml.Linq;
using MLNet.Pruning.Reporting.Burden;
using MLNet.Pruning.Reporting.Charts;
using MLNet.Pruning.Reporting.Text;

namespace MLNet.Pruning.Reporting.Tests;

[TestClass]
public sealed class BurdenReportTests
{
    static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    static BurdenRun Run(BurdenRunKind kind, int seed, bool merged, float scale) => new()
    {
        Kind = kind,
        Seed = seed,
        Merged = merged,
        Masks = new WeightMasks([new WeightMask("a.weight", [2, 4], [true, false, false, false, true, false, false, false])]),
        Costs = [new LayerCost("a.weight", 0.1 * (kind == BurdenRunKind.Random ? 5 : 1) + 0.01 * seed, 0.25)],
        History = new TrainingHistory
        {
            Model = "Vit <small>",
            ParametersAtStart = 1234,
            Epochs = [.. Enumerable.Range(1, 3).Select(e => new EpochRecord { Epoch = e, Steps = 10 * e, Rows = 500, Loss = 1.0 / e, ValidationAccuracy = 0.7 + 0.05 * e + 0.01 * seed, LearningRate = 0.1, Seconds = 1, RowsPerSecond = 500, Parameters = 1234 })],
            Burden =
            {
                new BurdenRecord("a.weight")
                {
                    Windows = [.. Enumerable.Range(1, 6).Select(w => new BurdenPoint(5 * w, (w + 1) / 2, 0.25, [scale * 2e-5f * w, float.NaN], [0.1f * seed, 0.3f]))],
                    Epochs = [.. Enumerable.Range(1, 3).Select(e => new BurdenPoint(10 * e, e, 0.25, [scale * 3e-5f, float.NaN], [0.1f * seed, 0.3f]))],
                },
                new BurdenRecord("b.weight") { Windows = [new(5, 1, 1, [1], [2])], Epochs = [new(10, 1, 1, [1], [2])] },
            },
        },
    };

    static BurdenResult Result() => new([.. from seed in new[] { 1, 2 } from merged in new[] { false, true } from kind in new[] { BurdenRunKind.Dynamic, BurdenRunKind.Optimal, BurdenRunKind.Random } select Run(kind, seed, merged, (int)kind)]);

    [TestMethod]
    public void A_figure_has_two_rows_for_each_layer_and_a_curve_for_each_kind_of_training()
    {
        var grid = BurdenCharts.Layers(Result(), BurdenQuantity.Gradients, false);
        Assert.HasCount(2, grid.Rows);
        var (upper, lower) = (grid.Rows[0][0], grid.Rows[1][0]);
        CollectionAssert.AreEqual(new[] { "dynamic", "optimal", "random" }, upper.Series.Select(s => s.Name).ToArray());
        // 3e-5 times 1, 2 and 3: millionths, the same for every seed.
        StringAssert.Contains(upper.YLabel, "1e-6");
        CollectionAssert.AreEqual(new[] { 30.0, 60, 90 }, upper.Series.Select(s => Math.Round(s.Points[0].Y, 3)).ToArray());
        CollectionAssert.AreEqual(new[] { 5.0, 10, 15, 20, 25, 30 }, lower.Series[0].Points.Select(p => p.X).ToArray());
        Assert.AreEqual(0, upper.Series[0].Spread![0], 1e-9);

        var weights = BurdenCharts.Layers(Result(), BurdenQuantity.Weights, true, ["a.weight"]).Rows[0].Single();
        // Neurons of 0.1 and 0.3, then 0.2 and 0.3.
        Assert.AreEqual(0.225, weights.Series[0].Points[0].Y, 1e-6);
        Assert.AreEqual(Math.Sqrt(0.00125), weights.Series[0].Spread![0], 1e-6);

        var svg = XDocument.Parse(grid.ToSvg());
        Assert.AreEqual(5, svg.Descendants(Svg + "svg").Count(s => s.Attribute("role") is not null));
        Assert.DoesNotContain("NaN", svg.ToString());
        Assert.HasCount(1, BurdenCharts.Layers(Result(), BurdenQuantity.Weights, false, columns: 1).Rows[3]);
    }

    [TestMethod]
    public void Single_neurons_have_figures_of_their_own()
    {
        var grid = BurdenCharts.Neurons(Result(), BurdenQuantity.Weights, false, "a.weight", [1, 0]);
        Assert.AreEqual(0.3, grid.Rows[1][0].Series[2].Points[4].Y, 1e-6);
        Assert.AreEqual(0.15, grid.Rows[0][1].Series[0].Points[0].Y, 1e-6);
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => BurdenCharts.Neurons(Result(), BurdenQuantity.Weights, false, "c", [0])).Message, "'a.weight', 'b.weight'");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => BurdenCharts.Neurons(Result(), BurdenQuantity.Weights, false, "a.weight", [2])).Message, "0 to 1");
        // One that never had a weight has an empty chart.
        Assert.DoesNotContain("NaN", BurdenCharts.Neurons(Result(), BurdenQuantity.Gradients, false, "a.weight", [1]).ToSvg());
    }

    [TestMethod]
    public void Tables_give_means_and_spreads_over_seeds()
    {
        var accuracy = BurdenTables.Accuracy(Result());
        CollectionAssert.AreEqual(new[] { "dynamic", "75.00 %", "2", "0.8650 +-0.0071", "0.8650 +-0.0071" }, accuracy.Rows[0].ToArray());
        CollectionAssert.AreEqual(new[] { "a", "0.2500 +-0.0000", "0.1150 +-0.0071", "0.5150 +-0.0071", "0.1400 +-0.0071" }, BurdenTables.Costs(Result(), false).Rows.Single().ToArray());
        CollectionAssert.AreEqual(new[] { "a", "3.00e-5 +-0.00e+0", "6.00e-5 +-0.00e+0", "9.00e-5 +-0.00e+0" }, BurdenTables.Layers(Result(), BurdenQuantity.Gradients, false).Rows[0].ToArray());
        Assert.AreEqual("0.5000", Numbers.MeanAndSpread([0.5, double.NaN]));
        Assert.AreEqual("", Numbers.MeanAndSpread([]));
    }

    [TestMethod]
    public void The_page_has_all_tables_and_figures_and_does_not_depend_on_the_culture()
    {
        var before = CultureInfo.CurrentCulture;
        var page = BurdenPage.ToHtml(Result(), tables: [("By sparsity", new TextTable("a").Add("b"))]);
        StringAssert.Contains(page, "Burden of Vit &lt;small&gt;");
        foreach (var text in new[] { "By sparsity", "3 epochs of 500 rows", "Gradients, without merging", "Weights, with merging", "What masks cost" })
            StringAssert.Contains(page, text);
        // The accuracy, and two figures of four charts each, with and without merging.
        Assert.AreEqual(1 + 4 * 5, page.Split("role=\"img\"").Length - 1);
        try
        {
            var commas = (CultureInfo)CultureInfo.InvariantCulture.Clone();
            commas.NumberFormat.NumberDecimalSeparator = ",";
            CultureInfo.CurrentCulture = commas;
            Assert.AreEqual(page, BurdenPage.ToHtml(Result(), tables: [("By sparsity", new TextTable("a").Add("b"))]));
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [TestMethod]
    public void A_band_shows_the_spread_around_a_line()
    {
        var chart = new LineChart("t", "x", "y") { Series = [new Series("a", [(1, 1), (2, 2), (3, 3)]) { Spread = [0.5, 0.5, double.NaN] }] };
        var band = XDocument.Parse(chart.ToSvg()).Descendants(Svg + "path").Single(p => p.Attribute("fill-opacity") is not null).Attribute("d")!.Value;
        Assert.AreEqual(3, band.Count(c => c == 'L'));
        Assert.DoesNotContain("NaN", band);
    }
}
