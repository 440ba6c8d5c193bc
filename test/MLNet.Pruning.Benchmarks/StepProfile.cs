using System.Diagnostics;
using MLNet.Pruning.Models;
using MLNet.Pruning.Training;
using static TorchSharp.torch;

namespace MLNet.Pruning.Benchmarks;

/// <summary>Where the microseconds of a step go: the parts of a step one by one, on one thread.</summary>
static class StepProfile
{
    public static void Run(string[] args)
    {
        set_num_threads(1);
        var rows = args.Length > 0 ? int.Parse(args[0]) : 64;
        using var scope = NewDisposeScope();
        random.manual_seed(1);
        var blueprint = new FeedForwardBlueprint([784, 50, 30, 10]);
        var model = blueprint.Build();
        var optimizer = optim.Adam(model.parameters());
        var x = rand(rows, 784);
        var y = randint(0, 10, [rows], dtype: ScalarType.Int64);
        var gradients = zeros(model.parameters().Sum(p => p.NumberOfElements));
        var other = zeros_like(gradients);
        Table.Title($"Parts of a step, {rows} rows, microseconds (least of 20 runs of 200)");
        Time("forward, no gradients", () => { using var off = no_grad(); model.call(x); });
        Time("forward", () => model.call(x));
        Time("forward, loss", () => nn.functional.cross_entropy(model.call(x), y));
        Time("forward, loss, backward", () => nn.functional.cross_entropy(model.call(x), y).backward());
        Time("optimizer step", () => optimizer.step());
        Time("zero the gradients", () => gradients.zero_());
        Time("add gradients", () => gradients.add_(other));
        Time("loss.item", () => other[0].item<float>());
        Time("count correct", () => model.call(x).argmax(1).eq(y).sum().item<long>());
        var history = Train.Ours(blueprint, Digits.Load(12_800).Train, null, new TrainingOptions { Epochs = 5, BatchSize = rows, Replicas = 1 });
        Table.Row("a whole step of the loop, 1 replica", $"{history.Epochs.Skip(1).Min(e => e.Seconds / (12_800 / rows)) * 1e6:F1}");
        history = Train.Ours(blueprint, Digits.Load(12_800).Train, null, new TrainingOptions { Epochs = 5, BatchSize = 2 * rows, Replicas = 2 });
        Table.Row($"a whole step of the loop, 2 replicas of {rows}", $"{history.Epochs.Skip(1).Min(e => e.Seconds / (12_800 / rows / 2)) * 1e6:F1}");
    }

    static void Time(string what, Action action)
    {
        var best = double.MaxValue;
        for (var run = 0; run < 20; run++)
        {
            var began = Stopwatch.GetTimestamp();
            for (var i = 0; i < 200; i++)
            {
                using var scope = NewDisposeScope();
                action();
            }
            best = Math.Min(best, Stopwatch.GetElapsedTime(began).TotalMicroseconds / 200);
        }
        Table.Row(what, $"{best:F1}");
    }
}
