using System.Globalization;
using System.Xml.Linq;
using MLNet.Pruning.Reporting.Charts;
using MLNet.Pruning.Reporting.Text;

namespace MLNet.Pruning.Reporting.Tests;

[TestClass]
public sealed class ReportTests
{
    static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    static EpochRecord Epoch(int epoch, double loss, double? validation, long parameters) => new()
    {
        Epoch = epoch,
        Steps = epoch * 100L,
        Rows = 60_000,
        Loss = loss,
        Accuracy = 1 - loss / 4,
        ValidationAccuracy = validation,
        LearningRate = 0.001,
        Seconds = 0.5,
        RowsPerSecond = 120_000,
        Parameters = parameters,
    };

    static TrainingHistory History() => new()
    {
        Model = "FeedForward <784-50-30-10>",
        ParametersAtStart = 41_110,
        Replicas = 2,
        Epochs = [Epoch(1, 0.8, 0.9, 41_110), Epoch(2, 0.4, 0.93, 20_500), Epoch(3, 0.2, 0.95, 20_500)],
        Events = [new PruningRecord { Epoch = 2, Step = 150, Kind = "neurons", ParametersBefore = 41_110, ParametersAfter = 20_500, AccuracyBefore = 0.92, Groups = [new("hidden1", 50, 25, [])] }],
    };

    [TestMethod]
    public void A_chart_is_an_svg_with_a_line_through_every_point()
    {
        var chart = XDocument.Parse(HistoryCharts.Loss(History()).ToSvg());
        var path = chart.Descendants(Svg + "path").Single().Attribute("d")!.Value;
        Assert.AreEqual(1, path.Count(c => c == 'M'));
        Assert.AreEqual(2, path.Count(c => c == 'L'));
        var heights = chart.Descendants(Svg + "circle").Select(c => double.Parse(c.Attribute("cy")!.Value, CultureInfo.InvariantCulture)).ToArray();
        Assert.IsTrue(heights[0] < heights[1] && heights[1] < heights[2], "a falling loss is drawn falling");
    }

    [TestMethod]
    public void Of_masks_that_are_cut_often_some_cuts_are_shown_from_the_first_to_the_last()
    {
        var history = History();
        history.Events.AddRange(Enumerable.Range(1, 150).Select(cut => new PruningRecord { Epoch = 1, Step = 10 * cut, Kind = "weights", Weights = 1_000, WeightsOn = 1_000 - (5 * cut), Reactivated = cut, Groups = [new("linear1", 1_000, 1_000 - (5 * cut), [])] }));
        var page = HistoryPage.ToHtml(history);
        StringAssert.Contains(page, "Pruning events (21 of 151)");
        StringAssert.Contains(page, "hidden1 50 to 25");
        StringAssert.Contains(page, "<td class=\"n\">1,500</td>");
        StringAssert.Contains(page, "<td class=\"n\">75.00 %</td>");
        Assert.IsFalse(page.Contains("linear1", StringComparison.Ordinal), "no list of parameters for each cut");
        var chart = XDocument.Parse(HistoryCharts.ActiveWeights(history).ToSvg());
        Assert.AreEqual(149, chart.Descendants(Svg + "path").Single().Attribute("d")!.Value.Count(c => c == 'L'));
    }

    [TestMethod]
    public void A_budget_is_shown_with_what_was_measured_at_every_event_and_why_pruning_ended()
    {
        BudgetMeasurement Latency(double us) => new(BudgetQuantity.Latency, 30e-6, us * 1e-6) { Rows = 1, Noise = 0.012 };
        var history = History();
        history.Events[0] = history.Events[0] with { Budget = [Latency(41.5)], TakenBack = true };
        history.Events.Add(new PruningRecord { Epoch = 3, Step = 300, Kind = "neurons", Budget = [Latency(29.25)] });
        history.Budget = new()
        {
            Budget = "1 row in at most 30 us, accuracy at least 90 %",
            AtStart = [Latency(61)],
            AtEnd = [Latency(29.25), new(BudgetQuantity.Accuracy, 0.9, 0.95)],
            Epoch = 3,
            Met = true,
            Ended = "The budget is met: 29.25 us.",
        };
        var page = HistoryPage.ToHtml(history);
        foreach (var text in new[] { "1 row in at most 30 us, accuracy at least 90 %", "The budget is met: 29.25 us.", "Pruning ended after 3 epochs", "neurons (taken back later)",
            "<th class=\"n\">latency of 1 row</th>", "<td class=\"n\">41.5 us</td>", "<td class=\"n\">61 us</td>", "<td class=\"n\">1.2 %</td>" })
            StringAssert.Contains(page, text);
        var chart = XDocument.Parse(HistoryCharts.All(history).Last().ToSvg());
        var lines = chart.Descendants(Svg + "path").Select(p => p.Attribute("d")!.Value.Count(c => c == 'L')).ToArray();
        CollectionAssert.AreEqual(new[] { 2, 2 }, lines, "from the start over both events, measured and wanted");
        var heights = chart.Descendants(Svg + "circle").Select(c => double.Parse(c.Attribute("cy")!.Value, CultureInfo.InvariantCulture)).Take(3).ToArray();
        Assert.IsTrue(heights[0] < heights[1] && heights[1] < heights[2], "a falling latency is drawn falling");
    }

