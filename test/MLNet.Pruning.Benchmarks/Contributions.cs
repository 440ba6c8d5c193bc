using System.Diagnostics;
using MLNet.Pruning.Plans.Kernels;
using static TorchSharp.torch;

namespace MLNet.Pruning.Benchmarks;

/// <summary>Scoring neurons, on one thread: linear layers beside PyTorch by broadcasting, convolutions beside their own forward pass.</summary>
static class Contributions
{
    public static void Run(string[] args)
    {
        var rounds = args.Length > 0 ? int.Parse(args[0]) : 5;
        set_num_threads(1);
        using var scope = NewDisposeScope();
        using var off = no_grad();
        using var python = Peer.Python("contribution.py");
        Linear("digits", "5,000 samples, 50-30-10, both layers", [(5000, 50, 30), (5000, 30, 10)], 10, "wanted: at most 3 ms");
        Linear("wide", "64 samples, 1024 into 2048", [(64, 1024, 2048)], 2, "wanted: at least 20x");
        Linear("narrowing", "64 samples, 2048 into 1024", [(64, 2048, 1024)], 2, "wanted: at least 20x");
        Linear("", "64 samples, 50 into 30", [(64, 50, 30)], 100, "");
        Convolution(64, 16, 32, 16, 3);
        Convolution(64, 32, 64, 16, 3);
        Convolution(64, 64, 128, 8, 3);
        Convolution(32, 128, 128, 14, 3);
        Convolution(64, 64, 64, 16, 1);
        Convolution(64, 32, 64, 16, 3, stride: 2);

        void Linear(string name, string what, (int Samples, int Neurons, int Consumers)[] layers, int repeat, string wanted)
        {
            var made = layers.Select(l => (A: randn(l.Samples, l.Neurons).relu(), W: randn(l.Consumers, l.Neurons))).ToArray();
            void Score(VectorWidth? kernel)
            {
                foreach (var (a, w) in made)
                {
                    var scores = new ContributionAccumulator((int)w.shape[1]) { Threads = 1, Kernel = kernel };
                    scores.ObserveLinear(a, w);
                    scores.Scores();
                }
            }
            Warm(() => Score(VectorWidths.Here));
            List<double> ours = [], tensors = [], theirs = [];
            for (var round = 0; round < rounds; round++)
            {
                ours.Add(Best(() => Score(VectorWidths.Here), 5 * repeat));
                tensors.Add(Best(() => Score(null), repeat));
                if (python is not null && name.Length > 0)
                    theirs.Add(python.Ask($"{name} {repeat}"));
            }
            Table.Title($"Contribution, {what}, ms (median of {rounds} interleaved rounds)");
            Table.Row("MLNet.Pruning", $"{Table.Median(ours):F3}", wanted);
            Table.Row("by the definition, in tensors", $"{Table.Median(tensors):F3}", $"{Table.Median(tensors.Zip(ours, (t, o) => t / o)):F1}x as long");
            if (theirs.Count > 0)
                Table.Row("PyTorch, broadcasting", $"{Table.Median(theirs):F1}", $"{Table.Median(theirs.Zip(ours, (t, o) => t / o)):F1}x as long");
        }

        void Convolution(int samples, int channels, int outputs, int size, int kernel, int stride = 1)
        {
            var (a, w) = (randn(samples, channels, size, size).relu(), randn(outputs, channels, kernel, kernel));
            var scores = new ContributionAccumulator(channels) { Threads = 1 };
            var shape = ConvolutionShape.Square(stride, kernel / 2);
            var defined = new ContributionAccumulator(channels) { Kernel = null };
            void Score() => scores.ObserveConvolution(a, w, shape);
            void Define() => defined.ObserveConvolution(a, w, shape);
            void Forward() => nn.functional.conv2d(a, w, null, [stride, stride], [kernel / 2, kernel / 2]).Dispose();
            Warm(Score);
            Warm(Forward);
            List<double> ours = [], tensors = [], forward = [];
            for (var round = 0; round < 2 * rounds; round++)
            {
                ours.Add(Best(Score, 20));
                tensors.Add(Best(Define, 3));
                forward.Add(Best(Forward, 20));
            }
            Table.Title($"Contribution, convolution {kernel} x {kernel} / {stride}, {samples} x {channels} x {size} x {size} into {outputs}, ms");
            Table.Row("average and maximum", $"{Table.Median(ours):F2}", $"{Table.Median(ours.Zip(forward, (o, f) => o / f)):F2}x the forward pass (wanted: at most 2x)");
            Table.Row("by the definition, in tensors", $"{Table.Median(tensors):F2}", $"{Table.Median(tensors.Zip(ours, (t, o) => t / o)):F1}x as long");
            Table.Row("forward pass", $"{Table.Median(forward):F2}");
        }
    }

    /// <summary>Past the JIT's tiers.</summary>
    static void Warm(Action action)
    {
        for (var i = 0; i < 40; i++)
            action();
        Thread.Sleep(200);
        action();
    }

    static double Best(Action action, int repeat)
    {
        var best = double.PositiveInfinity;
        for (var i = 0; i < repeat; i++)
        {
            var began = Stopwatch.GetTimestamp();
            action();
            best = Math.Min(best, Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        }
        return best;
    }
}
