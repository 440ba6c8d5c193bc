namespace MLNet.Pruning.Benchmarks;

/// <summary>A network that is trained beside its peers.</summary>
/// <param name="Name">What a contender is asked for.</param>
/// <param name="Title">What the table is called.</param>
/// <param name="Blueprint">Ours.</param>
/// <param name="Optimizer">What steps it, in all libraries with their own defaults.</param>
/// <param name="Images">Images in a timed epoch: a tenth to a half of a second's work; short ones, often in turn, as what else the machine does comes and goes.</param>
/// <param name="Wanted">How many times as fast as a plain TorchSharp loop ours is meant to be.</param>
sealed record Network(string Name, string Title, Blueprint Blueprint, OptimizerKind Optimizer, int Images, double Wanted, int Batch = 128, int Classes = 10)
{
    static readonly VitBlueprint Vit = VitBlueprint.For([1, 28, 28], 4, 10);

    public static IReadOnlyList<Network> All { get; } =
    [
        new("fc", "784-50-30-10", new FeedForwardBlueprint([784, 50, 30, 10]), OptimizerKind.Adam, 51_200, 3),
        new("tabular", "30-64-32-2", new FeedForwardBlueprint([30, 64, 32, 2]), OptimizerKind.Adam, 102_400, 6, Batch: 256, Classes: 2),
        new("vit", "ViT, dim 64, 4 blocks of 4 heads, MLP 128, 49 tokens", Vit, OptimizerKind.AdamW, 1_280, 2),
        new("vit25", "the same, its 49 tokens merged to 25", Vit with { Merge = 24 }, OptimizerKind.AdamW, 2_560, 2),
        new("cnn", "CNN 3-16-32, 2048-256-128-10", ConvNetBlueprint.Cifar(), OptimizerKind.Adam, 2_560, 1.6),
        new("vae", "autoencoder of 28x28, blocks of 16 and 32, 512-256, 32 latents", new VaeBlueprint([1, 28, 28], [16, 32], [512, 256], 32), OptimizerKind.Adam, 1_280, 1.3),
    ];

    /// <summary>Those that take long, and are trained when they are asked for.</summary>
    static readonly IReadOnlyList<Network> large =
    [
        new("vae85", "autoencoder of 64x64, blocks of 32 and 64, 2560, 64 latents", new VaeBlueprint([3, 64, 64], [32, 64], [2560], 64), OptimizerKind.Adam, 128, 1),
    ];

    /// <summary>Those that are also trained with masks.</summary>
    public static IReadOnlyList<Network> Masked { get; } =
    [
        Of("vit"),
        Of("fc"),
        new("wide", "784-1024-1024-10", new FeedForwardBlueprint([784, 1024, 1024, 10]), OptimizerKind.Adam, 5_120, 0),
    ];

    public static Network Of(string name) => All.Concat(large).FirstOrDefault(n => n.Name == name) ?? Masked.Single(n => n.Name == name);

    public IObjective Objective => Blueprint is VaeBlueprint ? new VaeObjective() : new CrossEntropy(Classes);

    /// <summary>MNIST where it is found, and noise for images in color: what is trained does not change how long it takes.</summary>
    public Examples Load() => Blueprint.InputShape[0] == 3 || Name == "tabular" ? Examples.Noise(Images, 1, Blueprint.InputShape, Classes) : Examples.Load(Images).Train;
}
