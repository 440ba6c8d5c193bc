using System.Text;
using MLNet.Pruning.Persistence;
using Microsoft.ML.Runtime;
using static TorchSharp.torch;

namespace MLNet.Pruning.Scoring;

/// <summary>What a trainer keeps in its checkpoints so that a model can be made of them without the training data.</summary>
static class CheckpointModel
{
    const string KindEntry = "kind", ScoringEntry = "scoring";

    /// <summary>The metadata of a kind of model: the entries of its file beside its network.</summary>
    public static Dictionary<string, byte[]> Metadata(string kind, (string Name, byte[] Content)[] parts) =>
        new(parts.Select(part => KeyValuePair.Create(part.Name, part.Content))) { [KindEntry] = Encoding.UTF8.GetBytes(kind) };

    /// <summary>Adds how sparse layers are computed.</summary>
    public static void Add(Dictionary<string, byte[]> metadata, SparseScoring scoring) =>
        metadata[ScoringEntry] = Encoding.UTF8.GetBytes(scoring.ToString());

    /// <summary>Makes the model of a checkpoint.</summary>
    /// <exception cref="InvalidDataException">No trainer of ML.NET wrote the checkpoint.</exception>
    public static PrunedTransformer Load(CheckpointFile saved, IHostEnvironment environment)
    {
        string device = ComputeDevice.Choose(environment, asked: null);
        var blueprint = ModuleBuilders.Complete(saved.Blueprint, environment);
        string? kind = Text(KindEntry);
        return kind switch
        {
            not null when PredictionTask.Kinds.Contains(kind) => Made(SupervisedModel.Of, SingleFeatureTransformer.Create),
            Autoencoder.Kind => Made(Autoencoder.Of, (model, scorer) => new PrunedVaeTransformer(model, scorer)),
            _ => throw new InvalidDataException($"Checkpoint '{saved.Path}' is of "
                + (kind is null ? "a TrainingLoop, not of one of ML.NET's trainers; read it with CheckpointFile.Read."
                : $"a model of the kind '{kind}', which this version does not know.")),
        };

        TTransformer Made<TModel, TTransformer>(Func<Archive, TModel> read, Func<TModel, IModelScorer, TTransformer> transform)
            where TModel : ScoredModel
            where TTransformer : PrunedTransformer
        {
            var module = saved.Build((blueprint as ModuleBlueprint)?.Builder);
            try
            {
                ModuleScope.Detach(module);
                Unscale(module);
                return TrainedModel.Make(blueprint, module, saved.History, Sparse(), device, environment, Describe, transform);
            }
            catch
            {
                module.Dispose();
                throw;
            }

            TModel Describe(Archive network) => read(NetworkPart.Copy(network, new Archive(kind!),
                [.. saved.Metadata.Where(part => part.Key is not (KindEntry or ScoringEntry or LabelScale.Entry or PixelScale.Entry))
                    .Select(part => (part.Key, part.Value))]));
        }

        void Unscale(nn.Module module)
        {
            try
            {
                LabelScale.Of(saved.Metadata)?.Apply(module);
                PixelScale.Of(saved.Metadata, blueprint)?.Apply(module);
            }
            catch (ArgumentException failure)
            {
                throw new InvalidDataException(
                    $"Checkpoint '{saved.Path}' has the scale of its labels for another network: {failure.Message}", failure);
            }
        }

        SparseScoring Sparse() => Enum.TryParse<SparseScoring>(Text(ScoringEntry), out var scoring) ? scoring : SparseScoring.Automatic;

        string? Text(string entry) => saved.Metadata.TryGetValue(entry, out var content) ? Encoding.UTF8.GetString(content) : null;
    }
}
