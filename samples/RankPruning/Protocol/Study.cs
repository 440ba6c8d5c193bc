using Microsoft.ML;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning.Samples.RankPruning.Protocol;

/// <summary>A network and its data, on which methods are tuned and compared.</summary>
sealed record Study
{
    public required string Name { get; init; }

    public required string Network { get; init; }

    /// <summary>The network, with batch norms behind its hidden layers or without.</summary>
    public required Func<bool, nn.Module<Tensor, Tensor>> Build { get; init; }

    /// <summary>The groups to prune; null for all.</summary>
    public IReadOnlyList<string>? Groups { get; init; }

    /// <summary>
    /// The fractions of weights that Han et al. remove from the layers of the nearest network of theirs, by the layers' places.
    /// </summary>
    public required IReadOnlyList<double> Quotas { get; init; }

    public required IReadOnlyList<long> Shape { get; init; }

    public required int Classes { get; init; }

    public required int Epochs { get; init; }

    public required int Seeds { get; init; }

    public long? Rows { get; init; }

    /// <summary>Rows of the training set that are held out to choose settings.</summary>
    public required int Validation { get; init; }

    public required Func<MLContext, string, DatasetSplit, IDataView> Load { get; init; }

    /// <summary>The paper's figures by method, and what they are.</summary>
    public IReadOnlyDictionary<string, string> Paper { get; init; } = new Dictionary<string, string>();

    // LeNet-300-100 of Han et al. keeps 8, 9 and 26 % of its weights; LeNet-5 66 and 12 % of its convolutions', 8 and 19 % of the others'.
    public static Study Mnist { get; } = new()
    {
        Name = "mnist",
        Network = "784-50-30-10",
        Build = norms => norms ? Dense([784, 50, 30, 10]) : new FeedForwardBlueprint([784, 50, 30, 10]).Build(),
        Quotas = [0.92, 0.91, 0.74],
        Shape = [784],
        Classes = 10,
        Epochs = 30,
        Seeds = 5,
        Validation = 10_000,
        Load = (mlContext, folder, split) => mlContext.Data.LoadMnist(folder, split),
        Paper = new Dictionary<string, string>
        {
            ["rank"] = "0.9217 at 68 %, training",
            ["pqh"] = "0.9842, as printed",
            ["ns"] = "0.9851, as printed",
        },
    };

    public static Study Fashion { get; } = Mnist with
    {
        Name = "fashion",
        Load = (mlContext, folder, split) => mlContext.Data.LoadFashionMnist(folder, split),
        Paper = new Dictionary<string, string>(),
    };

    public static Study Cifar10 { get; } = new()
    {
        Name = "cifar10",
        Network = "3-16-32 convolutions, 2048-256-128-10",
        Build = norms => norms ? Convolutional([256, 128, 10]) : ConvNetBlueprint.Cifar().Build(),
        Groups = ["classifier.*"],
        Quotas = [0.34, 0.88, 0.92, 0.91, 0.81],
        Shape = [3, 32, 32],
        Classes = 10,
        Epochs = 16,
        Seeds = 3,
        Rows = 20_000,
        Validation = 4_000,
        Load = (mlContext, folder, split) => mlContext.Data.LoadCifar10(folder, split),
        Paper = new Dictionary<string, string>
        {
            ["rank"] = "0.9140 at 41 %, training",
            ["lrp"] = "0.9323 at 30 %, as printed",
            ["ns"] = "0.9221, as printed",
            ["fprl"] = "0.9407, as printed",
            ["pfec"] = "0.9294, as printed",
        },
    };

    public static IReadOnlyList<Study> All { get; } = [Mnist, Fashion, Cifar10];

    static Sequential Dense(int[] sizes)
    {
        var parts = new List<(string, nn.Module<Tensor, Tensor>)>();
        for (var i = 1; i < sizes.Length; i++)
        {
            parts.Add(($"linear{i}", nn.Linear(sizes[i - 1], sizes[i])));
            if (i < sizes.Length - 1)
                parts.AddRange([($"norm{i}", nn.BatchNorm1d(sizes[i])), ($"activation{i}", nn.ReLU())]);
        }
        return nn.Sequential(parts);
    }

    // The network of ConvNetBlueprint.Cifar, with a batch norm behind each hidden layer as well.
    static Sequential Convolutional(int[] sizes) => nn.Sequential(
        ("features", nn.Sequential(
            ("conv1", nn.Conv2d(3, 16, 3, 1, 1)), ("norm1", nn.BatchNorm2d(16)), ("activation1", nn.ReLU()), ("pool1", nn.MaxPool2d(2)),
            ("conv2", nn.Conv2d(16, 32, 3, 1, 1)), ("norm2", nn.BatchNorm2d(32)), ("activation2", nn.ReLU()), ("pool2", nn.MaxPool2d(2)))),
        ("flatten", nn.Flatten()),
        ("classifier", Dense([2048, .. sizes])));
}
