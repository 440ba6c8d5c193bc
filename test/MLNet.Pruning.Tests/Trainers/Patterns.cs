using Microsoft.ML;
using Microsoft.ML.Data;

namespace MLNet.Pruning.Tests.Trainers;

/// <summary>Small images of three kinds: bright stripes across, bright stripes down, and neither, with some noise.</summary>
static class Patterns
{
    public const int Side = 8;

    static readonly string[] kinds = ["across", "down", "plain"];

    public static Pattern[] Draw(int count, int seed = 1, int channels = 1)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(i => new Pattern
        {
            Kind = kinds[i % 3],
            Pixels = [.. Enumerable.Range(0, channels * Side * Side).Select(p => (p % (Side * Side)) switch
            {
                var at when i % 3 == 0 => at / Side % 2,
                var at when i % 3 == 1 => at % Side % 2,
                _ => 0.5f,
            } * 0.8f + random.NextSingle() * 0.2f)],
        })];
    }

    public static IDataView View(MLContext context, int count, int seed = 1, int channels = 1) => View(context, Draw(count, seed, channels));

    public static IDataView View(MLContext context, IEnumerable<Pattern> rows)
    {
        var all = rows.ToArray();
        var schema = SchemaDefinition.Create(typeof(Pattern));
        schema[nameof(Pattern.Pixels)].ColumnType = new VectorDataViewType(NumberDataViewType.Single, all.Length > 0 ? all[0].Pixels.Length : Side * Side);
        return context.Data.LoadFromEnumerable(all, schema);
    }

    public static IDataView Keys(MLContext context, IDataView data) => context.Transforms.Conversion.MapValueToKey("Kind").Fit(data).Transform(data);
}

sealed class Pattern
{
    public string? Kind { get; set; }

    public float[] Pixels { get; set; } = [];
}
