using Microsoft.ML;
using MLNet.Pruning.Persistence;
using MLNet.Pruning.Plans;

namespace MLNet.Pruning.Scoring;

/// <summary>All about a trained classifier but its weights.</summary>
/// <param name="FeatureColumnName">The column it reads.</param>
/// <param name="FeatureCount">Numbers of a row of features.</param>
/// <param name="Labels">The classes it tells apart.</param>
/// <param name="Tokens">The network, where it reads merged tokens.</param>
sealed record Classifier(string FeatureColumnName, int FeatureCount, ClassLabels Labels, VitDescription? Tokens)
{
    public const string What = "The pruned model";

    public ScoredModel Scored => new(network => SavedNetwork.Describe(network, What), Labels.Count, Check: null, typeof(PrunedModelTransformer), What);

    public ScoreBinding Bind(DataViewSchema input)
    {
        var features = Tokens is null ? FeatureColumns.Find(input, FeatureColumnName, FeatureCount) : TokenFeatures.Find(input, FeatureColumnName, Tokens);
        return new ScoreBinding(input, features, Labels.Count, ScoreColumns.For(Labels, input));
    }

    /// <summary>The classifier of a network, for these labels.</summary>
    /// <exception cref="InvalidDataException">The network's description has wrong values.</exception>
    public static Classifier Of(Archive network, string featureColumnName, ClassLabels labels)
    {
        var description = SavedNetwork.Describe(network, What);
        int features = description?.InputWidth ?? network.Part(SavedNetwork.Blueprint, What, SavedDescription.ModuleInputs);
        return new(featureColumnName, features, labels, description is VitDescription { Input: VitInput.Tokens } vit ? vit : null);
    }
}
