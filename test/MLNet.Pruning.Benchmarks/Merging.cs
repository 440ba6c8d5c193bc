using System.Diagnostics;
using MLNet.Pruning.Tokens;

namespace MLNet.Pruning.Benchmarks;

/// <summary>Token merging without LibTorch, beside ToMe's way in PyTorch on the same shapes.</summary>
static class Merging
{
    public static void Run(string[] args)
    {
        var rounds = args.Length > 0 ? int.Parse(args[0]) : 5;
        using var python = Peer.Python("merging.py", "1");
        using var both = Peer.Python("merging.py", "2");
        Measure("28x28, patch 4", new PatchGrid(28, 28), 24, 256, 40, "wanted: at least 5x");
        Measure("224x224x3, patch 16", new PatchGrid(224, 224, 3, 16), 98, 16, 6, "wanted: at least 2x");

        void Measure(string name, PatchGrid grid, int merge, int images, int repeat, string wanted)
        {
            var (plan, fromPixels) = (new TokenMerging(grid.Count, grid.TokenWidth, merge), new TokenMerging(grid, merge));
            var random = new Random(1);
            // Normal, as the peer's are.
            var input = new float[images * grid.Count * grid.TokenWidth];
            for (var i = 0; i < input.Length; i++)
                input[i] = MathF.Sqrt(-2 * MathF.Log(1 - random.NextSingle())) * MathF.Cos(MathF.Tau * random.NextSingle());
            var (merged, sizes, sources) = (new float[images * plan.Survivors * plan.Width], new float[images * plan.Survivors], new int[images * plan.Tokens]);
            void One() => plan.Merge(input, merged, sizes, sources, 1);
            void Pixels() => fromPixels.Merge(input, merged, sizes, sources, 1);
            void Two() => plan.Merge(input, merged, sizes, sources, 2);
            Warm(One);
            Warm(Pixels);
            Warm(Two);
            List<double> one = [], pixels = [], two = [], theirs = [], theirsOnTwo = [];
            for (var round = 0; round < rounds; round++)
            {
                one.Add(images / Best(One, repeat));
                pixels.Add(images / Best(Pixels, repeat));
                two.Add(images / Best(Two, repeat));
                Ask(python, theirs);
                Ask(both, theirsOnTwo);
            }
            Table.Title($"Token merging, {name}: {grid.Count} tokens x {grid.TokenWidth} to {plan.Survivors}, {images} images, images/s (median of {rounds} interleaved rounds)");
            Table.Row("MLNet.Pruning, one thread", $"{Table.Median(one):N0}");
            Table.Row("with the patches cut from pixels", $"{Table.Median(pixels):N0}");
            Table.Row("two threads", $"{Table.Median(two):N0}", $"{Table.Median(two.Zip(one, (t, o) => t / o)):F2}x one");
            Compare("ToMe in PyTorch, one thread", theirs, one, wanted);
            Compare("ToMe in PyTorch, two threads", theirsOnTwo, two, "on two");

            void Ask(Peer? peer, List<double> rates)
            {
                if (peer is null)
                    return;
                rates.Add(peer.Ask($"{images} {grid.Count} {grid.TokenWidth} {merge} {repeat}"));
                peer.AwaitRest();
            }
        }

        static void Compare(string name, List<double> theirs, List<double> ours, string note)
        {
            if (theirs.Count > 0)
                Table.Row(name, $"{Table.Median(theirs):N0}", $"ours {Table.Median(ours.Zip(theirs, (o, t) => o / t)):F1}x ({note})");
        }
    }

    static void Warm(Action action)
    {
        for (var began = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(began).TotalSeconds < 0.4;)
            action();
    }

    /// <summary>The shortest of some runs, in seconds.</summary>
    static double Best(Action action, int repeat)
    {
        var best = double.PositiveInfinity;
        for (var i = 0; i < repeat; i++)
        {
            var began = Stopwatch.GetTimestamp();
            action();
            best = Math.Min(best, Stopwatch.GetElapsedTime(began).TotalSeconds);
        }
        return best;
    }
}