    [TestMethod]
    public void A_missing_value_interrupts_the_line()
    {
        var chart = new LineChart("t", "x", "y") { Series = [new Series("a", [(1, 1), (2, double.NaN), (3, 2), (4, 3)])] };
        var path = XDocument.Parse(chart.ToSvg()).Descendants(Svg + "path").Single().Attribute("d")!.Value;
        Assert.AreEqual(2, path.Count(c => c == 'M'));
        Assert.DoesNotContain("NaN", path);
    }

    [TestMethod]
    public void Charts_do_not_depend_on_the_culture()
    {
        var before = CultureInfo.CurrentCulture;
        var expected = HistoryCharts.Accuracy(History()).ToSvg();
        try
        {
            var commas = (CultureInfo)CultureInfo.InvariantCulture.Clone();
            commas.NumberFormat.NumberDecimalSeparator = ",";
            CultureInfo.CurrentCulture = commas;
            Assert.AreEqual(expected, HistoryCharts.Accuracy(History()).ToSvg());
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [TestMethod]
    public void A_pruning_event_is_a_marked_line_in_every_chart()
    {
        foreach (var chart in HistoryCharts.All(History()))
            StringAssert.Contains(XDocument.Parse(chart.ToSvg()).Descendants(Svg + "title").First().Value, "neurons, epoch 2: 41110 to 20500 parameters");
        Assert.AreEqual(3, HistoryCharts.All(History()).Count(), "loss, accuracy and, because they changed, parameters");
    }

    [TestMethod]
    public void The_page_shows_every_epoch_and_event_and_escapes_names()
    {
        var page = HistoryPage.ToHtml(History(), facts: [("Test accuracy", "94.50 %")]);
        StringAssert.Contains(page, "FeedForward &lt;784-50-30-10&gt;");
        Assert.DoesNotContain("<784", page);
        foreach (var text in new[] { "94.50 %", "95.00 %", "hidden1 50 to 25", "41,110 at the start, 20,500 at the end", "3 epochs of 60,000 rows" })
            StringAssert.Contains(page, text);
        Assert.AreEqual(3, page.Split("<svg ").Length - 1);
    }

    [TestMethod]
    public void The_page_leaves_out_what_the_run_does_not_have()
    {
        var history = new TrainingHistory { Model = "autoencoder", ParametersAtStart = 10, Replicas = 1, Epochs = [Epoch(1, 0.5, null, 10) with { Accuracy = null }] };
        var page = HistoryPage.ToHtml(history);
        Assert.DoesNotContain("accuracy", page);
        Assert.DoesNotContain("Pruning events", page);
        Assert.AreEqual(1, page.Split("<svg ").Length - 1);
    }

    [TestMethod]
    public void How_layers_are_computed_stands_in_a_table_and_what_was_measured_among_the_facts()
    {
        var history = History();
        Assert.DoesNotContain("Scoring", HistoryPage.ToHtml(history));
        PlanStep[] layers =
        [
            new("layers.linear1", "sparse rows", Outputs: 4096, Inputs: 1024, Density: 0.05),
            new("logits", "dense rows", Outputs: 4, Inputs: 8, Density: 0.5),
        ];
        history.Scoring = layers;
        history.ScoringSpeed = new(RowsPerSecond: 120_000, Latency: 25e-6);
        Assert.AreEqual("""
            layer           inputs  outputs  density  kernel
            --------------  ------  -------  -------  -----------
            layers.linear1   1,024    4,096   5.00 %  sparse rows
            logits               8        4  50.00 %  dense rows

            """, HistoryTables.Scoring(layers).ToString());
        var page = HistoryPage.ToHtml(history);
        foreach (var text in new[] { "layers.linear1", "<td>sparse rows</td>", "25 us a row, 120,000 rows/s in batches" })
            StringAssert.Contains(page, text);
    }

    [TestMethod]
    public void A_history_of_an_older_version_is_read_without_what_is_no_longer_told()
    {
        var old = """{"scoring":[{"layer":"a","inputs":3,"outputs":2,"density":0.5,"bytes":9,"times":[{"rows":1,"denseMicroseconds":2,"sparse":true}]}]}""";
        Assert.AreEqual(new PlanStep("a", "", Outputs: 2, Inputs: 3, Density: 0.5), TrainingHistory.FromJson(old).Scoring!.Single());
    }

    [TestMethod]
    public void A_text_table_aligns_numbers_to_the_right_and_words_to_the_left()
    {
        var table = new TextTable("name", "count#").Add("a", "5").Add("longer", "1,000");
        Assert.AreEqual("name    count\n------  -----\na           5\nlonger  1,000\n", table.ToString());
        Assert.ThrowsExactly<ArgumentException>(() => table.Add("one cell"));
    }

    [TestMethod]
    public void Durations_and_sizes_come_in_the_unit_that_suits_them()
    {
        Assert.AreEqual("250 us", Numbers.Duration(0.00025));
        Assert.AreEqual("12.5 ms", Numbers.Duration(0.0125));
        Assert.AreEqual("3.2 s", Numbers.Duration(3.21));
        Assert.AreEqual("5.0 min", Numbers.Duration(300));
        Assert.AreEqual("164.5 kB", Numbers.Bytes(164_500));
    }
}
