using MLNet.Pruning.Comparators;
using MLNet.Pruning.Datasets;
using MLNet.Pruning.Plans;
using Microsoft.ML;
using static TorchSharp.torch;

namespace MLNet.Pruning.Fuzz;

/// <summary>All readers of files.</summary>
static class Readers
{
    static readonly MLContext context = new MLContext(seed: 1).UsePruning();

    static readonly FeedForwardBlueprint network = new([6, 5, 4, 3]);

    public static IReadOnlyList<FileReader> All { get; } =
    [
        Archived("plan", path => ScoringPlan.Load(path)),
        new("zip", path => ScoringPlan.Load(path)) { Growth = 1100 },
        Archived("classifier", path => From(path, stream => PrunedModelTransformer.ReadFrom(context, stream).Scoring)) with { Names = "" },
        Archived("autoencoder", path => From(path, stream => PrunedVaeTransformer.ReadFrom(context, stream).Scoring)) with { Names = "" },
        Archived("merging", path => From(path, TokenMergingTransformer.ReadFrom)) with { Names = "" },
        Archived("model", path => ModelFile.Load(path).Model.Dispose()),
        Archived("checkpoint", Resume),
        // A mask takes a byte for each bit of the file, and a copy.
        Archived("masks", path => WeightMasks.Load(path)) with { Growth = 24 },
        Archived("compressed", path =>
        {
            var compressed = CompressedModel.Load(path);
            if (compressed.Blueprint is not null)
                compressed.Build().Dispose();
        }) with { Growth = 4096 },
        new("safetensors", path => IntoNetwork(path, (module, file) => module.LoadSafetensors(file, strict: false))) { Growth = 16 },
        new("pth", path => IntoNetwork(path, (module, file) => module.LoadPth(file, strict: false))) { Growth = 128 },
        new("idx", path => IdxFile.Read(path, rank: 3)),
        new("idx-labels", path => IdxFile.Read(path, rank: 1)),
        new("cifar", path => context.Data.LoadCifar10(Path.GetDirectoryName(path)!, DatasetSplit.Test)) { FileName = "test_batch.bin", Names = "test_batch.bin", Growth = 1100 },
        new("attributes", path => ReadAttributes(path)) { FileName = "list_attr_celeba.txt", Names = "list_attr_celeba.txt", Growth = 32 },
        new("partition", path => CelebALists.Partition(Path.GetDirectoryName(path)!))
        {
            FileName = "list_eval_partition.txt",
            Names = "list_eval_partition.txt",
            Growth = 32,
        },
        // A picture takes four bytes and three for each pixel; a byte of a file may stand for 64 blocks of 8 x 8.
        new("png", path => Picture.Load(path)) { Mend = Mending.Png, Change = (content, mutator) => Mending.Png(mutator.Change(content)), Growth = 1032 * 8 * 7 },
        new("jpeg", path => Picture.Load(path)) { Growth = 8 * 64 * 16 * 7 },
        new("history", path => Texts(path, TrainingHistory.FromJson)) { Names = "", Growth = 64 },
        new("study", path => Texts(path, BurdenResult.FromJson)) { Names = "", Growth = 64 },
    ];

    /// <summary>A reader of archives, which end with a checksum.</summary>
    static FileReader Archived(string name, Action<string> read) =>
        new(name, read) { Mend = Mending.Archive, Change = Mending.ChangeArchive, Growth = 16 };

    static void From<T>(string path, Func<Stream, T> read)
    {
        using var stream = File.OpenRead(path);
        read(stream);
    }

    static void Texts<T>(string path, Func<string, T> read) => read(File.ReadAllText(path));

    static void IntoNetwork(string path, Func<nn.Module, string, StateMatch> load)
    {
        using var module = network.Build();
        load(module, path);
    }

    static void ReadAttributes(string path)
    {
        try
        {
            CelebALists.Attribute(Path.GetDirectoryName(path)!, "Smiling");
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
