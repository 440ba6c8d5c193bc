using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Training;

static class Runs
{
    public static FeedForwardBlueprint Small { get; } = new([12, 9, 7, 3]);

    /// <summary>Trains a small network and gives its parameters, names in order.</summary>
    public static (Dictionary<string, float[]> Parameters, TrainingHistory History) Train(TrainingOptions options, IExampleSource? rows = null,
        Func<nn.Module>? build = null, IObjective? objective = null, CancellationToken cancellation = default, IExampleSource? validation = null)
    {
        build ??= Small.Build;
        random.manual_seed(7);
        using var model = build();
        var result = new TrainingLoop(options).Run(new TrainingTask
        {
            Model = model,
            Copy = build,
            Examples = rows ?? Rows.Blobs(100, 12, 3),
            Validation = validation,
            Objective = objective ?? new CrossEntropy(3),
        }, cancellation);
        return (Values(result.Model), result.History);
    }

    public static Dictionary<string, float[]> Values(nn.Module model) =>
        model.named_parameters().Select(p => (p.name, tensor: (Tensor)p.parameter)).Concat(model.named_buffers().Select(b => (b.name, tensor: b.buffer)))
            .Where(p => p.tensor.dtype == ScalarType.Float32)
            .ToDictionary(p => p.name, p => p.tensor.detach().cpu().data<float>().ToArray());

    public static void AreSame(Dictionary<string, float[]> expected, Dictionary<string, float[]> actual)
    {
        CollectionAssert.AreEqual(expected.Keys.ToArray(), actual.Keys.ToArray());
        foreach (var (name, values) in expected)
            CollectionAssert.AreEqual(values, actual[name], name);
    }

    public static void AreClose(Dictionary<string, float[]> expected, Dictionary<string, float[]> actual, double tolerance)
    {
        CollectionAssert.AreEqual(expected.Keys.ToArray(), actual.Keys.ToArray());
        foreach (var (name, values) in expected)
            for (var i = 0; i < values.Length; i++)
                Assert.AreEqual(values[i], actual[name][i], tolerance, $"{name}[{i}]");
    }
}

/// <summary>A hook made of functions.</summary>
sealed class Hook : ITrainingHook
{
    public Action<string, TrainingRun>? Any { get; init; }

    public Action<TrainingRun>? OnStarted { get; init; }

    public Action<TrainingRun>? OnBeforeForward { get; init; }

    public Action<TrainingRun>? OnAfterBackward { get; init; }

    public Action<TrainingRun>? OnAfterStep { get; init; }

    public Action<TrainingRun>? OnAfterEpoch { get; init; }

    public void Started(TrainingRun run) => Call("Started", run, OnStarted);

    public void ReplicasBuilt(TrainingRun run) => Call("ReplicasBuilt", run, null);

    public void BeforeEpoch(TrainingRun run) => Call("BeforeEpoch", run, null);

    public void BeforeForward(TrainingRun run) => Call("BeforeForward", run, OnBeforeForward);

    public void AfterBackward(TrainingRun run) => Call("AfterBackward", run, OnAfterBackward);

    public void AfterStep(TrainingRun run) => Call("AfterStep", run, OnAfterStep);

    public void AfterEpoch(TrainingRun run) => Call("AfterEpoch", run, OnAfterEpoch);

    public void Ended(TrainingRun run) => Call("Ended", run, null);

    void Call(string name, TrainingRun run, Action<TrainingRun>? action)
    {
        Any?.Invoke(name, run);
        action?.Invoke(run);
    }
}
