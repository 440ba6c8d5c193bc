using System.Diagnostics;
using System.Globalization;
using MLNet.Pruning.Plans;
using static TorchSharp.torch;

namespace MLNet.Pruning.Benchmarks;

/// <summary>Networks by their plans and by ONNX Runtime: one row on one thread, a batch on one and on two.</summary>
static class PlanScoring
{
    static readonly VitDescription Quick = new([1, 28, 28], 7, 10, 64, [4, 4, 4, 4], 16, [128, 128, 128, 128]);

    // Eight tokens that stand for a patch each: an image of 2 x 4 patches.
    static readonly VitDescription Quick8 = Quick with { Image = [1, 14, 28] };

    static readonly VitDescription Fine = Quick with { PatchSize = 4 };

    static readonly ConvNetDescription Cifar = new([3, 32, 32], [16, 32], [256, 128], 10);

    public static readonly Subject[] Measured =
    [
        new("vit8", Quick8), new("vit8-80", Quick8), new("vit49", Fine), new("vit49-90", Fine),
        new("feed-forward", new FeedForwardDescription([784, 50, 30, 10])),
        new("conv-net", Cifar), new("conv-net-90", Cifar),
        new("wide", new FeedForwardDescription([4096, 1024])),
        new("vit-sized", Quick with { Input = VitInput.Tokens, Merge = 0.5 }),
        new("vit-sized-80", Quick with { Input = VitInput.Tokens, Merge = 0.5 }),
    ];

    static readonly Subject[] Checked =
    [
        new("vit-class", new VitDescription(
            [3, 16, 16], 4, 10, 44, [3, 3], 12, [70, 70], Pooling: VitPooling.ClassToken, Merge: 7, Input: VitInput.Tokens)),
        new("conv-net-norm", new ConvNetDescription([2, 19, 23], [5, 9, 6], [21], 7, BatchNorm: true)),
        new("vae", new VaeDescription([1, 28, 28], [16, 32], [256, 128], 32)),
        new("vae-small", new VaeDescription([3, 12, 20], [5, 7], [30, 22], 6)),
    ];

    public static void Run(string[] args)
    {
        Subject.WriteModels();
        Console.WriteLine("network         rows threads  plan us/row     rows/s  ONNX us/row   ratio   best of both   kernels");
        foreach (var subject in Measured.Where(s => Named(s, args)))
        {
            if (subject.Name == "wide")
                BesideLibTorch(subject);
            foreach (var (rows, threads) in subject.Name == "wide" ? [(1, 1), (64, 1)] : ((int, int)[])[(1, 1), (256, 1), (256, 2)])
                Measure(subject, rows, threads);
        }
        if (args.Length == 0 || args.Contains("pairs"))
            PlanPairs.Run();
    }

    /// <summary>Microseconds of two ways, timed in turn: the medians.</summary>
    public static (double, double) Interleaved(Action ours, Action other)
    {
        Warm(ours, 300);
        Warm(other, 300);
        int repeatOurs = Repeats(ours), repeatTheirs = Repeats(other);
        var (one, two) = (new List<double>(), new List<double>());
        for (int round = 0; round < 60; round++)
        {
            one.Add(Time(ours, repeatOurs));
            two.Add(Time(other, repeatTheirs));
        }
        return (Median(one), Median(two));
    }

    static void Measure(Subject subject, int rows, int threads)
    {
        // The plan merges 16 tokens to 8 in the measured time; ONNX Runtime gets 8 that have merged already.
        var plan = subject.MergingPlan();
        using var session = subject.Session(threads);
        float[] input = Rows(plan, rows), scores = new float[rows * plan.OutputWidth], theirs = new float[scores.Length];
        using var peer = new OnnxPeer(session, subject, Rows(subject.Plan(), rows), theirs, rows);
        Action ours = () => plan.Score(input, scores, threads), other = peer.Run;
        // Calls of a few microseconds are timed many at a time.
        Warm(ours, 500);
        Warm(other, 500);
        int repeatOurs = Repeats(ours), repeatTheirs = Repeats(other);
        var (one, two) = (new List<double>(), new List<double>());
        for (int round = 0; round < 60; round++)
        {
            one.Add(Time(ours, repeatOurs));
            two.Add(Time(other, repeatTheirs));
        }
        double a = Median(one) / rows, b = Median(two) / rows;
        string kernels = string.Join(", ", plan.Steps.CountBy(step => step.Kernel).Select(kind => $"{kind.Value} {kind.Key}"));
        var culture = CultureInfo.InvariantCulture;
        Console.Write(string.Create(culture, $"{subject.Name,-14} {rows,5} {threads,7} {a,12:F2} {1e6 / a,10:F0}"));
        Console.Write(string.Create(culture, $" {b,12:F2} {b / a,6:F2}x"));
        Console.WriteLine(string.Create(culture, $" {one[0] / rows,7:F2} {two[0] / rows,8:F2}  {kernels}"));
    }

