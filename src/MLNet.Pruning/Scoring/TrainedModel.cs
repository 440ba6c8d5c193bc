using MLNet.Pruning.Persistence;
using Microsoft.ML.Runtime;
using static TorchSharp.torch;

namespace MLNet.Pruning.Scoring;

/// <summary>Makes a transformer of a module that was trained.</summary>
static class TrainedModel
{
    /// <summary>Makes the transformer. Takes ownership of the module.</summary>
    /// <param name="blueprint">The blueprint of the module at its present size.</param>
    /// <param name="module">The module.</param>
    /// <param name="history">The record of its training.</param>
    /// <param name="scoring">How sparse layers are computed.</param>
    /// <param name="device">Where to score.</param>
    /// <param name="environment">The MLContext.</param>
    /// <param name="describe">Describes the model of a network.</param>
    /// <param name="transform">Makes the transformer from the model and its scorer.</param>
    public static TTransformer Make<TModel, TTransformer>(
        Blueprint blueprint,
        nn.Module module,
        TrainingHistory history,
        SparseScoring scoring,
        string device,
        IHostEnvironment environment,
        Func<Archive, TModel> describe,
        Func<TModel, IModelScorer, TTransformer> transform)
        where TModel : ScoredModel
        where TTransformer : PrunedTransformer
    {
        var network = FollowedModule.Write(blueprint, module, scoring);
        var model = describe(network);
        var made = transform(model, ModelScorer.Trained(model, blueprint, module, network, device, environment));
        if (made.Scoring is { Count: > 0 } layers)
            history.Scoring = layers;
        (made.Training, made.Measured) = (history, speed => history.ScoringSpeed = speed);
        return made;
    }
}
