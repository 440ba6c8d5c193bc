using System.Diagnostics;
using MLNet.Pruning.Masks;
using MLNet.Pruning.Models;
using MLNet.Pruning.Schedules;
using MLNet.Pruning.Training;
using static TorchSharp.torch;

namespace MLNet.Pruning.Benchmarks;

/// <summary>What weight masks add to a step, cut every 100 steps: steps with and without them in turn, in one run each.</summary>
static class Masking
{
    public static void Run(string[] args)
    {
        var rounds = args.Length > 0 ? int.Parse(args[0]) : 3;
        var digits = Digits.Load(12_800).Train;
        foreach (int[] sizes in (int[][])[[784, 50, 30, 10], [784, 1024, 1024, 10]])
        {
            foreach (var (name, pruning) in new (string, WeightPruning)[]
            {
                ("persistent, a layer at a time", new() { Schedule = Schedule.Constant(0.9), Every = 100 }),
                ("persistent, all layers together", new() { Schedule = Schedule.Constant(0.9), Every = 100, Distribution = MaskDistribution.Global }),
                ("frozen, regrown by gradient", new() { Schedule = Schedule.Constant(0.9), Every = 100, Reactivation = Reactivation.Frozen, Rule = MaskRule.Regrowth() }),
            })
                Measure(sizes, digits, name, pruning, sizes[1] > 100 ? 2 : 6, rounds);
        }
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

    static void Measure(int[] sizes, IExampleSource rows, string name, WeightPruning pruning, int epochs, int rounds)
    {
        var times = new[] { new List<double>(), new List<double>() };
        double cuts = 0;
        for (var round = 0; round < 2 * rounds; round++)
        {
            var history = Train.Ours(new FeedForwardBlueprint(sizes), rows, null, new TrainingOptions { Epochs = epochs, Hooks = round % 2 == 1 ? [new Steps(times[1]), pruning.Begin()] : [new Steps(times[0])] });
            cuts = history.Events.Sum(e => e.Seconds ?? 0) / history.Epochs[^1].Steps;
        }
        // A step that three of four are slower than, and what cuts cost spread over all steps.
        var (without, with) = (Quarter(times[0]), Quarter(times[1]));
        Table.Title($"{string.Join('-', sizes)}, batch 128, Adam: {name}");
        Table.Row("a step without masks", $"{without:N0} us");
        Table.Row("with masks", $"{with + cuts * 1e6:N0} us", $"{100 * ((with + cuts * 1e6) / without - 1):+0.0;-0.0} % (wanted: at most 5 %); of it cutting {cuts * 1e6:N1} us");
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

    sealed class Steps(List<double> times) : ITrainingHook
    {
        long last;

        public void BeforeEpoch(TrainingRun run) => last = 0;

        public void BeforeForward(TrainingRun run)
        {
            var now = Stopwatch.GetTimestamp();
            if (last != 0)
                times.Add(Stopwatch.GetElapsedTime(last, now).TotalMicroseconds);
            last = now;
        }
    }
}
