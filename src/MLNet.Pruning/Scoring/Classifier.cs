using MLNet.Pruning.Models;

namespace MLNet.Pruning.Scoring;

/// <summary>All about a trained classifier but its weights.</summary>
/// <param name="Blueprint">What its module is made of.</param>
/// <param name="FeatureColumnName">The column it reads.</param>
/// <param name="Labels">The classes it tells apart.</param>
sealed record Classifier(Blueprint Blueprint, string FeatureColumnName, ClassLabels Labels)
{
    /// <summary>Values of a row's features.</summary>
    public int FeatureCount { get; } = checked((int)Blueprint.InputShape.Aggregate(1L, (product, size) => checked(product * size)));
}
