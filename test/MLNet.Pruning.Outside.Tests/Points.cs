using static TorchSharp.torch;

[assembly: DoNotParallelize]

namespace MLNet.Pruning.Outside.Tests;

/// <summary>A small task: points around three centres.</summary>
static class Points
{
    public static float[][] Rows { get; } = Draw();

    public static int[] Labels { get; } = [.. Enumerable.Range(0, 120).Select(row => row % 3)];

    static float[][] Draw()
    {
        var random = new Random(1);
        return [.. Enumerable.Range(0, 120).Select(row =>
            Enumerable.Range(0, 12).Select(i => random.NextSingle() - 0.5f + (i % 3 == row % 3 ? 1 : 0)).ToArray())];
    }

    /// <summary>Trains a small network on them, 4 steps an epoch.</summary>
    public static TrainingResult Train(ITrainingHook? hook = null, IObjective? objective = null, IExampleSource? examples = null)
    {
        random.manual_seed(1);
        return new TrainingLoop(new() { Epochs = 5, BatchSize = 30, LearningRate = 0.02, Hooks = hook is null ? [] : [hook] }).Run(new()
        {
            Model = new FeedForward([12, 16, 8, 3]),
            Copy = () => new FeedForward([12, 16, 8, 3]),
            Examples = examples ?? new ArrayExamples([.. Rows.SelectMany(row => row)], [12], Labels),
            Objective = objective ?? new CrossEntropy(3),
        });
    }
}
