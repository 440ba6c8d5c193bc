using Microsoft.ML;
using static TorchSharp.torch;

namespace MLNet.Pruning.Samples.RankPruning;

/// <summary>The experiments by name. Networks, schedules and the paper's figures are those of its table 1 and appendix.</summary>
static class Experiments
{
    // Each event removes a tenth, as in the paper, but every other epoch: after ten epochs of recovery the choice of neurons hardly shows
    // (docs/experiments.md).
    public static Classification Mnist { get; } = new()
    {
        Name = "mnist",
        Network = "784-50-30-10",
        Load = (mlContext, settings) => settings.Data is { } folder
            ? (mlContext.Data.LoadMnist(folder), mlContext.Data.LoadMnist(folder, DatasetSplit.Test))
            : Drawn(mlContext),
        Blueprint = new FeedForwardBlueprint([784, 50, 30, 10]),
        Trainer = (mlContext, set) => Trained(mlContext, [50, 30], set),
        Normalized = (mlContext, set) => Normalized(mlContext, [50, 30], set),
        Maturity = 10,
        Every = 2,
        Amount = 0.10,
        Target = 0.80,
        Epochs = 56,
        Seeds = 5,
        Paper = [("rank", 0.9217, 0.68), ("pqh", 0.9842, null), ("ns", 0.9851, null)],
    };

    public static Classification Fashion { get; } = Mnist with
    {
        Name = "fashion",
        Load = (mlContext, settings) => Both(settings, "fashion-mnist",
            (folder, split) => mlContext.Data.LoadFashionMnist(folder, split, settings.Download, Downloads.Shown)),
        Paper = [("rank", null, 0.68)],
    };

    public static Classification Cifar10 { get; } = new()
    {
        Name = "cifar10",
        Network = "3-16-32 convolutions, 2048-256-128-10",
        Load = (mlContext, settings) => Both(settings, "cifar-10",
            (folder, split) => mlContext.Data.LoadCifar10(folder, split, settings.Download, Downloads.Shown)),
        Blueprint = ConvNetBlueprint.Cifar(),
        Trainer = (mlContext, set) => Convolutional(mlContext, false, set),
        Normalized = (mlContext, set) => Convolutional(mlContext, true, set),
        NormalizedGroups = ["features.*"],
        Groups = ["classifier.*"],
        Maturity = 15,
        Every = 5,
        Amount = 0.10,
        Target = 0.60,
        Epochs = 65,
        Seeds = 1,
        Rows = [0.1, 0.2, 0.3, 0.41, 0.5, 0.6],
        Paper = [("rank", 0.9140, 0.41), ("lrp", 0.9323, 0.30), ("ns", 0.9221, null), ("fprl", 0.9407, null), ("pfec", 0.9294, null)],
    };

    public static Classification Cifar100 { get; } = Cifar10 with
    {
        Name = "cifar100",
        Network = "3-16-32 convolutions, 2048-256-128-100",
        Blueprint = ConvNetBlueprint.Cifar(100),
        Load = (mlContext, settings) => Both(settings, "cifar-100",
            (folder, split) => mlContext.Data.LoadCifar100(folder, split, download: settings.Download, progress: Downloads.Shown)),
        Paper = [("rank", 0.7625, 0.41), ("ns", 0.6419, null), ("fprl", 0.7224, null)],
    };

    /// <summary>Layers wide enough to measure: what pruning gains if computing dominates.</summary>
    public static Classification Wide { get; } = Mnist with
    {
        Name = "wide",
        Network = "784-1024-512-10",
        Blueprint = new FeedForwardBlueprint([784, 1024, 512, 10]),
        Trainer = (mlContext, set) => Trained(mlContext, [1024, 512], set),
        Normalized = (mlContext, set) => Normalized(mlContext, [1024, 512], set),
        Maturity = 3,
        Every = 2,
        Amount = 0.20,
        Target = 0.70,
        Epochs = 18,
        Seeds = 1,
        Rows = [0.3, 0.5, 0.7],
        Paper = [],
    };

    static PrunedFeedForwardTrainer Trained(MLContext mlContext, int[] hidden, Action<PrunedTrainerOptions> set)
    {
        var options = new PrunedFeedForwardTrainer.Options { FeatureColumnName = "Pixels", HiddenSizes = hidden };
        set(options);
        return mlContext.MulticlassClassification.Trainers.PrunedFeedForward(options);
    }

    // The same with a batch norm after each hidden layer, as a user module.
    static PrunedModuleTrainer Normalized(MLContext mlContext, int[] hidden, Action<PrunedTrainerOptions> set)
    {
        var options = new PrunedModuleTrainer.Options { FeatureColumnName = "Pixels", ModuleName = "normalized" };
        set(options);
        return mlContext.MulticlassClassification.Trainers.PrunedModule(Build, options);

        nn.Module<Tensor, Tensor> Build()
        {
            var parts = new List<(string, nn.Module<Tensor, Tensor>)>();
            for (var (i, size) = (0, 784L); i < hidden.Length; size = hidden[i++])
                parts.AddRange([($"linear{i + 1}", nn.Linear(size, hidden[i])), ($"norm{i + 1}", nn.BatchNorm1d(hidden[i])),
                    ($"activation{i + 1}", nn.ReLU())]);
            return nn.Sequential([.. parts, ("last", nn.Linear(hidden[^1], 10))]);
        }
    }

    static PrunedConvNetTrainer Convolutional(MLContext mlContext, bool batchNorm, Action<PrunedTrainerOptions> set)
    {
        var options = new PrunedConvNetTrainer.Options
        {
            FeatureColumnName = "Pixels",
            ImageChannels = 3,
            Channels = [16, 32],
            HiddenSizes = [256, 128],
            BatchNorm = batchNorm
        };
        set(options);
        return mlContext.MulticlassClassification.Trainers.PrunedConvNet(options);
    }

    static (IDataView, IDataView) Drawn(MLContext mlContext)
    {
        Console.WriteLine("No --data: digits are drawn instead of MNIST's, which are harder; the paper's figures are for MNIST.");
        return (mlContext.Data.SynthesizeDigits(30_000, seed: 1), mlContext.Data.SynthesizeDigits(5_000, seed: 2));
    }

    static (IDataView, IDataView) Both(Settings settings, string name, Func<string, DatasetSplit, IDataView> load) =>
        DataFolder.Both(DataFolder.Of(settings.Data, settings.Download, name), load);
}
