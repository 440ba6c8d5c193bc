using System.Globalization;
using System.Xml.Linq;
using MLNet.Pruning.Reporting.Charts;
using MLNet.Pruning.Reporting.Text;

namespace MLNet.Pruning.Reporting.Tests;

[TestClass]
public sealed class ReportTests
{
    static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    static EpochRecord Epoch(int epoch, double loss, double? validation, long parameters) => Histories.Epoch(epoch, loss, validation, parameters);

    static TrainingHistory History() => Histories.Small();

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
        Assert.DoesNotContain("linear1", HistoryTables.Events(history).ToString(), "no list of parameters for each cut");
        var inactive = HistoryCharts.Sparsity(history).Series.Single(s => s.Name == "weights inactive").Points;
        Assert.HasCount(2 + (2 * 150) - 1, inactive, "the last update is at the end");
        Assert.AreEqual(75.0, inactive[^1].Y, 1e-9);
    }

    [TestMethod]
    public void The_validation_line_falls_at_an_event_to_where_the_event_has_put_it()
    {
        var validation = HistoryCharts.Accuracy(Histories.Full()).Series.Single(s => s.Name == "validation").Points.SkipWhile(p => p.X < 3).Take(3).ToArray();
        Assert.AreEqual((3.0, 3.0, 4.0), (validation[0].X, validation[1].X, validation[2].X));
        Assert.AreEqual(100 * (0.97 - (0.2 / 3)), validation[0].Y, 1e-9);
        Assert.AreEqual(60.0, validation[1].Y, 1e-9);
    }

    [TestMethod]
    public void Without_a_validation_set_the_rows_around_events_have_a_line_of_their_own()
    {
        var history = History();
        history.Events.Clear();
        foreach (var (epoch, before, after, recovered) in new[] { (1, 0.8, 0.5, 0.85), (2, 0.85, 0.4, 0.9) })
            history.Events.Add(new() { Epoch = epoch, Step = 100 * epoch, Kind = "neurons", MeasuredOn = "training", AccuracyBefore = before, AccuracyAfter = after, AccuracyRecovered = recovered });
        var around = HistoryCharts.Accuracy(history).Series.Single(s => s.Name == "some training rows, around events");
        CollectionAssert.AreEqual(new[] { (1.0, 80.0), (1, 50), (2, 85), (2, 40), (3, 90) }, around.Points.Select(p => (p.X, Math.Round(p.Y, 9))).ToArray());
        Assert.HasCount(3, HistoryCharts.Accuracy(history).Series.Single(s => s.Name == "validation").Points);
    }

    [TestMethod]
    public void The_head_has_the_shape_before_and_after_and_the_three_numbers()
    {
        var history = Histories.Full();
        history.Model = "FeedForward 784-50-30-10";
        var page = HistoryPage.ToHtml(history);
        StringAssert.Contains(page, "<h1>FeedForward 784-50-30-10 → 784-26-16-10</h1>");
        StringAssert.Contains(page, "<span>Validation accuracy</span><b>95.33 %</b>");
        StringAssert.Contains(page, "<span>Weights left</span><b>12.16 %</b><small>5,000 of 41,110 parameters</small>");
        StringAssert.Contains(page, "<span>Scoring, one row</span><b>25 us</b>");
        StringAssert.Contains(page, "<dd>40,000 → 37,100 (92.75 %)</dd>");
        // The best epoch's model is the one that counts.
        history.BestEpoch = 10;
        StringAssert.Contains(HistoryPage.ToHtml(history), "<span>Validation accuracy</span><b>95.00 %</b>");
        StringAssert.Contains(HistoryPage.ToHtml(history, test: Histories.Test()), "<span>Test accuracy</span><b>94.50 %</b><small>of 200 rows; 95.00 % in validation</small>");
        // Nothing was pruned, nothing was measured.
        var plain = HistoryPage.ToHtml(new TrainingHistory { Model = "Vit", ParametersAtStart = 1_000, NonZeroParameters = 990, Epochs = [Epoch(1, 0.5, null, 1_000)] });
        StringAssert.Contains(plain, "<span>Training accuracy</span><b>87.50 %</b>");
        StringAssert.Contains(plain, "<span>Parameters</span><b>1,000</b>");
        StringAssert.Contains(plain, "<span>Training</span><b>500.0 ms</b>");
    }

    [TestMethod]
    [DataRow("Vit 1x28x28, patches 7x7, 4 blocks of 64, heads 4", "Vit 1x28x28, patches 7x7, 4 blocks of 26, heads 2", "4 blocks of 26, heads 2")]
    [DataRow("ConvNet 3x8x8, 4-8, 9-3", "ConvNet 3x8x8, 2-4, 5-3", "2-4, 5-3")]
    [DataRow("FeedForward 4-3-2", "FeedForward 4-1-2", "4-1-2")]
    [DataRow("First", "Second", "Second")]
    public void What_the_shapes_before_and_after_have_in_common_is_said_once(string before, string after, string said) =>
        StringAssert.Contains(HistoryPage.ToHtml(new TrainingHistory { Model = before, ModelAfter = after }), $"<h1>{before} → {said}</h1>");

    [TestMethod]
    public void Options_that_were_set_stand_apart_from_the_others()
    {
        var history = History();
        foreach (var (name, value) in new[] { ("Epochs", "3"), ("Seed", "7"), ("Dropout", "0") })
            history.Options[name] = value;
        history.OptionsSet.AddRange(["Epochs", "Seed"]);
        StringAssert.Contains(HistoryPage.ToHtml(history), "<b>Options that were set</b>: Epochs, Seed</summary>");
        CollectionAssert.AreEqual(new[] { "Epochs", "Seed" }, HistoryTables.Options(history, set: true).Rows.Select(r => r[0]).ToArray());
        Assert.HasCount(3, HistoryTables.Options(history).Rows);
    }

    [TestMethod]
    public void Runs_are_compared_in_a_table_in_curves_and_by_what_differs()
    {
        var (one, other) = (History(), Histories.Full());
        one.Options["Epochs"] = "3";
        var table = ComparisonPage.Table([("one", one), ("other", other)]);
        CollectionAssert.AreEqual(new[] { "95.00 %", "95.33 %" }, table.Rows.Select(r => r[table.Headings.ToList().IndexOf("validation accuracy")]).ToArray());
        CollectionAssert.AreEqual(new[] { "20,500", "5,000" }, table.Rows.Select(r => r[table.Headings.ToList().IndexOf("not zero")]).ToArray());
        var accuracy = ComparisonPage.Charts([("one", one), ("other", other)]).First();
        CollectionAssert.AreEqual(new[] { ("one", 3), ("other", 12) }, accuracy.Series.Select(s => (s.Name, s.Points.Count)).ToArray());
        var page = ComparisonPage.ToHtml([("one#", one), ("other", other)]);
        StringAssert.Contains(page, "<td>Epochs</td><td>3</td><td>12</td>");
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => ComparisonPage.ToHtml([("one", one)]));
    }

    [TestMethod]
    public void A_confusion_matrix_that_does_not_fit_its_labels_is_refused()
    {
        var test = new TestEvaluation { Labels = ["a", "b"], Confusion = [[1, 2], [3]] };
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => HistoryPage.ToHtml(History(), test: test)).Message, "Confusion is 2 x 2 or 1; it must have a row and a column for each of the 2 Labels.");
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
        foreach (var chart in HistoryCharts.All(History()).Where(c => c.Markers.Count > 0))
            StringAssert.Contains(XDocument.Parse(chart.ToSvg()).Descendants(Svg + "title").First().Value, "neurons, epoch 2: 41,110 to 20,500 parameters");
        CollectionAssert.AreEqual(new[] { "Accuracy", "Loss", "Parameters", "Neurons by group" }, HistoryCharts.All(History()).Select(c => c.Title).ToArray());
    }

    [TestMethod]
    public void The_page_shows_every_epoch_and_event_and_escapes_names()
    {
        var page = HistoryPage.ToHtml(History(), facts: [("Test accuracy", "94.50 %")]);
        StringAssert.Contains(page, "FeedForward &lt;784-50-30-10&gt;");
        Assert.DoesNotContain("<784", page);
        foreach (var text in new[] { "94.50 %", "95.00 %", "hidden1 50 to 25", "41,110 → 20,500 (49.87 %)", "3 epochs; 1.5 s with 2 replicas" })
            StringAssert.Contains(page, text);
        Assert.AreEqual(4, page.Split("<figure class").Length - 1);
    }

    [TestMethod]
    public void The_page_leaves_out_what_the_run_does_not_have()
    {
        var history = new TrainingHistory { Model = "autoencoder", ParametersAtStart = 10, Replicas = 1, Epochs = [Epoch(1, 0.5, null, 10) with { Accuracy = null }] };
        var page = HistoryPage.ToHtml(history);
        Assert.DoesNotContain("accuracy", page);
        Assert.DoesNotContain("Pruning events", page);
        Assert.AreEqual(1, page.Split("<figure class").Length - 1);
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
