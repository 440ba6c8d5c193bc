using System.Diagnostics;
using System.Globalization;
using static TorchSharp.torch;

namespace MLNet.Pruning.Benchmarks;

/// <summary>Networks scored by one thread of LibTorch's and by all: from how many multiplications on the second pays.</summary>
static class ScoringThreads
{
    public static void Run(string[] args)
    {
        var milliseconds = args.Length > 0 ? double.Parse(args[0], CultureInfo.InvariantCulture) : 100;
        using var off = no_grad();
        Table.Title($"Scoring, microseconds: the best and the median in {milliseconds} ms each, on one thread and on {Environment.ProcessorCount}");
        Console.WriteLine("  network                    rows   multiplications     one: best    median     all: best    median   one/all: best   median");
        foreach (var (name, blueprint) in new (string, Blueprint)[]
        {
            ("784-50-30-10", new FeedForwardBlueprint([784, 50, 30, 10])),
            ("784-1024-512-10", new FeedForwardBlueprint([784, 1024, 512, 10])),
            ("CNN 3-16-32, 256-128-10", ConvNetBlueprint.Cifar()),
            ("ViT dim 64, 4 blocks", VitBlueprint.For([1, 28, 28], 4, 10)),
        })
        {
            using var model = (nn.Module<Tensor, Tensor>)blueprint.Build();
            model.eval();
            foreach (var rows in (int[])[1, 4, 16, 64, 256])
                Measure(name, model, [rows, .. blueprint.InputShape], milliseconds);
        }
    }

    static void Measure(string name, nn.Module<Tensor, Tensor> model, long[] shape, double milliseconds)
    {
        using var scope = NewDisposeScope();
        var input = rand(shape);
        var count = shape[0] * MultiplyAccumulates.Of(model, input, x => model.call(x));
        var (one, all) = (new List<double>(), new List<double>());
        var began = Stopwatch.GetTimestamp();
        for (var turn = 0; turn < 4 || Stopwatch.GetElapsedTime(began).TotalMilliseconds < 2 * milliseconds; turn++)
        {
            foreach (var (threads, times) in new[] { (1, one), (Environment.ProcessorCount, all) })
            {
                set_num_threads(threads);
                Once(model, input);
                for (var i = 0; i < 5; i++)
                    times.Add(Once(model, input));
            }
        }
        one.Sort();
        all.Sort();
        var (oneMedian, allMedian) = (one[one.Count / 2], all[all.Count / 2]);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"  {name,-26} {shape[0],4} {count,17:N0} {one[0],13:F0} {oneMedian,9:F0} {all[0],13:F0} {allMedian,9:F0} {one[0] / all[0],13:F2} x {oneMedian / allMedian,6:F2} x"));
    }

    static double Once(nn.Module<Tensor, Tensor> model, Tensor input)
    {
        using var scope = NewDisposeScope();
        var began = Stopwatch.GetTimestamp();
        model.call(input);
        return Stopwatch.GetElapsedTime(began).TotalMicroseconds;
    }
}
