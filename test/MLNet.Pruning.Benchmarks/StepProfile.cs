using System.Diagnostics;
using static TorchSharp.torch;

namespace MLNet.Pruning.Benchmarks;

/// <summary>Where the microseconds of a step go: the parts of a step one by one, on one thread.</summary>
static class StepProfile
{
    const int Runs = 300, Calls = 20;

    public static void Run(string[] args)
    {
        set_num_threads(1);
        var rows = args.Length > 0 ? int.Parse(args[0]) : 64;
        int[] sizes = args.Length > 1 ? [.. args[1].Split('-').Select(int.Parse)] : [784, 50, 30, 10];
        using var scope = NewDisposeScope();
        random.manual_seed(1);
        var blueprint = new FeedForwardBlueprint(sizes);
        var model = blueprint.Build();
        var optimizer = optim.Adam(model.parameters());
        var x = rand(rows, 784);
        var y = randint(0, 10, [rows], dtype: ScalarType.Int64);
        var gradients = zeros(model.parameters().Sum(p => p.NumberOfElements));
        var other = zeros_like(gradients);
        Table.Title($"Parts of a step of {string.Join('-', sizes)}, {rows} rows, microseconds (least of {Runs} runs of {Calls})");
        Time("forward, no gradients", () => { using var off = no_grad(); model.call(x); });
        Time("forward", () => model.call(x));
        Time("forward, loss", () => nn.functional.cross_entropy(model.call(x), y));
        Time("forward, loss, backward", () => nn.functional.cross_entropy(model.call(x), y).backward());
        Time("optimizer step", () => optimizer.step());
        Time("zero the gradients", () => gradients.zero_());
        Time("add gradients", () => gradients.add_(other));
        Time("loss.item", () => other[0].item<float>());
        Time("count correct", () => model.call(x).argmax(1).eq(y).sum().item<long>());
        foreach (var replicas in new[] { 1, 2 })
        {
            var steps = new StepTimes();
            Train.Ours(blueprint, Examples.Load(12_800).Train, null, new TrainingOptions { Epochs = 10, BatchSize = replicas * rows, Replicas = replicas, Hooks = [steps] });
            Table.Row($"a whole step of the loop, {replicas} x {rows} rows", $"{steps.Quantile(0.02):F1}", $"median {steps.Quantile(0.5):F1}");
        }
    }

    sealed class StepTimes : ITrainingHook
    {
        readonly List<double> times = [];
        long last;

        public void BeforeEpoch(TrainingRun run) => last = 0;

        public void BeforeForward(TrainingRun run)
        {
            var now = Stopwatch.GetTimestamp();
            if (last != 0)
                times.Add(Stopwatch.GetElapsedTime(last, now).TotalMicroseconds);
            last = now;
        }

        public double Quantile(double q)
        {
            times.Sort();
            return times[(int)(q * (times.Count - 1))];
        }
    }

    static void Time(string what, Action action)
    {
        var best = double.MaxValue;
        for (var run = 0; run < Runs; run++)
        {
            var began = Stopwatch.GetTimestamp();
            for (var i = 0; i < Calls; i++)
            {
                using var scope = NewDisposeScope();
                action();
            }
            best = Math.Min(best, Stopwatch.GetElapsedTime(began).TotalMicroseconds / Calls);
        }
        Table.Row(what, $"{best:F1}");
    }
}