    /// <summary>A sparse layer beside LibTorch's dense product, on one thread.</summary>
    static void BesideLibTorch(Subject subject)
    {
        var plan = subject.Plan();
        int threads = get_num_threads();
        set_num_threads(1);
        using var withoutGradients = no_grad();
        using var scope = NewDisposeScope();
        var weights = subject.Weights();
        var (inputs, outputs) = (plan.InputWidth, plan.OutputWidth);
        var weight = tensor(weights.Get("layers.linear1.weight", outputs, inputs).ToArray()).view(outputs, inputs);
        var bias = tensor(weights.Get("layers.linear1.bias", outputs).ToArray());
        foreach (int rows in (int[])[1, 64])
        {
            float[] input = Rows(plan, rows), scores = new float[rows * plan.OutputWidth];
            var x = tensor(input).view(rows, plan.InputWidth);
            Action ours = () => plan.Score(input, scores), other = () => nn.functional.linear(x, weight, bias).Dispose();
            var (a, b) = Interleaved(ours, other);
            (a, b) = (a / rows, b / rows);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{subject.Name,-14} {rows,5}       1 {a,12:F2} {1e6 / a,10:F0} {b,12:F2} {b / a,6:F2}x  of LibTorch's dense product"));
        }
        set_num_threads(threads);
    }

    /// <summary>
    /// Holds every network against ONNX Runtime, and fails where one is farther apart than 1e-5 of the larger of 1 and the score.
    /// </summary>
    public static void Check(string[] args)
    {
        Subject.WriteModels();
        int wrong = 0;
        foreach (var subject in Measured.Concat(Checked).Where(s => Named(s, args)))
        {
            const int Rows = 7;
            var plan = subject.Plan();
            using var session = subject.Session(1);
            float[] input = PlanScoring.Rows(plan, Rows), scores = new float[Rows * plan.OutputWidth],
                theirs = new float[scores.Length];
            using var peer = new OnnxPeer(session, subject, input, theirs, Rows);
            plan.Score(input, scores);
            peer.Run();
            double worst = 0;
            for (int i = 0; i < scores.Length; i++)
                worst = Math.Max(worst, Math.Abs(scores[i] - theirs[i]) / Math.Max(1, Math.Abs(theirs[i])));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{subject.Name,-14} {worst:E1}"));
            wrong += worst <= 1e-5 ? 0 : 1;
        }
        Environment.ExitCode = wrong == 0 ? 0 : 1;
    }

    static bool Named(Subject subject, string[] args) => args.Length == 0 || args.Any(subject.Name.Contains);

    static float[] Rows(ScoringPlan plan, int rows)
    {
        var random = new Random(5);
        float[] input = new float[rows * plan.InputWidth];
        foreach (ref float value in input.AsSpan())
            value = random.NextSingle();
        if (plan.Description is VitDescription { Input: VitInput.Tokens } vit)
        {
            for (int row = 0; row < rows; row++)
            {
                // Every token has a patch; the other patches go anywhere.
                int values = vit.Tokens * vit.Grid.TokenWidth;
                var rest = input.AsSpan((row * plan.InputWidth) + values, vit.Tokens + vit.Grid.Count);
                rest[..vit.Tokens].Clear();
                for (int n = 0; n < vit.Grid.Count; n++)
                {
                    int token = n < vit.Tokens ? n : random.Next(vit.Tokens);
                    rest[vit.Tokens + n] = token;
                    rest[token]++;
                }
            }
        }
        return input;
    }

    static void Warm(Action action, double milliseconds)
    {
        long began = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(began).TotalMilliseconds < milliseconds)
            action();
    }

    static int Repeats(Action action)
    {
        long began = Stopwatch.GetTimestamp();
        action();
        return (int)Math.Clamp(1000 / Stopwatch.GetElapsedTime(began).TotalMicroseconds, 1, 1000);
    }

    static double Time(Action action, int repeats)
    {
        action();
        long began = Stopwatch.GetTimestamp();
        for (int i = 0; i < repeats; i++)
            action();
        return Stopwatch.GetElapsedTime(began).TotalMicroseconds / repeats;
    }

    static double Median(List<double> values)
    {
        values.Sort();
        return (values[(values.Count - 1) / 2] + values[values.Count / 2]) / 2;
    }
}
