using System.Text;

namespace MLNet.Pruning.Reporting.Tests;

/// <summary>Pages as a browser shows them.</summary>
[TestClass]
public sealed class PageTests
{
    static readonly string folder = Directory.CreateTempSubdirectory("mlprune").FullName;
    static readonly Lazy<Browser> started = new(Browser.Start);

    static Browser Browser => started.Value;

    [ClassCleanup]
    public static void End()
    {
        if (started.IsValueCreated)
            started.Value.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    static string Write(string name, string html)
    {
        var path = Path.Combine(folder, name);
        File.WriteAllText(path, html, Encoding.UTF8);
        return path;
    }

    static (string Path, TrainingHistory History) Full()
    {
        var history = Histories.Full();
        return (Write("full.html", HistoryPage.ToHtml(history, facts: [("By", Histories.Hostile)], test: Histories.Test(), command: $"mlprune {Histories.Hostile}")), history);
    }

    static string Compared() => Write("compared.html", ComparisonPage.ToHtml([("one", Histories.Full()), (Histories.Hostile, Histories.Small()), ("three", Histories.Full())]));

    sealed record Drawn(string Title, int[] Points, int Dots, string Label);

    static Drawn[] Charts() => Browser.Evaluate<Drawn[]>("""
        [...document.querySelectorAll('figure.chart')].map(f => ({
            title: f.querySelector('figcaption').textContent,
            points: [...f.querySelectorAll(':scope > svg path')].map(p => p.getAttribute('d').split(/[ML]/).length - 1),
            dots: f.querySelectorAll(':scope > svg circle').length,
            label: f.querySelector(':scope > svg').getAttribute('aria-label') }))
        """);

    [TestMethod]
    public void A_page_loads_nothing_and_has_nothing_to_complain_of()
    {
        foreach (var path in new[] { Full().Path, Compared() })
        {
            Browser.Open(path, 1400);
            Assert.IsEmpty(Browser.Complaints(path), string.Join('\n', Browser.Complaints(path)));
        }
    }

    [TestMethod]
    public void Every_chart_has_a_point_for_each_that_the_history_has()
    {
        var (path, history) = Full();
        Browser.Open(path, 1400);
        var drawn = Charts().ToDictionary(c => c.Title);
        // 12 epochs, of which one loss is no number and one is infinite; three events are measured in validation.
        CollectionAssert.AreEqual(new[] { 11, 15 }, drawn["Accuracy"].Points);
        CollectionAssert.AreEqual(new[] { 11, 14 }, drawn["Loss"].Points);
        Assert.AreEqual(25, drawn["Loss"].Dots);
        // A line in steps has the start, two points for an event, and the end.
        CollectionAssert.AreEqual(new[] { 2 + (2 * 3), 3, 2 + (2 * 30), 30 }, drawn["Sparsity and its schedule"].Points);
        CollectionAssert.AreEqual(new[] { 13 }, drawn["Parameters"].Points);
        CollectionAssert.AreEqual(new[] { 62, 62 }, drawn["Active weights by layer"].Points);
        CollectionAssert.AreEqual(new[] { 30, 30 }, drawn["Weights that changed sides"].Points);
        CollectionAssert.AreEqual(new[] { 60 }, drawn["Loss by step"].Points);
        CollectionAssert.AreEqual(new[] { 60 }, drawn["Learning rate"].Points);
        CollectionAssert.AreEqual(new[] { 12 }, drawn["Mean |gradient| of active weights"].Points);
        foreach (var chart in HistoryCharts.All(history))
            Assert.IsTrue(drawn.ContainsKey(chart.Title), chart.Title);
        var bars = Browser.Evaluate<int[]>("[...document.querySelectorAll('figure.chart rect.a0, figure.chart rect.a1')].filter(r => r.parentElement.closest('ul') == null).map(r => +r.textContent.match(/: (\\d+) from/)[1])");
        Assert.AreEqual(34, bars.Sum(), "the neurons before the last event, kept and removed");
    }

    [TestMethod]
    public void Lines_of_events_have_a_legend_and_stand_where_the_events_were()
    {
        Browser.Open(Full().Path, 1400);
        var legend = Browser.Evaluate<string[]>("[...document.querySelector('figure.chart').querySelectorAll('.legend li')].map(l => l.textContent)");
        CollectionAssert.AreEqual(new[] { "training", "validation", "masks updated (30 times)", "neurons removed" }, legend);
        var lines = Browser.Evaluate<double[]>("""
            [...document.querySelector('figure.chart').querySelectorAll('.marker line:last-of-type')].map(l => parseFloat(l.getAttribute('x1')))
            """);
        foreach (var (found, epoch) in lines.Zip(new[] { 3, 6, 9 }))
            Assert.AreEqual(100.0 * (epoch - AxisStart) / (12 - AxisStart), found, 0.02);
        Assert.HasCount(3, lines);
    }

    // The first update of the masks came before the first epoch was over: after 30 of its 100 steps.
    const double AxisStart = 0.3;

    [TestMethod]
    public void A_page_fits_its_window_and_labels_do_not_overlap()
    {
        foreach (var path in new[] { Full().Path, Compared() })
            foreach (var width in new[] { 360, 800, 1400 })
            {
                Browser.Open(path, width);
                Assert.IsLessThanOrEqualTo(width, Browser.Evaluate<int>("document.documentElement.scrollWidth"), path);
                var overlaps = Browser.Evaluate<string[]>("""
                    [...document.querySelectorAll('figure.chart > svg')].flatMap(svg => {
                        const texts = [...svg.querySelectorAll('text')].map(t => [t.textContent, t.getBoundingClientRect()]);
                        const out = texts.filter(([, r]) => r.left < 0 || r.right > innerWidth).map(([t]) => 'outside: ' + t);
                        return out.concat(texts.flatMap(([a, p], i) => texts.slice(i + 1)
                            .filter(([, q]) => p.left < q.right - 1 && q.left < p.right - 1 && p.top < q.bottom - 4 && q.top < p.bottom - 4).map(([b]) => a + ' and ' + b)));
                    })
                    """);
                Assert.IsEmpty(overlaps, $"{Path.GetFileName(path)} at {width}: {string.Join("; ", overlaps)}");
            }
    }

    [TestMethod]
    public void Names_are_text_whatever_they_hold()
    {
        foreach (var path in new[] { Full().Path, Compared() })
        {
            Browser.Open(path, 800);
            Assert.AreEqual(0, Browser.Evaluate<int>("document.querySelectorAll('script, img[src=x]').length"));
            StringAssert.Contains(Browser.Evaluate<string>("document.documentElement.textContent"), Histories.Hostile);
            Assert.DoesNotContain("NaN", Browser.Evaluate<string>("[...document.querySelectorAll('svg')].map(s => s.outerHTML).join()"));
        }
    }

    [TestMethod]
    public void A_page_is_dark_for_a_reader_who_likes_it_dark()
    {
        var path = Full().Path;
        foreach (var (dark, contrast) in new[] { (false, 4.5), (true, 4.5) })
        {
            Browser.Open(path, 800, dark);
            var colours = Browser.Evaluate<double[]>("""
                [getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color, getComputedStyle(document.querySelector('dt')).color,
                    getComputedStyle(document.querySelector('.chart path')).stroke].map(c => {
                    const [r, g, b] = c.match(/\d+/g).map(v => v / 255).map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
                    return .2126 * r + .7152 * g + .0722 * b; })
                """);
            Assert.AreEqual(dark, colours[0] < 0.1);
            foreach (var colour in colours.Skip(1))
                Assert.IsGreaterThanOrEqualTo(contrast, (Math.Max(colour, colours[0]) + 0.05) / (Math.Min(colour, colours[0]) + 0.05));
        }
    }

    [TestMethod]
    public void A_page_can_be_read_without_seeing_it()
    {
        var path = Full().Path;
        Browser.Open(path, 800);
        Assert.AreEqual("en", Browser.Evaluate<string>("document.documentElement.lang"));
        var headings = Browser.Evaluate<string[]>("[...document.querySelectorAll('h1, h2, h3, h4')].map(h => h.tagName)");
        Assert.AreEqual("H1", headings[0]);
        Assert.IsTrue(headings.Skip(1).All(h => h == "H2"));
        Assert.AreEqual(0, Browser.Evaluate<int>("""
            [...document.querySelectorAll('svg')].filter(s => !s.parentElement.closest('svg') && !s.hasAttribute('aria-hidden'))
                .filter(s => s.getAttribute('role') != 'img' || !s.getAttribute('aria-label')).length
            """));
        Assert.AreEqual(0, Browser.Evaluate<int>("document.querySelectorAll('img:not([alt])').length"));
        StringAssert.Contains(Charts()[0].Label, "validation from 77 to 95.33");
    }

    [TestMethod]
    public void Many_steps_are_thinned_and_keep_their_peaks()
    {
        var history = new TrainingHistory { Model = "m", Steps = [.. Enumerable.Range(1, 50_000).Select(s => new StepRecord(s, 1, s == 31_234 ? 9 : 1, 0.1))] };
        var path = HistoryCharts.StepLoss(history).ToSvg().Split("<path d=\"M")[1].Split('"')[0].Split('L');
        Assert.IsInRange(100, 2_000, path.Length);
        var heights = path.Select(p => double.Parse(p.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture)).ToArray();
        // The axis goes from 0 to 10 over 216 pixels.
        Assert.AreEqual(216 * 0.1, heights.Min(), 0.01);
        Assert.AreEqual(216 * 0.9, heights.Max(), 0.01);
        Assert.IsLessThan(100_000, HistoryPage.ToHtml(history).Length);
    }

    [TestMethod]
    public void A_run_without_any_epoch_has_a_page()
    {
        var path = Write("empty.html", HistoryPage.ToHtml(new TrainingHistory { Model = "Vit" }, reloadSeconds: 60));
        Browser.Open(path, 360);
        Assert.IsEmpty(Browser.Complaints(path));
        Assert.AreEqual("60", Browser.Evaluate<string>("document.querySelector('meta[http-equiv=refresh]').content"));
        Assert.IsEmpty(Charts());
    }
}
