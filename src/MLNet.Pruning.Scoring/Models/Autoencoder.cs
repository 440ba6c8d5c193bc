using System.Text.Json;
using System.Text.Json.Serialization;
using MLNet.Pruning.Persistence;
using MLNet.Pruning.Plans;
using Microsoft.ML;
using Microsoft.ML.Runtime;

namespace MLNet.Pruning.Scoring;

/// <summary>Everything about a trained autoencoder but its network.</summary>
sealed class Autoencoder : ScoredModel
{
    public const string Kind = SavedNetwork.Autoencoder;

    const string Name = "The pruned autoencoder", ColumnsEntry = SavedNetwork.Columns;

    readonly int values, latent;
    readonly VaeDescription network;

    /// <param name="network">The network.</param>
    /// <param name="columns">The columns that it reads and adds, and the weights of its loss.</param>
    /// <exception cref="InvalidDataException">The network is no autoencoder, or has wrong values.</exception>
    public Autoencoder(Archive network, VaeColumns columns)
        : base(Kind, Name, typeof(PrunedVaeTransformer))
    {
        Columns = columns;
        this.network = (VaeDescription)Describe(network);
        (values, latent) = (this.network.InputWidth, this.network.Latent);
    }

    public VaeColumns Columns { get; }

    public override string ReadColumnName => Columns.Input;

    /// <summary>Latents, reconstruction and loss.</summary>
    public override int Outputs => latent + values + 1;

    public override LoaderName Loader => Loaders.Vae;

    protected override (string Name, byte[] Content)[] Parts => PartsOf(Columns);

    /// <summary>The entries of an autoencoder's file beside its network.</summary>
    public static (string Name, byte[] Content)[] PartsOf(VaeColumns columns) =>
        [(ColumnsEntry, JsonSerializer.SerializeToUtf8Bytes(columns, VaeColumnsJson.Default.VaeColumns))];

    /// <inheritdoc cref="ScoredModel.Read"/>
    public static (Autoencoder Model, IModelScorer Scorer) Read(Stream stream, IHostEnvironment environment) =>
        Read(stream, environment, [Kind], Name, Of);

    /// <summary>Reads the autoencoder of an archive.</summary>
    public static Autoencoder Of(Archive archive) => new(archive, archive.Part(ColumnsEntry, Name, json =>
    {
        var columns = GuardedStream.Description(json, VaeColumnsJson.Default.VaeColumns)
            ?? throw new InvalidDataException("it is null.");
        columns.Validate();
        return columns;
    }));

    public override NetworkDescription Describe(Archive network)
    {
        try
        {
            return SavedDescription.WithLoss(SavedNetwork.Describe(network, Name), Columns.ReconstructionWeight, Columns.DivergenceWeight);
        }
        catch (ArgumentException failure)
        {
            throw new InvalidDataException($"{Name} has wrong weights of its loss: {failure.Message}", failure);
        }
    }

    public override ScoreBinding Bind(DataViewSchema input) => new(
        input, FeatureColumns.Find(input, Columns.Input, values, network), Outputs,
    [
        AddedColumn.Vector(Columns.Latent, 0, latent),
        AddedColumn.Vector(Columns.Reconstruction, latent, values),
        AddedColumn.Number(Columns.Loss, latent + values),
    ]);

    /// <summary>NaN is let through: it affects its own image only.</summary>
    /// <exception cref="InvalidOperationException">A value is outside 0 to 1.</exception>
    public override void Check(ReadOnlySpan<float> images)
    {
        foreach (float value in images)
        {
            if (value is < 0 or > 1)
            {
                throw new InvalidOperationException($"Column '{Columns.Input}' has values outside 0 to 1; "
                    + "the autoencoder has learnt images with values from 0 to 1. Divide by the largest, such as 255: "
                    + "scaleImage: 1f / 255 of ExtractPixels does it.");
            }
        }
    }
}

/// <summary>The column that an autoencoder reads, the columns that it adds, and the weights of its loss.</summary>
sealed record VaeColumns(
    string Input, string Latent, string Reconstruction, string Loss, double ReconstructionWeight, double DivergenceWeight)
{
    /// <summary>Throws an <see cref="ArgumentException"/> if a column name is missing or repeated.</summary>
    public void Validate()
    {
        foreach (string? name in (string?[])[Input, Latent, Reconstruction, Loss])
            if (string.IsNullOrEmpty(name))
                throw new ArgumentException($"The name of a column is {(name is null ? "null" : "empty")}.");
        if (Latent == Reconstruction || Latent == Loss || Reconstruction == Loss)
        {
            throw new ArgumentException(
                $"The columns to add are '{Latent}', '{Reconstruction}' and '{Loss}'; wanted three different names.");
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(VaeColumns))]
sealed partial class VaeColumnsJson : JsonSerializerContext;
