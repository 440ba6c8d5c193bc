namespace MLNet.Pruning.Reporting.Tests;

/// <summary>Histories with everything that a run can record.</summary>
static class Histories
{
    public const string Hostile = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&";

    public static EpochRecord Epoch(int epoch, double loss, double? validation, long parameters) => new()
    {
        Epoch = epoch,
        Steps = epoch * 100L,
        Rows = 60_000,
        Loss = loss,
        Accuracy = 1 - loss / 4,
        ValidationAccuracy = validation,
        LearningRate = 0.001,
        Seconds = 0.5,
        RowsPerSecond = 120_000,
        Parameters = parameters,
    };

    public static TrainingHistory Small() => new()
    {
        Model = "FeedForward <784-50-30-10>",
        ParametersAtStart = 41_110,
        Replicas = 2,
        Epochs = [Epoch(1, 0.8, 0.9, 41_110), Epoch(2, 0.4, 0.93, 20_500), Epoch(3, 0.2, 0.95, 20_500)],
        Events = [new PruningRecord { Epoch = 2, Step = 150, Kind = "neurons", ParametersBefore = 41_110, ParametersAfter = 20_500, AccuracyBefore = 0.92, Groups = [new("hidden1", 50, 25, [])] }],
    };

    /// <summary>12 epochs; neurons go after the 3rd, 6th and 9th; masks are updated 30 times; some numbers are not finite, and names are hostile.</summary>
    public static TrainingHistory Full()
    {
        var random = new Random(1);
        var history = new TrainingHistory
        {
            Model = $"FeedForward 784-50-30-10 {Hostile}",
            ModelAfter = "FeedForward 784-26-16-10",
            ParametersAtStart = 41_110,
            NonZeroParameters = 5_000,
            Replicas = 2,
            Seed = 7,
            Data = new(60_000, [1, 28, 28], "0123456789abcdef"),
            Environment = new() { Versions = { [".NET"] = "10.0.0", ["LibTorch"] = "2.10.0" }, System = Hostile, Processor = "A Processor", Cores = 2, Started = new(2026, 12, 1, 4, 0, 0, TimeSpan.Zero) },
            Options = { ["Epochs"] = "12", ["Pruning"] = $"NeuronPruning {{ {Hostile} }}" },
            OptionsSet = ["Pruning"],
            ScoringSpeed = new(RowsPerSecond: 120_000, Latency: 25e-6),
            Scoring = [new("layers.linear1", "sparse rows", Outputs: 26, Inputs: 784, Density: 0.2)],
            Epochs = [.. Enumerable.Range(1, 12).Select(e => Epoch(e, e == 5 ? double.NaN : 1.0 / e, 0.97 - (0.2 / e), 41_110 - (2_000 * (e / 3))) with { ValidationLoss = e == 7 ? double.PositiveInfinity : 1.2 / e })],
            Steps = [.. Enumerable.Range(0, 60).Select(i => new StepRecord(1 + (20 * i), 1 + (i / 5), 2 * Math.Exp(-i / 20.0), 0.001 * Math.Cos(i / 60.0)))],
        };
        for (var cut = 1; cut <= 30; cut++)
            history.Events.Add(new()
            {
                Epoch = 1 + (30 * cut / 100),
                Step = 30 * cut,
                Kind = "weights",
                Weights = 1_000,
                WeightsOn = 1_000 - (30 * cut),
                Scheduled = 0.03 * cut,
                Reactivated = cut,
                Deactivated = 30 + cut,
                ParametersBefore = 41_110,
                ParametersAfter = 41_110,
                Groups = [new(Hostile, 600, 600 - (18 * cut), []), new("b.weight", 400, 400 - (12 * cut), [])],
            });
        foreach (var epoch in new[] { 3, 6, 9 })
            history.Events.Add(new()
            {
                Epoch = epoch,
                Step = 100 * epoch,
                Kind = "neurons",
                MeasuredOn = "validation",
                ParametersBefore = 41_110 - (2_000 * (epoch / 3 - 1)),
                ParametersAfter = 41_110 - (2_000 * (epoch / 3)),
                MacsBefore = 40_000,
                MacsAfter = 38_000 - (100 * epoch),
                AccuracyBefore = 0.9,
                AccuracyAfter = 0.6,
                AccuracyRecovered = 0.91,
                LossBefore = 0.3,
                LossAfter = 1.1,
                LossRecovered = 0.28,
                Scheduled = 0.05 * epoch,
                Groups = [new("hidden1", 50 - (8 * (epoch / 3 - 1)), 50 - (8 * (epoch / 3)), [.. Enumerable.Range(0, 50 - (8 * (epoch / 3 - 1))).Select(_ => random.NextDouble())]) { Removed = [.. Enumerable.Range(0, 8)] }],
            });
        history.Events.Sort((a, b) => a.Step.CompareTo(b.Step));
        history.Burden.Add(new(Hostile) { Epochs = [.. Enumerable.Range(1, 12).Select(e => new BurdenPoint(100 * e, e, 0.5, [1e-5f * e, float.NaN], [0.1f * e, 0.2f]))] });
        return history;
    }

    /// <summary>The smallest picture: one black pixel.</summary>
    public static readonly byte[] Png = Convert.FromBase64String("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==");

    public static TestEvaluation Test() => new()
    {
        Labels = [Hostile, "b", "c"],
        Confusion = [[90, 5, 5], [0, 50, 0], [1, 0, 49]],
        Examples = [new("b", "b") { Probability = 0.99, Picture = Png, Tokens = Png }, new("c", Hostile) { Probability = 0.6, Picture = Png }],
    };
}
