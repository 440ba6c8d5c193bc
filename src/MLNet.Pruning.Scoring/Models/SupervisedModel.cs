using System.Text;
using MLNet.Pruning.Persistence;
using MLNet.Pruning.Plans;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace MLNet.Pruning.Scoring;

/// <summary>Everything about a model that has learned a label but its network.</summary>
sealed class SupervisedModel : ScoredModel
{
    const string Name = "The pruned model";

    readonly NetworkDescription? description;
    readonly VitDescription? tokens;

    /// <exception cref="InvalidDataException">The network's description has wrong values.</exception>
    public SupervisedModel(Archive network, string featureColumnName, PredictionTask task)
        : base(task.Kind, Name, typeof(PrunedModelTransformer))
    {
        (ReadColumnName, Task) = (featureColumnName, task);
        description = Describe(network);
        FeatureCount = description?.InputWidth ?? network.Part(SavedNetwork.Blueprint, Name, SavedDescription.ModuleInputs);
        tokens = description is VitDescription { Input: VitInput.Tokens } vit ? vit : null;
    }

    public override string ReadColumnName { get; }

    public int FeatureCount { get; }

    /// <summary>The type of the column that is read; for tokens, of the first of three.</summary>
    public DataViewType FeatureColumnType => new VectorDataViewType(
        NumberDataViewType.Single, tokens is null ? FeatureCount : tokens.Tokens * tokens.Grid.TokenWidth);

    public PredictionTask Task { get; }

    public override int Outputs => Task.Outputs;

    public override ScoringOutput Output => Task.Output;

    public override LoaderName Loader => Loaders.Classifier;

    protected override (string Name, byte[] Content)[] Parts => PartsOf(ReadColumnName, Task);

    /// <summary>The entries of a model's file beside its network.</summary>
    public static (string Name, byte[] Content)[] PartsOf(string featureColumnName, PredictionTask task) =>
        [(SavedNetwork.Features, Encoding.UTF8.GetBytes(featureColumnName)), .. task.Parts];

    /// <inheritdoc cref="ScoredModel.Read"/>
    public static (SupervisedModel Model, IModelScorer Scorer) Read(Stream stream, IHostEnvironment environment) =>
        Read(stream, environment, PredictionTask.Kinds, Name, Of);

    /// <summary>Reads the model of an archive.</summary>
    public static SupervisedModel Of(Archive archive) => new(
        archive, archive.Part(SavedNetwork.Features, Name, Encoding.UTF8.GetString), PredictionTask.Read(archive, Name));

    public override NetworkDescription? Describe(Archive network) => SavedNetwork.Describe(network, Name);

    public override ScoreBinding Bind(DataViewSchema input)
    {
        var features = tokens is null
            ? FeatureColumns.Find(input, ReadColumnName, FeatureCount, description)
            : TokenFeatures.Find(input, ReadColumnName, tokens);
        return new ScoreBinding(input, features, Outputs, Task.Columns(input));
    }
}
