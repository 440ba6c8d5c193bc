using Microsoft.ML;
using Microsoft.ML.Data;

namespace MLNet.Pruning.Tests;

/// <summary>A small problem with names for classes: three clouds of points in four dimensions, well apart.</summary>
static class Flowers
{
    public static readonly string[] Kinds = ["rose", "lily", "tulip"];

    public static Flower[] Pick(int count, int seed = 1)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(i => new Flower
        {
            Kind = Kinds[i % 3],
            Number = i,
            Petals = [.. Enumerable.Range(0, 4).Select(d => (d == i % 3 ? 2f : 0f) + ((random.NextSingle() - 0.5f) * 0.8f))],
        })];
    }

    public static IDataView View(MLContext context, int count, int seed = 1) => context.Data.LoadFromEnumerable(Pick(count, seed));
}

sealed class Flower
{
    public string? Kind { get; set; }

    public int Number { get; set; }

    [VectorType(4)]
    public float[] Petals { get; set; } = new float[4];
}

sealed class FlowerGuess
{
    public string? PredictedKind { get; set; }

    public float[] Score { get; set; } = [];
}
