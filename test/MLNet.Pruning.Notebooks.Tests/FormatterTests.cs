using MLNet.Pruning.Reporting.Charts;
using MLNet.Pruning.Reporting.Text;
using Microsoft.DotNet.Interactive.Formatting;
using static TorchSharp.torch;

namespace MLNet.Pruning.Notebooks.Tests;

/// <summary>What the formatters of Polyglot Notebooks make of values of the library.</summary>
[TestClass]
public sealed class FormatterTests
{
    static string Html(object value)
    {
        Assert.AreEqual("text/html", Formatter.GetPreferredMimeTypesFor(value.GetType()).First());
        return value.ToDisplayString("text/html");
    }

    [TestMethod]
    public void A_history_shows_its_charts_and_events_and_no_times()
    {
        var history = new TrainingHistory
        {
            Model = "a <small> model",
            ParametersAtStart = 1000,
            Epochs = [.. Enumerable.Range(1, 3).Select(e =>
                new EpochRecord
                {
                    Epoch = e,
                    Steps = 10 * e,
                    Rows = 100,
                    LearningRate = 0.01,
                    Loss = 1.0 / e,
                    Accuracy = 0.5,
                    Parameters = 1000 / e,
                    Seconds = 7.25,
                    RowsPerSecond = 100 / 7.25,
                })],
        };
        var html = Html(history);
        StringAssert.Contains(html, "<svg");
        StringAssert.Contains(html, "a &lt;small&gt; model");
        StringAssert.Contains(html, "1,000 to 333 parameters");
        Assert.IsFalse(html.Contains("7.25", StringComparison.Ordinal), html);
        Assert.IsFalse(html.Contains("<style", StringComparison.Ordinal), "Styles would change the rest of the notebook.");
    }

    [TestMethod]
    public void A_type_whose_formatters_the_program_lacks_is_shown_as_usual()
    {
        Assert.IsNull(new TypeFormatterSourceAttribute("No.Such.Type, No.Such.Assembly").FormatterSourceType);
        StringAssert.Contains(new Unformatted(3).ToDisplayString("text/html"), "Size");
    }

    [TypeFormatterSource("No.Such.Type, No.Such.Assembly")]
    sealed record Unformatted(int Size);

    // The same name and property as the library's own, which is internal.
    [AttributeUsage(AttributeTargets.Class)]
    sealed class TypeFormatterSourceAttribute(string source) : Attribute
    {
        public Type? FormatterSourceType => Type.GetType(source, throwOnError: false);
    }

    [TestMethod]
    public void A_table_is_one_with_its_numbers_to_the_right()
    {
        var html = Html(new TextTable("name", "value#").Add("a & b", "1"));
        StringAssert.Contains(html, "a &amp; b");
        StringAssert.Contains(html, "text-align: right; padding: 2px 12px 2px 0; white-space: nowrap\">1</td>");
    }

    [TestMethod]
    public void Neurons_are_a_table_of_groups_and_one_of_those_left_alone()
    {
        using var model = nn.Sequential(("one", nn.Linear(4, 3)), ("relu", nn.ReLU()), ("two", nn.Linear(3, 2)));
        using var example = rand(1, 4);
        var map = NeuronMap.Discover(model, example);
        StringAssert.Contains(Html(map), ">one</td>");
        StringAssert.Contains(Html(map), ">two</td>");
        StringAssert.Contains(Html(map.Groups[0]), ">3</td>");
    }

    [TestMethod]
    public void A_picture_is_an_image_that_is_large_enough_to_see()
    {
        var html = Html(new Picture(28, 14, 1, new byte[28 * 14]));
        StringAssert.Contains(html, "width=\"168\" height=\"84\"");
        var bytes = Convert.FromBase64String(html.Split("base64,")[1].Split('"')[0]);
        Assert.AreEqual(14, Picture.Decode(bytes).Height);
    }

    [TestMethod]
    public void A_heat_map_has_a_cell_for_each_number_and_a_colour_by_its_size()
    {
        var map = new HeatMap("shares", ["a", "b"], ["x", "y"], new double[,] { { 0, 0.5 }, { -1, double.NaN } });
        var html = Html(map);
        Assert.AreEqual(3, html.Split("<rect").Length - 1);
        StringAssert.Contains(html, "fill=\"#d55e00\" fill-opacity=\"0.90\"");
        StringAssert.Contains(html, "fill=\"#0072b2\" fill-opacity=\"0.48\"");
        StringAssert.Contains(html, ">0.50</text>");
        Assert.ThrowsExactly<InvalidOperationException>((map with { Rows = ["a"] }).ToSvg);
    }

    [TestMethod]
    public void Charts_are_drawn() =>
        StringAssert.Contains(Html(new LineChart("t", "x", "y") { Series = [new("s", [(0, 1), (1, 2)])] }), "<svg");
}
