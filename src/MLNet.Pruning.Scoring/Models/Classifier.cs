using System.Text;
using MLNet.Pruning.Persistence;
using MLNet.Pruning.Plans;
using Microsoft.ML;
using Microsoft.ML.Runtime;

namespace MLNet.Pruning.Scoring;

/// <summary>Everything about a trained classifier but its network.</summary>
sealed class Classifier : ScoredModel
{
    public const string Kind = SavedNetwork.Classifier;

    const string Name = "The pruned model", FeatureEntry = SavedNetwork.Features, LabelEntry = SavedNetwork.Labelling;

    readonly VitDescription? tokens;

    /// <exception cref="InvalidDataException">The network's description has wrong values.</exception>
    public Classifier(Archive network, string featureColumnName, ClassLabels labels)
        : base(Kind, Name, typeof(PrunedModelTransformer))
    {
        (ReadColumnName, Labels) = (featureColumnName, labels);
        var description = Describe(network);
        FeatureCount = description?.InputWidth ?? network.Part(SavedNetwork.Blueprint, Name, SavedDescription.ModuleInputs);
        tokens = description is VitDescription { Input: VitInput.Tokens } vit ? vit : null;
    }

    public override string ReadColumnName { get; }

    public int FeatureCount { get; }

    public ClassLabels Labels { get; }

    public override int Outputs => Labels.Count;

    public override LoaderName Loader => Loaders.Classifier;

    protected override (string Name, byte[] Content)[] Parts => PartsOf(ReadColumnName, Labels);

    /// <summary>The entries of a classifier's file beside its network.</summary>
    public static (string Name, byte[] Content)[] PartsOf(string featureColumnName, ClassLabels labels)
    {
        using var content = new MemoryStream();
        using (var writer = new BinaryWriter(content, Encoding.UTF8, leaveOpen: true))
            labels.Write(writer);
        return [(FeatureEntry, Encoding.UTF8.GetBytes(featureColumnName)), (LabelEntry, content.ToArray())];
    }

    /// <inheritdoc cref="ScoredModel.Read"/>
    public static (Classifier Model, IModelScorer Scorer) Read(Stream stream, IHostEnvironment environment) =>
        Read(stream, environment, Kind, Name, Of);

    /// <summary>Reads the classifier of an archive.</summary>
    public static Classifier Of(Archive archive) => new(
        archive, archive.Part(FeatureEntry, Name, Encoding.UTF8.GetString), archive.Part(LabelEntry, Name, ClassLabels.Read));

    public override NetworkDescription? Describe(Archive network) => SavedNetwork.Describe(network, Name);

    public override ScoreBinding Bind(DataViewSchema input)
    {
        var features = tokens is null
            ? FeatureColumns.Find(input, ReadColumnName, FeatureCount)
            : TokenFeatures.Find(input, ReadColumnName, tokens);
        return new ScoreBinding(input, features, Outputs, ScoreColumns.For(Labels, input));
    }
}
