using Microsoft.ML;
using Microsoft.ML.Data;

namespace MLNet.Pruning.Benchmarks;

/// <summary>
/// Writes small models that the trainers saved, with rows and their scores: what the tests of scoring plans load. The files that
/// are there have LibTorch's scores, from before trainers scored by plans; those of the networks' modules would be such again.
/// </summary>
static class SavedModels
{
    const int Count = 5;

    static readonly MLContext context = new(seed: 1);

    public static void Run(string[] args)
    {
        string folder = args.FirstOrDefault() ?? "test/MLNet.Pruning.Plans.Tests/files";
        Directory.CreateDirectory(folder);
        var trainers = context.MulticlassClassification.Trainers;
        Write(folder, "feed-forward", 1, trainers.PrunedFeedForward(new()
        {
            FeatureColumnName = "Pixels",
            HiddenSizes = [24, 12],
            Epochs = 3,
            Seed = 1,
            Pruning = new WeightPruning { Sparsity = 0.9, Every = 2 },
        }), zip: false);
        Write(folder, "conv-net", 3, trainers.PrunedConvNet(new()
        {
            FeatureColumnName = "Pixels",
            ImageChannels = 3,
            Channels = [6, 8],
            HiddenSizes = [10],
            BatchNorm = true,
            Activation = Activation.LeakyRelu,
            Epochs = 3,
            Seed = 1,
        }), zip: true);
        var vit = Vit("Pixels");
        (vit.ImageChannels, vit.PatchSize, vit.Merge, vit.LayerMerges, vit.Pooling) = (3, 2, 3, [0.25, 2], VitPooling.ClassToken);
        vit.Pruning = new NeuronPruning
        {
            Importance = new WeightNorm(2),
            Schedule = Schedule.Stepwise(maturity: 1, every: 1, amount: 0.3, target: 0.5),
        };
        Write(folder, "vit", 3, trainers.PrunedVit(vit), zip: true);
        // The pipeline reads pixels, the network alone tokens.
        var merging = context.Transforms.MergeTokens("Tokens", "Pixels", 8, 8, 1, 2);
        Write(folder, "vit-merged", 1, trainers.PrunedVit(Vit("Tokens")), zip: true, merging);
        Write(folder, "vit-tokens", 1, trainers.PrunedVit(Vit("Tokens")), zip: false, merging);
        Write(folder, "vae", 1, context.Transforms.PrunedVae(new()
        {
            InputColumnName = "Pixels",
            Channels = [3, 4],
            HiddenSizes = [12],
            LatentSize = 3,
            ReconstructionWeight = 0.5,
            DivergenceWeight = 2,
            Epochs = 2,
            Seed = 1,
        }), zip: false);
    }

    static PrunedVitTrainer.Options Vit(string features) =>
        new() { FeatureColumnName = features, Dim = 16, Depth = 2, Heads = 4, HiddenSize = 20, Epochs = 3, LearningRate = 0.005, Seed = 7 };

    static void Write<T>(
        string folder, string name, int channels, IEstimator<T> trainer, bool zip,
        TokenMergingEstimator? merging = null)
        where T : class, ITransformer
    {
        var keys = new EstimatorChain<ITransformer>().Append(context.Transforms.Conversion.MapValueToKey("Label", "Kind"));
        var train = View(90, channels, seed: 1);
        using var model = (merging is null ? keys.Append(trainer) : keys.Append(merging).Append(trainer)).Fit(train);
        string file = Path.Combine(folder, name);
        if (zip)
            context.Model.Save(model, train.Schema, $"{file}.zip");
        else
        {
            using var stream = File.Create($"{file}.pruned");
            if (model.LastTransformer is PrunedVaeTransformer autoencoder)
                autoencoder.WriteTo(stream);
            else
                ((PrunedModelTransformer)(object)model.LastTransformer).WriteTo(stream);
        }
        var scored = model.Transform(View(Count, channels, seed: 2));
        string[] read = zip || merging is null ? ["Pixels"] : ["Tokens", "Tokens.Sizes", "Tokens.Sources"];
        string[] computed = model.LastTransformer is PrunedVaeTransformer ? ["Latent", "Reconstruction", "Loss"] : ["Score"];
        File.WriteAllBytes($"{file}.rows", Numbers(scored, read));
        File.WriteAllBytes($"{file}.scores", Numbers(scored, computed));
    }

    /// <summary>The columns' values of each row, little-endian.</summary>
    static byte[] Numbers(IDataView view, params string[] columns)
    {
        var parts = columns.Select(name => (view.Schema[name].Type as VectorDataViewType)?.ItemType == NumberDataViewType.Int32
            ? view.GetColumn<VBuffer<int>>(name).Select(row => row.DenseValues().Select(value => (float)value).ToArray()).ToArray()
            : view.Schema[name].Type is VectorDataViewType
                ? view.GetColumn<VBuffer<float>>(name).Select(row => row.DenseValues().ToArray()).ToArray()
                : view.GetColumn<float>(name).Select(value => (float[])[value]).ToArray()).ToArray();
        return [.. Enumerable.Range(0, Count).SelectMany(row => parts.SelectMany(part => part[row])).SelectMany(BitConverter.GetBytes)];
    }

    /// <summary>Images of 8 x 8: bright stripes across, bright stripes down, and neither, with some noise.</summary>
    static IDataView View(int count, int channels, int seed)
    {
        var random = new Random(seed);
        var schema = SchemaDefinition.Create(typeof(Pattern));
        schema[nameof(Pattern.Pixels)].ColumnType = new VectorDataViewType(NumberDataViewType.Single, channels * 64);
        return context.Data.LoadFromEnumerable(Enumerable.Range(0, count).Select(i => new Pattern
        {
            Kind = ((string[])["across", "down", "plain"])[i % 3],
            Pixels = [.. Enumerable.Range(0, channels * 64).Select(p => (0.8f * (i % 3) switch
            {
                0 => p % 64 / 8 % 2,
                1 => p % 2,
                _ => 0.5f,
            }) + (0.2f * random.NextSingle()))],
        }).ToArray(), schema);
    }

    sealed class Pattern
    {
        public string Kind { get; set; } = "";

        public float[] Pixels { get; set; } = [];
    }
}
