using Microsoft.ML;

namespace MLNet.Pruning.Samples.NeuralBurden;

/// <summary>The studies by name.</summary>
static class Experiments
{
    public static Experiment Mnist { get; } = new()
    {
        Name = "mnist",
        Image = [1, 28, 28],
        Load = (mlContext, settings, extent) => settings.Data is { } folder
            ? (mlContext.Data.LoadMnist(folder), mlContext.Data.LoadMnist(folder, DatasetSplit.Test))
            : Drawn(mlContext, settings.Rows ?? extent.Rows ?? 60_000, extent.Test ?? 10_000),
        Study = 0.9,
        Sizes = new Dictionary<StudySize, Extent>
        {
            [StudySize.Small] = new(4_000, 2_000, 4, 1, 32, 64),
            [StudySize.Medium] = new(10_000, null, 10, 3, 64, 128),
            [StudySize.Full] = new(null, null, 10, 3, 64, 128),
        },
    };

    public static Experiment Cifar10 { get; } = new()
    {
        Name = "cifar10",
        Image = [3, 32, 32],
        Load = (mlContext, settings, _) => Both(settings, "cifar-10",
            (folder, split) => mlContext.Data.LoadCifar10(folder, split, settings.Download, Downloads.Shown)),
        Study = 0.95,
        Sizes = new Dictionary<StudySize, Extent>
        {
            [StudySize.Small] = new(4_000, 2_000, 4, 1, 32, 64),
            [StudySize.Medium] = new(20_000, null, 10, 3, 64, 128),
            [StudySize.Full] = new(null, null, 30, 3, 128, 256),
        },
    };

    static (IDataView, IDataView) Drawn(MLContext mlContext, int rows, int tests)
    {
        Console.WriteLine("No --data: digits are drawn instead of MNIST's, which are harder.");
        return (mlContext.Data.SynthesizeDigits(rows, seed: 1), mlContext.Data.SynthesizeDigits(tests, seed: 2));
    }

    static (IDataView, IDataView) Both(Settings settings, string name, Func<string, DatasetSplit, IDataView> load) =>
        DataFolder.Both(DataFolder.Of(settings.Data, settings.Download, name), load);
}
