using MLNet.Pruning.Persistence;
using MLNet.Pruning.Training;
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
        made.Record = new TrainingRecord(history);
        return made;
    }

    /// <summary>The history of a model; null for a file of an earlier version.</summary>
    /// <exception cref="InvalidDataException">The file's history is damaged, or of a later version.</exception>
    public static TrainingHistory? History(PrunedTransformer model)
    {
        lock (model.Scorer)
        {
            if (model.Record is SavedRecord { Content: var content, Speed: var speed })
            {
                var history = Read(content);
                history.ScoringSpeed = speed ?? history.ScoringSpeed;
                model.Record = new TrainingRecord(history);
            }
            return (model.Record as TrainingRecord)?.History;
        }
    }

    static TrainingHistory Read(byte[] content)
    {
        try
        {
            return SavedHistory.Read(content);
        }
        catch (InvalidDataException failure)
        {
            throw new InvalidDataException($"The model's training history cannot be read: {failure.Message}", failure);
        }
    }

    sealed record TrainingRecord(TrainingHistory History) : ITrainingRecord
    {
        public byte[] Write() => SavedHistory.Write(History);

        public void Measured(ScoringSpeed speed) => History.ScoringSpeed = speed;
    }
}
