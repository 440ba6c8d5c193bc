using Microsoft.ML;
using MLNet.Pruning.Models;

namespace MLNet.Pruning.Scoring;

/// <summary>All about a trained classifier but its weights.</summary>
/// <param name="Blueprint">What its module is made of.</param>
/// <param name="FeatureColumnName">The column it reads.</param>
/// <param name="Labels">The classes it tells apart.</param>
sealed record Classifier(Blueprint Blueprint, string FeatureColumnName, ClassLabels Labels)
{
    readonly int values = checked((int)Blueprint.InputShape.Aggregate(1L, (product, size) => checked(product * size)));

    /// <summary>Finds in a schema what it reads.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing, or of another type or size than it was trained on.</exception>
    public FeatureColumns Features(DataViewSchema schema) => Blueprint is VitBlueprint { Input: VitInput.Tokens } vit
        ? TokenFeatures.Find(schema, FeatureColumnName, vit)
        : FeatureColumns.Find(schema, FeatureColumnName, values);
}
