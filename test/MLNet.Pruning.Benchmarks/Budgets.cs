using System.Diagnostics;
using System.Globalization;
using MLNet.Pruning.Plans;
using static TorchSharp.torch;

namespace MLNet.Pruning.Benchmarks;

/// <summary>
/// Prunes networks to a latency and measures them afterwards, by a loop of its own that shares nothing with what pruning measures by: the
/// trained network and the one that the run began with in turn, so that a machine that has become slower meanwhile is seen.
/// </summary>
static class Budgets
{
    const int Images = 2_560, Epochs = 6;

    static readonly (string Name, Blueprint Blueprint, long[] Shape)[] networks =
    [
        ("feed-forward 784-256-128-10", new FeedForwardBlueprint([784, 256, 128, 10]), [784]),
        ("convolutions 3-16-32, 2048-256-128-10", ConvNetBlueprint.Cifar(), [3, 32, 32]),
        ("transformer of 16 tokens", VitBlueprint.For([1, 28, 28], 7, 10), [1, 28, 28]),
    ];

    public static void Run(string[] args)
    {
        var seeds = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 3;
        var share = args.Length > 1 ? double.Parse(args[1], CultureInfo.InvariantCulture) : 0.5;
        var weights = args.Length > 2 && args[2] == "weights";
        Console.WriteLine($"\nOne row, one thread; the budget is {share:P0} of what the network takes before training. Load {Table.Load()}");
        Console.WriteLine($"  {"",-40}{"before",9}{"budget",9}{"at event",10}{"after",9}{"ratio",8}{"before, after",15}{"ratio of both",15}"
            + "  parameters");
        List<double> ratios = [], corrected = [];
        foreach (var (name, blueprint, shape) in networks)
        {
            for (var seed = 1; seed <= seeds; seed++)
            {
                var examples = Examples.Noise(Images, seed, shape);
                random.manual_seed(seed);
                using var model = blueprint.Build();
                using var unpruned = blueprint.Build();
                var rows = Rows(examples, (int)shape.Aggregate((width, extent) => width * extent));
                var before = Seconds(rows, () => NetworkPlans.Compile(model))[0];
                var budget = Budget.Latency(TimeSpan.FromSeconds(share * before));
                ITrainingPruning pruning = weights ? new WeightPruning { Budget = budget } : new NeuronPruning { Budget = budget };
                var history = new TrainingLoop(new() { Epochs = Epochs, Seed = seed, Hooks = [pruning.Begin()], Warn = Console.WriteLine }).Run(new()
                {
                    Model = model,
                    Copy = blueprint.Build,
                    Examples = examples,
                    Objective = new CrossEntropy(10),
                }).History;
                // What was promised is exact to a tick of 100 ns.
                var promised = budget.Limits[0].Value;
                var then = history.Budget!.AtEnd[0];
                var after = Seconds(rows, () => NetworkPlans.Compile(model), () => NetworkPlans.Compile(unpruned));
                ratios.Add(after[0] / promised);
                corrected.Add(after[0] / after[1] * before / promised);
                Console.WriteLine(
                    $"  {name + ", seed " + seed,-40}{before * 1e6,9:F2}{promised * 1e6,9:F2}{then.Measured * 1e6,10:F2}{after[0] * 1e6,9:F2}"
                    + $"{ratios[^1],8:F3}{after[1] * 1e6,15:F2}{corrected[^1],15:F3}  {history.ParametersAtStart:N0} to {history.Epochs[^1].Parameters:N0}");
                if (!history.Budget.Met)
                    Console.WriteLine($"    {history.Budget.Ended}");
            }
        }
        Table.Row("after / budget", $"{ratios.Min():F3} to {ratios.Max():F3}", "wanted: 0.95 to 1.05");
        Table.Row("the same with the machine as it was before", $"{corrected.Min():F3} to {corrected.Max():F3}");
    }

    static float[] Rows(Examples examples, int width)
    {
        var rows = new float[16 * width];
        using var reader = examples.Open();
        for (var row = 0; row < 16; row++)
            reader.Read(rows.AsSpan(row * width, width), out _);
        return rows;
    }

    /// <summary>
    /// The time of a row, of each plan: the median within a fiftieth of a second, compiled anew, and over those of many such in turn in which
    /// the machine was at rest, within a fifth of the quietest, since what else a shared machine does comes and goes.
    /// </summary>
    static double[] Seconds(float[] rows, params Func<ScoringPlan>[] plans)
    {
        var times = plans.Select(_ => new List<double>()).ToArray();
        for (var window = 0; window < 300; window++)
            foreach (var (compile, list) in plans.Zip(times))
                list.Add(Window(compile(), rows));
        return [.. times.Select(t => Table.Median(t.Where(time => time < 1.2 * t.Min())))];
    }

    static double Window(ScoringPlan plan, float[] rows)
    {
        var scores = new float[plan.OutputWidth];
        List<double> times = [];
        var began = Stopwatch.GetTimestamp();
        for (var next = 0; Stopwatch.GetElapsedTime(began).TotalSeconds < 0.02;)
        {
            const int calls = 8;
            var start = Stopwatch.GetTimestamp();
            for (var call = 0; call < calls; call++, next = (next + 1) % 16)
                plan.Score(rows.AsSpan(next * plan.InputWidth, plan.InputWidth), scores);
            times.Add(Stopwatch.GetElapsedTime(start).TotalSeconds / calls);
        }
        return Table.Median(times);
    }
}
