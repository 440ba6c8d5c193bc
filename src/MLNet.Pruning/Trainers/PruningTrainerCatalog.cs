using MLNet.Pruning.Persistence;
using MLNet.Pruning.Trainers;

namespace Microsoft.ML;

/// <summary>Trainers for <see cref="MulticlassClassificationCatalog.Trainers"/>.</summary>
public static class PruningTrainerCatalog
{
    /// <summary>Makes a trainer of fully connected networks.</summary>
    /// <param name="catalog">The catalog of <see cref="MulticlassClassificationCatalog.Trainers"/>.</param>
    /// <param name="labelColumnName">The column to learn: a key, as <c>MapValueToKey</c> makes one.</param>
    /// <param name="featureColumnName">The column to learn from: a vector of Single of known size.</param>
    /// <param name="hiddenSizes">Neurons of each hidden layer, each at least 1; null for 50 and 30.</param>
    /// <param name="epochs">How often the training data is gone through; at least 1.</param>
    /// <param name="batchSize">Rows a step; at least 1.</param>
    /// <param name="learningRate">The learning rate of Adam; above 0.</param>
    public static PrunedFeedForwardTrainer PrunedFeedForward(
        this MulticlassClassificationCatalog.MulticlassClassificationTrainers catalog,
        string labelColumnName = "Label",
        string featureColumnName = "Features",
        IReadOnlyList<int>? hiddenSizes = null,
        int epochs = 10,
        int batchSize = 128,
        double learningRate = 0.001)
    {
        var options = new PrunedFeedForwardTrainer.Options
        {
            LabelColumnName = labelColumnName,
            FeatureColumnName = featureColumnName,
            Epochs = epochs,
            BatchSize = batchSize,
            LearningRate = learningRate,
        };
        if (hiddenSizes is not null)
            options.HiddenSizes = hiddenSizes;
        return PrunedFeedForward(catalog, options);
    }

    /// <summary>Makes a trainer of fully connected networks.</summary>
    /// <param name="catalog">The catalog of <see cref="MulticlassClassificationCatalog.Trainers"/>.</param>
    /// <param name="options">What to train, and how.</param>
    public static PrunedFeedForwardTrainer PrunedFeedForward(
        this MulticlassClassificationCatalog.MulticlassClassificationTrainers catalog,
        PrunedFeedForwardTrainer.Options options)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        return new PrunedFeedForwardTrainer(Doors.EnvironmentOf(catalog), options);
    }
}
