using System.Diagnostics;
using System.Globalization;
using MLNet.Pruning.Plans;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace MLNet.Pruning.Benchmarks;

/// <summary>Modules of the user's own by their plans, by LibTorch and by ONNX Runtime, on one thread each, in turn in the same
/// run.</summary>
static class ModuleScoring
{
    const int Rounds = 40;

    static readonly long[] Shape = [3, 32, 32];

    static readonly (string Name, Func<nn.Module<Tensor, Tensor>> Build)[] Modules =
        [("resnet20", () => new ResidualNet()), ("depthwise", () => new DepthwiseNet())];

    public static void Run(string[] args)
    {
        Subject.WriteModels();
        using var oneThread = new SingleThreaded();
        using var off = no_grad();
        Console.WriteLine("module       rows   plan us/row   LibTorch   / plan   ONNX Runtime   / plan   "
            + "best: plan LibTorch / plan, ONNX Runtime / plan   largest difference");
        foreach (var (name, build) in Modules)
        {
            using var module = build();
            module.eval();
            Load(module, new Subject(name, new FeedForwardDescription([1, 1])).Weights());
            var traced = NetworkPlans.Trace(module, Shape);
            var subject = new Subject(name, traced.Description ?? throw new InvalidOperationException(traced.Reason));
            foreach (int rows in (int[])[1, 32])
                Measure(module, subject, rows);
        }
    }

    static void Measure(nn.Module<Tensor, Tensor> module, Subject subject, int rows)
    {
        using var scope = NewDisposeScope();
        var plan = subject.Plan();
        using var session = subject.Session(1);
        var numbers = new Random(5);
        float[] input = [.. Enumerable.Range(0, rows * plan.InputWidth).Select(_ => numbers.NextSingle())], scores =
            new float[rows * plan.OutputWidth],
            theirs = new float[scores.Length];
        using var peer = new OnnxPeer(session, subject, input, theirs, rows);
        var x = tensor(input, [rows, .. Shape]);
        Action[] ways = [() => plan.Score(input, scores), () => module.call(x).softmax(1).Dispose(), peer.Run];
        var times = ways.Select(_ => new List<double>()).ToArray();
        for (int round = -5; round < Rounds; round++)
        {
            for (int way = 0; way < ways.Length; way++)
            {
                using var inner = NewDisposeScope();
                long began = Stopwatch.GetTimestamp();
                ways[way]();
                if (round >= 0)
                    times[way].Add(Stopwatch.GetElapsedTime(began).TotalMicroseconds / rows);
            }
        }
        double[] median = [.. times.Select(list => list.Order().ElementAt(list.Count / 2))], best = [.. times.Select(list => list.Min())];
        double worst = scores.Zip(theirs, (a, b) => Math.Abs((double)a - b)).Max();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{subject.Name,-11} {rows,5} {median[0],13:F1} {median[1],10:F1} {median[1] / median[0],8:F2} "
            + $"{median[2],14:F1} {median[2] / median[0],8:F2}   {best[0],8:F1} {best[1] / best[0],8:F2} {best[2] / best[0],8:F2}   "
            + $"{worst:E1}"));
    }

    static void Load(nn.Module module, NetworkWeights weights)
    {
        foreach (var (name, array) in module.named_parameters().Select(p => (p.name, (Tensor)p.parameter))
            .Concat(module.named_buffers().Select(b => (b.name, b.buffer))))
        {
            if (array.dtype == ScalarType.Float32)
                array.copy_(tensor(weights.Get(name, [.. array.shape.Select(size => (int)size)]).ToArray(), array.shape));
        }
    }

    /// <summary>ResNet-20 for images of 32x32.</summary>
    sealed class ResidualNet : nn.Module<Tensor, Tensor>
    {
        readonly nn.Module<Tensor, Tensor> conv1 = Conv2d(3, 16, 3, padding: 1, bias: false), bn1 = BatchNorm2d(16), blocks, fc =
            Linear(64, 10);

        public ResidualNet() : base(nameof(ResidualNet))
        {
            var parts = new List<nn.Module<Tensor, Tensor>>();
            long channels = 16;
            foreach (long width in (long[])[16, 32, 64])
            {
                for (int i = 0; i < 3; i++, channels = width)
                    parts.Add(new Block(channels, width, width != channels ? 2 : 1));
            }
            blocks = Sequential(parts);
            RegisterComponents();
        }

        public override Tensor forward(Tensor input) => fc.call(blocks.call(functional.relu(bn1.call(conv1.call(input)))).mean([2, 3]));
    }

    sealed class Block : nn.Module<Tensor, Tensor>
    {
        readonly nn.Module<Tensor, Tensor> conv1, bn1, conv2, bn2;
        readonly nn.Module<Tensor, Tensor>? downsample;

        public Block(long inputs, long outputs, long stride) : base(nameof(Block))
        {
            (conv1, bn1) = (Conv2d(inputs, outputs, 3, stride, 1, bias: false), BatchNorm2d(outputs));
            (conv2, bn2) = (Conv2d(outputs, outputs, 3, 1, 1, bias: false), BatchNorm2d(outputs));
            if (stride != 1)
                downsample = Sequential(Conv2d(inputs, outputs, 1, stride, bias: false), BatchNorm2d(outputs));
            RegisterComponents();
        }

        public override Tensor forward(Tensor input) =>
            functional.relu(bn2.call(conv2.call(functional.relu(bn1.call(conv1.call(input))))).Plus(downsample?.call(input) ?? input));
    }

    /// <summary>Depthwise convolutions 3x3 and pointwise ones, as in MobileNet.</summary>
    sealed class DepthwiseNet : nn.Module<Tensor, Tensor>
    {
        static readonly (long Inputs, long Outputs, long Stride)[] Blocks =
            [(32, 64, 1), (64, 128, 2), (128, 128, 1), (128, 256, 2), (256, 256, 1)];

        readonly nn.Module<Tensor, Tensor> layers;

        public DepthwiseNet() : base(nameof(DepthwiseNet))
        {
            List<nn.Module<Tensor, Tensor>> parts = [Conv2d(3, 32, 3, 1, 1), ReLU6()];
            foreach (var (inputs, outputs, stride) in Blocks)
                parts.AddRange([Conv2d(inputs, inputs, 3, stride, 1, groups: inputs), ReLU6(), Conv2d(inputs, outputs, 1), ReLU6()]);
            layers = Sequential([.. parts, AdaptiveAvgPool2d(1), Flatten(), Linear(256, 10)]);
            RegisterComponents();
        }

        public override Tensor forward(Tensor input) => layers.call(input);
    }
}
