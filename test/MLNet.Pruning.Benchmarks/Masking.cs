using System.Diagnostics;
using static TorchSharp.torch;

namespace MLNet.Pruning.Benchmarks;

/// <summary>What weight masks, cut every 100 steps, and burden statistics over them add to a step: runs with and without them in turn.</summary>
static class Masking
{
    public static void Run(string[] args)
    {
        var rounds = args.Length > 0 ? int.Parse(args[0]) : 6;
        var digits = Examples.Load(12_800).Train;
        var only = args.Length > 1 ? args[1] : "";
        foreach (var (model, blueprint, epochs) in new (string, Blueprint, int)[]
        {
            // Short runs, often in turn: what else the machine does comes and goes.
            ("ViT", VitBlueprint.For([1, 28, 28], 4, 10) with { Merge = 0.5 }, 1),
            ("784-50-30-10", new FeedForwardBlueprint([784, 50, 30, 10]), 3),
            ("784-1024-1024-10", new FeedForwardBlueprint([784, 1024, 1024, 10]), 1),
        })
        {
            foreach (var (name, pruning) in new (string, WeightPruning)[]
            {
                ("persistent, a layer at a time", new() { Schedule = Schedule.Constant(0.9), Every = 100 }),
                ("persistent, all layers together", new() { Schedule = Schedule.Constant(0.9), Every = 100, Distribution = MaskDistribution.Global }),
                ("frozen, regrown by gradient", new() { Schedule = Schedule.Constant(0.9), Every = 100, Reactivation = Reactivation.Frozen, Rule = MaskRule.Regrowth() }),
            }.Where(way => $"{model} {way.Item1}".Contains(only, StringComparison.Ordinal)))
                Measure($"{model}, batch 128, Adam: {name}", blueprint, digits, pruning, epochs, rounds);
        }
        if (only.Length > 0)
            return;
        Table.Title("Cutting one mask at 90 %, milliseconds");
        foreach (var count in new[] { 1_000_000, 10_000_000 })
        {
            var random = new Random(1);
            var weights = Enumerable.Range(0, count).Select(_ => (float)(random.NextDouble() + random.NextDouble() - 1)).ToArray();
            var (scores, on) = (new float[count], new sbyte[count]);
            using var values = tensor(weights);
            Table.Row($"{count:N0} weights", $"{Best(() => { new Magnitude().Score(weights, [], scores); TopScores.Keep(scores, count / 10, on); }):F1}",
                $"LibTorch's topk {Best(() => { using var scope = NewDisposeScope(); values.abs().topk(count / 10); }):F1}");
        }
    }

    static void Measure(string title, Blueprint blueprint, IExampleSource rows, WeightPruning pruning, int epochs, int rounds)
    {
        Table.Title(title);
        Func<ITrainingHook[]>[] ways = [() => [], () => [pruning.Begin()], () => [pruning.Begin(), new BurdenMonitor().Begin()]];
        foreach (var replicas in new[] { 0, 1 })
        {
            var times = ways.Select(_ => new List<double>()).ToArray();
            var processor = ways.Select(_ => new List<double>()).ToArray();
            double cuts = 0;
            for (var round = 0; round < ways.Length * rounds; round++)
            {
                var way = round % ways.Length;
                var history = Train.Ours(blueprint, rows, null, new TrainingOptions { Epochs = epochs, Replicas = replicas, Hooks = [new Steps(times[way], processor[way]), .. ways[way]()] });
                if (way > 0)
                    cuts = history.Events.Sum(e => e.Seconds ?? 0) / history.Epochs[^1].Steps;
            }
            if (replicas == 1)
                // What else the machine does takes the clock's time, but not the processor's.
                Show("by the processor's time, one replica", processor[0].Min(), processor[1].Min(), processor[2].Min());
            else
                // A step that three of four are slower than, and what cuts cost spread over all steps.
                Show("by the clock, all replicas", Quarter(times[0]), Quarter(times[1]) + cuts * 1e6, Quarter(times[2]) + cuts * 1e6);
        }

        static void Show(string how, double without, double masked, double watched)
        {
            Table.Row($"a step without masks, {how}", $"{without:N0} us");
            Table.Row("with masks", $"{masked:N0} us", $"{100 * (masked / without - 1):+0.0;-0.0} %");
            Table.Row("with masks and burden statistics", $"{watched:N0} us", $"{100 * (watched / without - 1):+0.0;-0.0} % (wanted: at most 5 %)");
        }
    }

    static double Quarter(List<double> times)
    {
        times.Sort();
        return times[times.Count / 4];
    }

    static double Best(Action action)
    {
        var best = double.MaxValue;
        for (var i = 0; i < 10; i++)
        {
            var began = Stopwatch.GetTimestamp();
            action();
            best = Math.Min(best, Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        }
        return best;
    }

    /// <summary>Microseconds a step: of each by the clock, and of an epoch's on average by the processor.</summary>
    sealed class Steps(List<double> times, List<double> processor) : ITrainingHook
    {
        long last;
        TimeSpan began;

        public void BeforeEpoch(TrainingRun run)
        {
            last = 0;
            began = Environment.CpuUsage.TotalTime;
        }

        public void BeforeForward(TrainingRun run)
        {
            var now = Stopwatch.GetTimestamp();
            if (last != 0)
                times.Add(Stopwatch.GetElapsedTime(last, now).TotalMicroseconds);
            last = now;
        }

        public void AfterEpoch(TrainingRun run) => processor.Add((Environment.CpuUsage.TotalTime - began).TotalMicroseconds / run.StepInEpoch);
    }
}
