using static TorchSharp.torch;

namespace MLNet.Pruning.Benchmarks;

/// <summary>Live tensors and resident memory over many steps.</summary>
static class Memory
{
    public static void Run(string[] args)
    {
        var steps = args.Length > 0 ? int.Parse(args[0]) : 20_000;
        var (train, test, _) = Examples.Load(12_800);
        var watch = new Watch(steps);
        Train.Ours(new FeedForwardBlueprint([784, 50, 30, 10]), train, test, new TrainingOptions { Epochs = int.MaxValue, HistoryInterval = 1000, GradientClipNorm = 10, Hooks = [watch] });
        var (from, to) = (watch.Samples[0], watch.Samples[^1]);
        Table.Title($"Memory over {to.Step - from.Step:N0} steps, after {from.Step:N0} to warm up");
        Table.Row("live tensors", $"{from.Tensors} -> {to.Tensors}", $"{to.Tensors - from.Tensors:+0;-0;0} (wanted: 0)");
        Table.Row("resident memory, MB", $"{from.Resident:F1} -> {to.Resident:F1}", $"{to.Resident - from.Resident:+0.0;-0.0} (wanted: below +5)");
    }

    sealed class Watch(int steps) : ITrainingHook
    {
        const int WarmUp = 1000;

        public List<(long Step, long Tensors, double Resident)> Samples { get; } = [];

        public void AfterStep(TrainingRun run)
        {
            if (run.Step % 1000 != 0 || run.Step < WarmUp)
                return;
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
            Samples.Add((run.Step, Tensor.TotalCount, Environment.WorkingSet / 1048576.0));
            if (run.Step >= WarmUp + steps)
                run.Stop("measured");
        }
    }
}
