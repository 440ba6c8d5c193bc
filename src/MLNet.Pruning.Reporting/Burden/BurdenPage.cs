using MLNet.Pruning.Reporting.Text;
using static MLNet.Pruning.Reporting.Text.Numbers;

namespace MLNet.Pruning.Reporting.Burden;

/// <summary>A self-contained HTML page about a burden study.</summary>
public static class BurdenPage
{
    /// <summary>Makes the page.</summary>
    /// <param name="result">The study.</param>
    /// <param name="title">The page's heading; null for "Burden of MODEL".</param>
    /// <param name="facts">More entries for the list at the top, such as the data.</param>
    /// <param name="tables">More tables with headings, before the figures.</param>
    public static string ToHtml(
        BurdenResult result,
        string? title = null,
        IEnumerable<(string Name, string Value)>? facts = null,
        IEnumerable<(string Heading, TextTable Table)>? tables = null)
    {
        ArgumentNullException.ThrowIfNull(result);
        var model = result.Runs.Count > 0 ? result.Runs[0].History.Model : "no model";
        var page = Html.Begin(title ?? $"Burden of {model}", Facts(result, model).Concat(facts ?? []));
        page.Heading("Accuracy").Table(BurdenTables.Accuracy(result));
        page.Append("<div class=\"figure\">\n").Append(BurdenCharts.Accuracy(result).ToSvg()).Append("</div>\n");
        foreach (var (heading, table) in tables ?? [])
            page.Heading(heading).Table(table);
        foreach (var merged in new[] { false, true })
        {
            if (!result.Runs.Any(r => r.Merged == merged))
                continue;
            var which = merged ? "with merging" : "without merging";
            foreach (var quantity in Enum.GetValues<BurdenQuantity>())
            {
                page.Heading($"{quantity}, {which}").Table(BurdenTables.Layers(result, quantity, merged));
                page.Append("<div class=\"figure\">\n").Append(BurdenCharts.Layers(result, quantity, merged).ToSvg()).Append("</div>\n");
            }
            if (result.Of(BurdenRunKind.Dynamic, merged).Any(r => r.Costs.Count > 0))
                page.Heading($"What masks cost the dynamic run's weights, {which}").Table(BurdenTables.Costs(result, merged));
        }
        return page.End();
    }

    static IEnumerable<(string Name, string Value)> Facts(BurdenResult result, string model)
    {
        yield return ("Model", model);
        if (result.Runs.Count == 0 || result.Runs[0].History.Epochs.Count == 0)
            yield break;
        var epochs = result.Runs[0].History.Epochs;
        yield return ("Parameters", Count(result.Runs[0].History.ParametersAtStart));
        yield return ("Each training", $"{epochs.Count} epoch{(epochs.Count == 1 ? "" : "s")} of {Count(epochs[^1].Rows)} rows");
        yield return ("Dynamic", "pruned while it trains: what is inactive learns on and may come back");
        if (result.Runs.Any(r => r.Kind == BurdenRunKind.Optimal))
            yield return ("Optimal", "from the same first weights, under the masks that the dynamic training ended with");
        if (result.Runs.Any(r => r.Kind == BurdenRunKind.Random))
            yield return ("Random", "from the same first weights, under masks drawn at random, each layer as dense");
    }
}
