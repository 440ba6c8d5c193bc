using System.Globalization;
using MLNet.Pruning.Plans;

namespace MLNet.Pruning.Benchmarks;

/// <summary>
/// Plans beside plans: networks from which neurons were removed beside the whole ones, where the speed-up should be the ratio of the
/// multiply-adds; and integers of 8 bits beside single precision, with what they change.
/// </summary>
static class PlanPairs
{
    static readonly VitDescription Vit = new([1, 28, 28], 7, 10, 64, [4, 4, 4, 4], 16, [128, 128, 128, 128], Merge: 0.5);

    static readonly ConvNetDescription Cifar = new([3, 32, 32], [16, 32], [256, 128], 10);

    static readonly (string Name, NetworkDescription Whole, NetworkDescription Half)[] Removed =
    [
        ("784-50-30-10 to 784-25-15-10", new FeedForwardDescription([784, 50, 30, 10]), new FeedForwardDescription([784, 25, 15, 10])),
        ("784-300-100-10 to 784-150-50-10", new FeedForwardDescription([784, 300, 100, 10]),
            new FeedForwardDescription([784, 150, 50, 10])),
        ("3-16-32, 256-128-10 to 3-8-16, 128-64-10", Cifar, Cifar with { Channels = [8, 16], Hidden = [128, 64] }),
        ("vit, half of heads and hidden neurons", Vit, Vit with { Heads = [2, 2, 2, 2], Hidden = [64, 64, 64, 64] }),
        ("vit, 49 tokens, likewise", Vit with { PatchSize = 4, Merge = 0 },
            Vit with { PatchSize = 4, Merge = 0, Heads = [2, 2, 2, 2], Hidden = [64, 64, 64, 64] }),
    ];

    public static void Run()
    {
        var culture = CultureInfo.InvariantCulture;
        Console.WriteLine("\nhalf of the neurons removed                   rows  whole us/row  half us/row  faster  fewer MACs  share");
        foreach (var (name, whole, half) in Removed)
        {
            foreach (int rows in (int[])[1, 256])
            {
                var (a, b) = Interleaved(Plan(whole), Plan(half), rows);
                double macs = RandomWeights.Macs(whole) / RandomWeights.Macs(half);
                Console.WriteLine(string.Create(culture,
                    $"{name,-44} {rows,5} {a,13:F2} {b,12:F2} {a / b,6:F2}x {macs,10:F2}x {a / b / macs,6:P0}"));
            }
        }
        Console.WriteLine("\nint8 beside single precision                  rows   float us/row int8 us/row  faster  changes");
        foreach (var (name, network) in ((string, NetworkDescription)[])[("784-50-30-10", Removed[0].Whole),
            ("3-16-32, 2048-256-128-10", Cifar), ("4096-1024-1024-10", new FeedForwardDescription([4096, 1024, 1024, 10]))])
        {
            foreach (int rows in (int[])[1, 256])
            {
                var (exact, quantized) = (Plan(network), Plan(network, ScoringPrecision.Int8));
                var (a, b) = Interleaved(exact, quantized, rows);
                var report = QuantizationReport.Compare(exact, quantized, Rows(exact, 500));
                Console.WriteLine(string.Create(culture,
                    $"{name,-44} {rows,5} {a,13:F2} {b,12:F2} {a / b,6:F2}x  scores by {report.MeanChange:G2}, ")
                    + string.Create(culture, $"at most {report.LargestChange:G2}; {report.SameAnswers:P1} same answers; ")
                    + string.Join(", ", report.Layers));
            }
        }
    }

    static ScoringPlan Plan(NetworkDescription network, ScoringPrecision precision = ScoringPrecision.Float) =>
        ScoringPlan.Compile(network, RandomWeights.For(network), ScoringOutput.Probabilities, precision);

    static float[] Rows(ScoringPlan plan, int rows)
    {
        var random = new Random(5);
        float[] input = new float[rows * plan.InputWidth];
        foreach (ref float value in input.AsSpan())
            value = random.NextSingle();
        return input;
    }

    static (double, double) Interleaved(ScoringPlan one, ScoringPlan other, int rows)
    {
        float[] input = Rows(one, rows), scores = new float[rows * Math.Max(one.OutputWidth, other.OutputWidth)];
        Action first = () => one.Score(input, scores), second = () => other.Score(input, scores);
        var (a, b) = PlanScoring.Interleaved(first, second);
        return (a / rows, b / rows);
    }
}
