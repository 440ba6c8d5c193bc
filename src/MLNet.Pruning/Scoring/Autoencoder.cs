using Microsoft.ML;
using MLNet.Pruning.Models;
using MLNet.Pruning.Plans;
using static TorchSharp.torch;

namespace MLNet.Pruning.Scoring;

/// <summary>The column that an autoencoder reads, those that it adds, and the weights of the loss that it reports.</summary>
sealed record VaeColumns(string Input, string Latent, string Reconstruction, string Loss, double ReconstructionWeight, double DivergenceWeight)
{
    /// <summary>Throws an <see cref="ArgumentException"/> unless the names and weights can be used.</summary>
    public void Validate()
    {
        foreach (string? name in (string?[])[Input, Latent, Reconstruction, Loss])
            if (string.IsNullOrEmpty(name))
                throw new ArgumentException($"The name of a column is {(name is null ? "null" : "empty")}.");
        if (Latent == Reconstruction || Latent == Loss || Reconstruction == Loss)
            throw new ArgumentException($"The columns to add are '{Latent}', '{Reconstruction}' and '{Loss}'; wanted three different names.");
        Objective();
    }

    public VaeObjective Objective() => new(ReconstructionWeight, DivergenceWeight);
}

/// <summary>All about a trained autoencoder but its weights.</summary>
/// <param name="Blueprint">What its module is made of.</param>
/// <param name="Columns">What it reads and adds.</param>
sealed record Autoencoder(VaeBlueprint Blueprint, VaeColumns Columns)
{
    /// <summary>Values of an image.</summary>
    public int ValueCount { get; } = checked((int)Blueprint.Image.Aggregate(1L, (product, size) => checked(product * size)));

    public ScoreBinding Bind(DataViewSchema input) => new(input, FeatureColumns.Find(input, Columns.Input, ValueCount), Blueprint.Latent + ValueCount + 1,
    [
        AddedColumn.Vector(Columns.Latent, 0, Blueprint.Latent),
        AddedColumn.Vector(Columns.Reconstruction, Blueprint.Latent, ValueCount),
        AddedColumn.Number(Columns.Loss, Blueprint.Latent + ValueCount),
    ]);

    /// <summary>What computes it.</summary>
    public ModelScorers Scorers => new(
        blueprint => (VaeDescription)NetworkPlans.Describe(blueprint)! with { ReconstructionWeight = Columns.ReconstructionWeight, DivergenceWeight = Columns.DivergenceWeight },
        Check,
        module => Compute((Vae)module),
        Blueprint.Latent + ValueCount + 1,
        typeof(PrunedVaeTransformer),
        "The pruned autoencoder");

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

    /// <summary>Latents, reconstruction and loss of each image by LibTorch, [rows, numbers]. An image with a NaN in it gives NaN.</summary>
    Func<Tensor, Tensor> Compute(Vae module)
    {
        var objective = Columns.Objective();
        return images =>
        {
            var output = module.Run(images);
            return cat([output.Mean, output.Logits.sigmoid().flatten(1), objective.UncheckedRowLosses(output, images).unsqueeze(1)], 1);
        };
    }
}
