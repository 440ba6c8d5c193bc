using System.Collections.Concurrent;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace MLNet.Pruning;

/// <summary>
/// Makes pixels of images by ML.NET's image steps in front of a model. Its engines are not thread-safe, so there is one for each call at a
/// time.
/// </summary>
sealed class ImagePixels<TIn>
    where TIn : class
{
    readonly ConcurrentBag<PredictionEngine<TIn, Row>> engines = [];
    readonly Func<PredictionEngine<TIn, Row>> create;

    /// <param name="context">The context.</param>
    /// <param name="steps">The steps.</param>
    /// <param name="column">The column of pixels.</param>
    public ImagePixels(MLContext context, IReadOnlyList<ITransformer> steps, string column)
    {
        var chain = new TransformerChain<ITransformer>([.. steps]);
        var output = SchemaDefinition.Create(typeof(Row));
        output[nameof(Row.Pixels)].ColumnName = column;
        create = () => context.Model.CreatePredictionEngine<TIn, Row>(chain, outputSchemaDefinition: output);
        var engine = create();
        Schema = engine.OutputSchema;
        engines.Add(engine);
    }

    /// <summary>The columns after the steps.</summary>
    public DataViewSchema Schema { get; }

    /// <summary>The pixels of a row.</summary>
    public float[]? Of(TIn row)
    {
        if (!engines.TryTake(out var engine))
            engine = create();
        float[]? pixels = engine.Predict(row).Pixels;
        engines.Add(engine); // after a failure it is left to the collector
        return pixels;
    }

    sealed class Row
    {
        public float[]? Pixels { get; set; }
    }
}
