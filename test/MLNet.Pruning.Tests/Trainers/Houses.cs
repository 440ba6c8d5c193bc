using Microsoft.ML;
using Microsoft.ML.Data;

namespace MLNet.Pruning.Tests.Trainers;

/// <summary>Rows whose price and luxury follow from known rules, with prices of some hundred thousand; two of six features are noise.</summary>
static class Houses
{
    public static readonly string[] Features = ["Rooms", "Area", "Age", "Distance", "Noise1", "Noise2"];

    public static House[] Draw(int count, int seed = 1)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ =>
        {
            float[] x = [.. Features.Select(_ => (float)(2 * random.NextDouble() - 1))];
            var value = 2 * x[0] + 1.5f * x[1] - x[2] + 2 * x[1] * x[3];    // linear, and one interaction
            return new House { Features = x, Price = 300_000 + 80_000 * value, Luxury = value > 0.5f, Weight = 1 + random.Next(3), Kind = value > 1 ? "large" : value > -1 ? "medium" : "small" };
        })];
    }

    public static IDataView View(MLContext context, int count, int seed = 1) => View(context, Draw(count, seed));

    public static IDataView View(MLContext context, IEnumerable<House> rows)
    {
        var schema = SchemaDefinition.Create(typeof(House));
        var features = schema[nameof(House.Features)];
        features.ColumnType = new VectorDataViewType(NumberDataViewType.Single, Features.Length);
        features.AddAnnotation("SlotNames", new VBuffer<ReadOnlyMemory<char>>(Features.Length, [.. Features.Select(name => name.AsMemory())]),
            new VectorDataViewType(TextDataViewType.Instance, Features.Length));
        return context.Data.LoadFromEnumerable(rows, schema);
    }
}

sealed class House
{
    public float[] Features { get; set; } = [];

    public float Price { get; set; }

    public bool Luxury { get; set; }

    public float Weight { get; set; } = 1;

    public string Kind { get; set; } = "";
}

sealed class PricePrediction
{
    public float Score { get; set; }
}

sealed class LuxuryPrediction
{
    public bool PredictedLabel { get; set; }

    public float Score { get; set; }

    public float Probability { get; set; }
}
