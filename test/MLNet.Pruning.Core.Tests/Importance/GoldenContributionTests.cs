using System.Text.Json;

namespace MLNet.Pruning.Tests.Importance;

[TestClass]
public sealed class GoldenContributionTests
{
    [TestMethod]
    public void Every_golden_case_has_its_average_and_maximum()
    {
        using var cases = JsonDocument.Parse(File.ReadAllText(Golden.Path("contributions.json")));
        Assert.IsGreaterThanOrEqualTo(5, cases.RootElement.GetArrayLength());
        foreach (var golden in cases.RootElement.EnumerateArray())
        {
            var (average, maximum) = (Flat(golden, "average"), Flat(golden, "maximum"));
            var signed = golden.TryGetProperty("signed", out var s) && s.GetBoolean();
            var accumulator = new ContributionAccumulator(average.Length, signed ? ContributionMode.Signed : ContributionMode.Absolute);
            var (a, w) = (Array.ConvertAll(Flat(golden, "activations"), x => (float)x), Array.ConvertAll(Flat(golden, "weights"), x => (float)x));
            if (golden.GetProperty("kind").GetString() == "conv")
            {
                var (image, kernel) = (Sizes(golden.GetProperty("activations")), Sizes(golden.GetProperty("weights")));
                accumulator.Convolution(a, image[2], image[3], w, kernel[2], kernel[3], ConvolutionShape.Square(padding: golden.GetProperty("padding").GetInt32()));
            }
            else
            {
                accumulator.Linear(a, w, golden.GetProperty("block").GetInt32());
            }
            var scores = accumulator.Scores();
            // The golden inputs are doubles of three decimals; ours are the nearest floats.
            Numbers.AreClose(average, scores.Average, 1e-5, $"average in {golden.GetProperty("kind")}");
            Numbers.AreClose(maximum, scores.Maximum, 1e-5, $"maximum in {golden.GetProperty("kind")}");
        }
    }

    static double[] Flat(JsonElement parent, string name)
    {
        static IEnumerable<double> Walk(JsonElement e) => e.ValueKind == JsonValueKind.Array ? e.EnumerateArray().SelectMany(Walk) : [e.GetDouble()];
        return [.. Walk(parent.GetProperty(name))];
    }

    static int[] Sizes(JsonElement array)
    {
        var sizes = new List<int>();
        for (; array.ValueKind == JsonValueKind.Array; array = array[0])
            sizes.Add(array.GetArrayLength());
        return [.. sizes];
    }
}
