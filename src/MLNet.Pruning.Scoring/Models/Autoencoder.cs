using Microsoft.ML;
using MLNet.Pruning.Persistence;
using MLNet.Pruning.Plans;

namespace MLNet.Pruning.Scoring;

/// <summary>The column that an autoencoder reads, those that it adds, and the weights of the loss that it reports.</summary>
sealed record VaeColumns(string Input, string Latent, string Reconstruction, string Loss, double ReconstructionWeight, double DivergenceWeight)
{
    /// <summary>Throws an <see cref="ArgumentException"/> unless the names can be used.</summary>
    public void Validate()
    {
        foreach (string? name in (string?[])[Input, Latent, Reconstruction, Loss])
            if (string.IsNullOrEmpty(name))
                throw new ArgumentException($"The name of a column is {(name is null ? "null" : "empty")}.");
        if (Latent == Reconstruction || Latent == Loss || Reconstruction == Loss)
            throw new ArgumentException($"The columns to add are '{Latent}', '{Reconstruction}' and '{Loss}'; wanted three different names.");
    }
}

/// <summary>All about a trained autoencoder but its weights.</summary>
/// <param name="Columns">What it reads and adds.</param>
/// <param name="ValueCount">Values of an image.</param>
/// <param name="Latent">Numbers that an image is described by.</param>
sealed record Autoencoder(VaeColumns Columns, int ValueCount, int Latent)
{
    public const string What = "The pruned autoencoder";

    public ScoredModel Scored =>
        new(network => Describe(network, Columns), Latent + ValueCount + 1, Check, typeof(PrunedVaeTransformer), What);

    public ScoreBinding Bind(DataViewSchema input) => new(input, FeatureColumns.Find(input, Columns.Input, ValueCount), Latent + ValueCount + 1,
    [
        AddedColumn.Vector(Columns.Latent, 0, Latent),
        AddedColumn.Vector(Columns.Reconstruction, Latent, ValueCount),
        AddedColumn.Number(Columns.Loss, Latent + ValueCount),
    ]);

    /// <summary>The autoencoder of a network.</summary>
    /// <exception cref="InvalidDataException">The network is none, or has wrong values.</exception>
    public static Autoencoder Of(Archive network, VaeColumns columns)
    {
        var description = Describe(network, columns);
        return new(columns, description.InputWidth, description.Latent);
    }

    static VaeDescription Describe(Archive network, VaeColumns columns)
    {
        try
        {
            return SavedDescription.WithLoss(SavedNetwork.Describe(network, What), columns.ReconstructionWeight, columns.DivergenceWeight);
        }
        catch (ArgumentException failure)
        {
            throw new InvalidDataException($"{What} has wrong weights of its loss: {failure.Message}", failure);
        }
    }

    /// <summary>NaN is let through: it makes NaN of its image, and of no other.</summary>
    /// <exception cref="InvalidOperationException">A value is outside 0 to 1.</exception>
    void Check(ReadOnlySpan<float> images)
    {
        foreach (float value in images)
        {
            if (value is < 0 or > 1)
                throw new InvalidOperationException($"Column '{Columns.Input}' has values outside 0 to 1; the autoencoder has learnt images with values from 0 to 1. Divide by the largest, such as 255.");
        }
    }
}
