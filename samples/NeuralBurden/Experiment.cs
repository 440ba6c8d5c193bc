using Microsoft.ML;
using static System.FormattableString;

namespace MLNet.Pruning.Samples.NeuralBurden;

/// <summary>The size of a study.</summary>
/// <param name="Rows">The number of training images; null for all.</param>
/// <param name="Test">The number of test images; null for all.</param>
/// <param name="Epochs">Epochs of each training.</param>
/// <param name="Seeds">The number of seeds.</param>
/// <param name="Dim">Values per token.</param>
/// <param name="Hidden">Neurons in each block's hidden layer.</param>
sealed record Extent(int? Rows, int? Test, int Epochs, int Seeds, int Dim, int Hidden);

/// <summary>A study of the paper: a vision transformer pruned to several sparsities, with and without token merging.</summary>
sealed record Experiment
{
    const int BatchSize = 128;

    public required string Name { get; init; }

    public required IReadOnlyList<long> Image { get; init; }

    /// <summary>Loads the training and the test set.</summary>
    public required Func<MLContext, Settings, Extent, (IDataView Train, IDataView Test)> Load { get; init; }

    public required IReadOnlyDictionary<StudySize, Extent> Sizes { get; init; }

    /// <summary>The sparsity at which trainings from scratch are compared with the dynamic one.</summary>
    public required double Study { get; init; }

    /// <summary>The size of a study that the settings ask for.</summary>
    public Extent Of(Settings settings) => Sizes[settings.Size] with
    {
        Rows = settings.Rows ?? Sizes[settings.Size].Rows,
        Epochs = settings.Epochs ?? Sizes[settings.Size].Epochs,
        Seeds = settings.Seeds ?? Sizes[settings.Size].Seeds,
    };

    public void Run(Settings settings)
    {
        var extent = Of(settings);
        // A user who names other sparsities does not wait for one that they left out.
        var highest = settings.Sparsities.DefaultIfEmpty(0).Max();
        var at = settings.Study ?? (highest == 0 || settings.Sparsities.Contains(Study) ? Study : highest);
        IReadOnlyList<double> wanted = settings.Sparsities.Count > 0 ? settings.Sparsities : [0, 0.5, 0.8, 0.9, 0.95];
        double[] sparsities = [.. wanted.Append(at).Distinct().Order()];
        if (sparsities.FirstOrDefault(s => s is not (>= 0 and < 1), 0) is not 0 and var wrong)
            throw new ArgumentException(Invariant($"A sparsity is {wrong}; it must be at least 0 and less than 1."));
        if (at == 0)
            throw new ArgumentException("The study is at sparsity 0; it must be more, or there is nothing to find.");
        var mlContext = new MLContext();
        var (train, test) = Load(mlContext, settings, extent);
        var (rows, tests) = (new LabelledImages(train, Image, extent.Rows), new LabelledImages(test, Image, extent.Test));
        Directory.CreateDirectory(settings.Output);
        Console.WriteLine(Invariant($"{Name}, {settings.Size.ToString().ToLowerInvariant()}: {rows.Count:N0} images to learn ")
            + Invariant($"from, {tests.Count:N0} to test on, {extent.Epochs} epochs, {extent.Seeds} ")
            + Invariant($"{(extent.Seeds == 1 ? "seed" : "seeds")}; a vision transformer of 4 blocks, {extent.Dim} wide, ")
            + "half of its tokens merged or none.");
        // Short trainings are cut and measured more often than every 100 steps.
        var interval = (int)Math.Clamp((rows.Count ?? 0) / BatchSize * extent.Epochs / 20, 1, 100);
        var results = new List<(double Sparsity, BurdenResult Result)>();
        foreach (var sparsity in sparsities)
        {
            var study = new BurdenStudy
            {
                Task = (_, merged) => Network.Task(Image, extent, merged, rows, tests),
                Options = Options(extent, settings.Device),
                Pruning = Pruning(sparsity, extent.Epochs, settings) with { Every = interval },
                Seeds = [.. Enumerable.Range(1, extent.Seeds)],
                Merging = settings.Merging,
                Kinds = sparsity == 0 ? [BurdenRunKind.Dense]
                    : sparsity == at ? [BurdenRunKind.Dynamic, BurdenRunKind.Optimal, BurdenRunKind.Random]
                    : [BurdenRunKind.Dynamic],
                Monitor = new BurdenMonitor { Interval = interval },
                Folder = Path.Combine(settings.Output, Invariant($"{Name}-{100 * sparsity:0.##}")),
                Progress = new Bar(sparsity, extent.Epochs),
            };
            results.Add((sparsity, study.Run(settings.Cancellation)));
        }
        Files.Write(settings.Output, Name, results, at);
    }

    // All cuts are done by two fifths of the run: the remaining weights need the rest, while the learning rate is still high.
    public static WeightPruning Pruning(double sparsity, int epochs, Settings settings) => new()
    {
        Sparsity = sparsity,
        Schedule = sparsity == 0 ? null : Schedule.Cubic(start: 0, end: Math.Max(1, 2 * epochs / 5), target: sparsity),
        ScheduleIn = ScheduleUnit.Epochs,
        Distribution = MaskDistribution.ErdosRenyiKernel,
        Reactivation = settings.Reactivation,
        InactiveDecay = settings.Fading,
        Except = ["logits.*"],
    };

    public static TrainingOptions Options(Extent extent, string device) => new()
    {
        Epochs = extent.Epochs,
        BatchSize = BatchSize,
        Device = device,
        Optimizer = OptimizerKind.AdamW,
        LearningRate = 0.006,
        WeightDecay = 0.01,
        Schedule = LearningRateSchedule.Cosine(minimum: 0.02, warmup: Math.Min(1, extent.Epochs / 4.0)),
    };
}
