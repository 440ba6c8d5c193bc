using Microsoft.ML;
using Microsoft.ML.Transforms;

namespace MLNet.Pruning.Scoring;

/// <summary>A pipeline with one trained model, or with token merging only.</summary>
/// <param name="Images">ML.NET's image steps in front, which make pixels of images; often none.</param>
/// <param name="Steps">All other steps: merging, the model, and mappings of labels.</param>
/// <param name="Model">The trained model; null for merging alone.</param>
/// <param name="Merging">The merging whose tokens the model reads; null for none.</param>
sealed record ScoredPipeline(
    IReadOnlyList<ITransformer> Images, IReadOnlyList<ITransformer> Steps, PrunedTransformer? Model, TokenMergingTransformer? Merging)
{
    // This assembly does without its types.
    const string ImageAssembly = "Microsoft.ML.ImageAnalytics";


    /// <summary>Analyses a pipeline.</summary>
    /// <param name="pipeline">The pipeline, or one of its steps.</param>
    /// <param name="who">Who asks, such as "a predictor".</param>
    /// <param name="instead">What to do with another pipeline.</param>
    /// <exception cref="NotSupportedException">It has another step, or several models.</exception>
    public static ScoredPipeline Of(ITransformer pipeline, string who, string instead)
    {
        ITransformer[] steps = [.. Flat(pipeline)];
        int own = Array.FindIndex(steps, step => step is PrunedTransformer or TokenMergingTransformer);
        ITransformer[] images = [.. steps.Take(own).Where(step => step.GetType().Assembly.GetName().Name == ImageAssembly)];
        steps = [.. steps.Where(step => !images.Contains(step))];
        foreach (var step in steps)
        {
            if (step is not (PrunedTransformer or TokenMergingTransformer or ValueToKeyMappingTransformer or KeyToValueMappingTransformer))
            {
                throw new NotSupportedException($"The pipeline has a {step.GetType().Name}; {who} knows image steps of ML.NET in "
                    + $"front, MergeTokens, one trained model, and mappings of labels. {instead}.");
            }
        }
        PrunedTransformer[] models = [.. steps.OfType<PrunedTransformer>()];
        TokenMergingTransformer[] mergings = [.. steps.TakeWhile(step => step is not PrunedTransformer).OfType<TokenMergingTransformer>()];
        if (models.Length > 1 || (models.Length == 0 && mergings.Length != 1))
            throw new NotSupportedException($"The pipeline has {models.Length} trained models; {who} is of one. {instead}.");
        return models is [var model]
            ? new(images, steps, model, mergings.LastOrDefault(merging => merging.OutputColumnName == model.ReadColumnName))
            : new(images, steps, null, mergings[0]);
    }

    /// <summary>The column that is read first.</summary>
    public string Input => Merging?.InputColumnName ?? Model!.ReadColumnName;

    /// <summary>The features that the pipeline reads from its input data.</summary>
    public FeatureColumns Features(DataViewSchema schema) => (Merging?.Bind(schema) ?? Model!.Bind(schema)).Features;

    /// <summary>Data with the pixels that the pipeline's image steps make, if it does not have them.</summary>
    public IDataView Pixels(IDataView data) => data.Schema.GetColumnOrNull(Input) is not null
        ? data
        : Images.Aggregate(data, (view, step) => step.Transform(view));

    /// <summary>Applies merging and model to data; mappings of labels are left out.</summary>
    public IDataView Transform(IDataView data)
    {
        var merged = Merging?.Transform(data) ?? data;
        return Model?.Transform(merged) ?? merged;
    }

    /// <summary>The steps of a pipeline, including those of pipelines within.</summary>
    public static IEnumerable<ITransformer> Flat(ITransformer pipeline) =>
        pipeline is IEnumerable<ITransformer> chain ? chain.SelectMany(Flat) : [pipeline];
}
