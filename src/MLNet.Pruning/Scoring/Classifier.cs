using Microsoft.ML;
using MLNet.Pruning.Models;
using static TorchSharp.torch;

namespace MLNet.Pruning.Scoring;

/// <summary>All about a trained classifier but its weights.</summary>
/// <param name="Blueprint">What its module is made of.</param>
/// <param name="FeatureColumnName">The column it reads.</param>
/// <param name="Labels">The classes it tells apart.</param>
sealed record Classifier(Blueprint Blueprint, string FeatureColumnName, ClassLabels Labels)
{
    /// <summary>Numbers of a row of features.</summary>
    public int FeatureCount { get; } = checked((int)Blueprint.InputShape.Aggregate(1L, (product, size) => checked(product * size)));

    /// <summary>What computes it.</summary>
    public ModelScorers Scorers => new(
        NetworkPlans.Describe(Blueprint) is null ? null : blueprint => NetworkPlans.Describe(blueprint)!,
        Check: null,
        module => module is nn.Module<Tensor, Tensor> network
            ? input => network.call(input).softmax(1)
            : throw new InvalidDataException($"The pruned model is a {module.GetType().Name}, which does not give one tensor for one tensor, as a classifier does."),
        Labels.Count,
        typeof(PrunedModelTransformer),
        "The pruned model");

    /// <summary>Finds in a schema what it reads.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing, or of another type or size than it was trained on.</exception>
    public FeatureColumns Features(DataViewSchema schema) => Blueprint is VitBlueprint { Input: VitInput.Tokens } vit
        ? TokenFeatures.Find(schema, FeatureColumnName, vit)
        : FeatureColumns.Find(schema, FeatureColumnName, FeatureCount);
}
