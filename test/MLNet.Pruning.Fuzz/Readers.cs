using MLNet.Pruning.Comparators;
using MLNet.Pruning.Datasets;
using MLNet.Pruning.Plans;
using MLNet.Pruning.Recipes;
using Microsoft.ML;
using static TorchSharp.torch;

namespace MLNet.Pruning.Fuzz;

/// <summary>All readers of files.</summary>
static class Readers
{
    static readonly MLContext context = new MLContext(seed: 1).UsePruning();

    static readonly FeedForwardBlueprint network = new([6, 5, 4, 3]);

    static readonly string[] pictures = ["000001.jpg", "000002.png"];

    public static IReadOnlyList<FileReader> All { get; } =
    [
        Archived("plan", path => ScoringPlan.Load(path)),
        new("zip", path => ScoringPlan.Load(path)) { Holds = Unpacking.Zip },
        Archived("classifier", path => From(path, stream => PrunedModelTransformer.ReadFrom(context, stream).Scoring)) with { Names = "" },
        Archived("autoencoder", path => From(path, stream => PrunedVaeTransformer.ReadFrom(context, stream).Scoring)) with { Names = "" },
        Archived("merging", path => From(path, TokenMergingTransformer.ReadFrom)) with { Names = "" },
        Archived("model", path => ModelFile.Load(path).Model.Dispose()),
        Archived("checkpoint", Resume),
        Archived("masks", path => WeightMasks.Load(path)),
        Archived("compressed", path =>
        {
            var compressed = CompressedModel.Load(path);
            if (compressed.Blueprint is not null)
                compressed.Build().Dispose();
        }) with { Holds = Unpacking.Compressed },
        new("safetensors", path => IntoNetwork(path, (module, file) => module.LoadSafetensors(file, strict: false))),
        new("pth", path => IntoNetwork(path, (module, file) => module.LoadPth(file, strict: false))),
        new("idx", path => IdxFile.Read(path, rank: 3)) { Holds = Unpacking.Gzip },
        new("idx-labels", path => IdxFile.Read(path, rank: 1)) { Holds = Unpacking.Gzip },
        new("cifar", path => context.Data.LoadCifar10(Path.GetDirectoryName(path)!, DatasetSplit.Test))
        {
            FileName = "test_batch.bin",
            Names = "test_batch.bin",
            Holds = Unpacking.Gzip,
        },
        new("attributes", path => ReadAttributes(path)) { FileName = "list_attr_celeba.txt", Names = "list_attr_celeba.txt" },
        new("partition", path => CelebALists.Partition(Path.GetDirectoryName(path)!, pictures))
        {
            FileName = "list_eval_partition.txt",
            Names = "list_eval_partition.txt",
        },
        new("png", path => Picture.Load(path))
        {
            Mend = Mending.Png,
            Change = (content, mutator) => Mending.Png(mutator.Change(content)),
            Holds = Unpacking.Picture,
        },
        new("jpeg", path => Picture.Load(path)) { Holds = Unpacking.Picture },
        new("history", path => From(path, TrainingHistory.FromJson)) { Names = "" },
        new("study", path => From(path, BurdenResult.FromJson)) { Names = "", Growth = 8 },
        new("recipe", ReadRecipe) { Growth = 256 },
    ];

    static void ReadRecipe(string path)
    {
        try
        {
            Recipe.Load(path);
        }
        catch (RecipeException mistake)
        {
            throw new InvalidDataException(mistake.Message, mistake);
        }
    }

    /// <summary>A reader of archives, which end with a checksum.</summary>
    static FileReader Archived(string name, Action<string> read) =>
        new(name, read) { Mend = Mending.Archive, Change = Mending.ChangeArchive };

    static void From<T>(string path, Func<Stream, T> read)
    {
        using var stream = File.OpenRead(path);
        read(stream);
    }

    static void IntoNetwork(string path, Func<nn.Module, string, StateMatch> load)
    {
        using var module = network.Build();
        load(module, path);
    }

    static void ReadAttributes(string path)
    {
        try
        {
            CelebALists.Attribute(Path.GetDirectoryName(path)!, "Smiling", pictures);
        }
        catch (ArgumentException unknown) when (unknown.ParamName == "attribute")
        {
            // The caller has asked for what the list does not have.
        }
    }

    /// <summary>A run whose checkpoint is the file; as it is complete there, nothing is trained unless the file says otherwise.</summary>
    public static void Resume(string path) => Run(path, resume: true);

    /// <summary>Trains a run that has all hooks with a state, and saves it.</summary>
    public static void Run(string path, bool resume)
    {
        var options = new TrainingOptions
        {
            Epochs = 1,
            BatchSize = 8,
            Seed = 3,
            Checkpoint = new CheckpointOptions(path) { Resume = resume },
            Hooks =
            [
                new NeuronPruning { Importance = Criterion.OfWeights(weights => weights.abs().sum(1)), Schedule = Schedule.OneShot(1, 0.25) }.Begin(),
                new WeightPruning { Sparsity = 0.5, Schedule = Schedule.OneShot(1, 0.5) }.Begin(),
            ],
        };
        float[] features = [.. Enumerable.Range(0, 16 * 6).Select(i => MathF.Sin(i))];
        using var model = network.Build();
        new TrainingLoop(options).Run(new TrainingTask
        {
            Model = model,
            Examples = new ArrayExamples(features, [6], [.. Enumerable.Range(0, 16).Select(i => i % 3)]),
            Objective = new CrossEntropy(3),
        });
    }
}
