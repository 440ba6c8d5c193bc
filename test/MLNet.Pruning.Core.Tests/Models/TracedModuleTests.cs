using System.Runtime.InteropServices;
using MLNet.Pruning.Plans;
using MLNet.Pruning.Tests.Neurons;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace MLNet.Pruning.Tests.Models;

/// <summary>Modules of the user's own as plans, held against LibTorch.</summary>
[TestClass]
public sealed class TracedModuleTests
{
    static Net Of(Func<Net, Tensor, Tensor> body, params (string Name, nn.Module Part)[] parts) => new(body, parts);

    internal static (string Name, Func<nn.Module<Tensor, Tensor>> Build, long[] Shape)[] Modules =>
    [
        ("chain", () => Sequential(nn.Linear(7, 9), ReLU(), Dropout(0.5), nn.Linear(9, 5, hasBias: false), Tanh(), nn.Linear(5, 3)), [7]),
        ("one layer", () => nn.Linear(4, 3), [4]),
        ("functional activations", () => Of(
            (n, x) => n.Call("c", functional.silu(n.Call("b", functional.gelu(n.Call("a", x))))), ("a", nn.Linear(6, 20)),
                ("b", nn.Linear(20, 17)), ("c", nn.Linear(17, 4))), [6]),
        ("activations", () => Sequential(
            nn.Linear(6, 33), new Activated(x => x.leaky_relu(Slope)), nn.Linear(33, 18), Sigmoid(), nn.Linear(18, 18), SiLU(),
                nn.Linear(18, 18), Hardswish(),
            nn.Linear(18, 18), ReLU6(), nn.Linear(18, 19), GELU(), nn.Linear(19, 5), LogSoftmax(1)), [6]),
        ("batch norm of features", () => Sequential(nn.Linear(5, 18), BatchNorm1d(18), ReLU(), BatchNorm1d(18), nn.Linear(18, 4)), [5]),
        ("layer norm", () => Sequential(LayerNorm([12]), nn.Linear(12, 19), LayerNorm([19]), GELU(), nn.Linear(19, 2)), [12]),
        ("tokens", () => Of(
            (n, x) => n.Call("head", n.Call("norm", x.Plus(n.Call("b", functional.gelu(n.Call("a", x))))).mean([1])),
            ("a", nn.Linear(6, 10)), ("b", nn.Linear(10, 6)), ("norm", LayerNorm([6])), ("head", nn.Linear(6, 3))), [5, 6]),
        ("convolutions", () => Sequential(
            Conv2d(3, 8, 3, padding: 1), BatchNorm2d(8), ReLU(), MaxPool2d(2), Conv2d(8, 12, 3, padding: 1, bias: false), ReLU(),
                MaxPool2d(2), Flatten(), nn.Linear(12 * 9, 4)), [3, 13, 12]),
        ("strides and paddings", () => Sequential(
            Conv2d(2, 5, 5, stride: 2, padding: 2), new Activated(x => x.elu(Scalars.One, Scalars.One, Scalars.One)),
                Conv2d(5, 6, (3L, 1L), stride: (1L, 2L), padding: (1L, 0L)), Tanh(), Conv2d(6, 7, 3),
                Conv2d(7, 5, 3, padding: 2, dilation: 2),
            Flatten(), nn.Linear(5 * 8 * 3, 3)), [2, 19, 17]),
        ("depthwise", () => Sequential(
            Conv2d(3, 8, 3, stride: 2, padding: 1), ReLU6(), Conv2d(8, 8, 3, padding: 1, groups: 8, bias: false), BatchNorm2d(8), ReLU6(),
                Conv2d(8, 20, 1), Conv2d(20, 20, 3, stride: 2, padding: 1, groups: 4),
            AdaptiveAvgPool2d(1), Flatten(), nn.Linear(20, 5)), [3, 16, 18]),
        ("poolings", () => Sequential(
            Conv2d(1, 6, 3), AvgPool2d(3, stride: 2, padding: 1), Conv2d(6, 6, 1), MaxPool2d(3, stride: 2, padding: 1, ceil_mode: true),
                AdaptiveAvgPool2d((2L, 3L)), Flatten(), nn.Linear(36, 2)), [1, 20, 21]),
        ("uneven adaptive pooling", () => Sequential(Conv2d(1, 4, 3), AdaptiveAvgPool2d((3L, 4L)), Flatten(), nn.Linear(48, 2)),
            [1, 10, 11]),
        ("transposed", () => Sequential(
            nn.Linear(6, 8 * 9), ReLU(), Unflatten(1, [8, 3, 3]), ConvTranspose2d(8, 6, 4, stride: 2, padding: 1), BatchNorm2d(6), ReLU(),
                ConvTranspose2d(6, 4, 3, stride: 3, padding: 1, output_padding: 1, groups: 2),
            Tanh(), ConvTranspose2d(4, 2, 1, stride: 2)), [6]),
        ("group norm", () => Sequential(Conv2d(2, 6, 3, padding: 1), GroupNorm(3, 6), ReLU(), Conv2d(6, 4, 3, padding: 1), Softmax(1)),
            [2, 7, 6]),
        ("batch norm before", () => Of(
            (n, x) => n.Call("head", n.Call("conv",
                functional.relu(n.Call("norm", n.Call("first", x)))).Plus(n.Call("first", x)).flatten(1)),
            ("first", Conv2d(3, 6, 3, padding: 1)), ("norm", BatchNorm2d(6)), ("conv", Conv2d(6, 6, 3, padding: 1)),
                ("head", nn.Linear(6 * 20, 3))), [3, 4, 5]),
        ("residual", () => Sequential(
            Conv2d(3, 16, 3, padding: 1, bias: false), BatchNorm2d(16), ReLU(), new Residual(16, 16, 1), new Residual(16, 24, 2),
                new Residual(24, 24, 1), AdaptiveAvgPool2d(1), Flatten(), nn.Linear(24, 10)), [3, 16, 16]),
        ("residual and functional end", () => Of(
            (n, x) => n.Call("fc", functional.adaptive_avg_pool2d(n.Call("b", n.Call("a", x)), 1).flatten(1)),
                ("a", new Residual(3, 8, 1)), ("b", new Residual(8, 8, 2)), ("fc", nn.Linear(8, 4))), [3, 10, 12]),
        ("branches joined", () => Of(
            (n, x) => n.Call("head", cat([functional.relu(n.Call("one", x)), functional.relu(n.Call("three", x)),
                n.Call("pool", functional.max_pool2d(x, 3, 1, 1))], 1).mean([2, 3])),
            ("one", Conv2d(2, 5, 1)), ("three", Conv2d(2, 6, 3, padding: 1)), ("pool", Conv2d(2, 4, 1)), ("head", nn.Linear(15, 3))),
                [2, 9, 7]),
        ("means joined of what others read", () => Of(
            (n, x) =>
            {
                var a = functional.relu(n.Call("a", x));
                var z = functional.relu(n.Call("norm", n.Call("b", a)).Plus(a));
                return n.Call("head", cat([z.mean([2, 3]), functional.relu(n.Call("c", z)).mean([2, 3])], 1));
            },
            ("a", Conv2d(3, 6, 3, padding: 1)), ("b", Conv2d(6, 6, 3, padding: 1)), ("norm", BatchNorm2d(6)), ("c", Conv2d(6, 4, 1)),
                ("head", nn.Linear(10, 3))), [3, 8, 7]),
        ("joined features", () => Of(
            (n, x) => n.Call("head", cat([x, n.Call("a", x), functional.tanh(n.Call("b", x))], 1)), ("a", nn.Linear(5, 19)),
                ("b", nn.Linear(5, 7)), ("head", nn.Linear(31, 3))), [5]),
        ("dense block", () => Of(
            (n, x) =>
            {
                var a = n.Call("a", x);
                var b = n.Call("b", cat([x, a], 1));
                return n.Call("c", cat([x, a, b], 1)).flatten(1);
            },
            ("a", Conv2d(3, 4, 3, padding: 1)), ("b", Conv2d(7, 4, 3, padding: 1)), ("c", Conv2d(11, 2, 1))), [3, 5, 6]),
        ("squeeze and excitation", () => Of(
            (n, x) =>
            {
                var image = functional.relu(n.Call("conv", x));
                var gates = n.Call("up", functional.relu(n.Call("down", image.mean([2, 3])))).sigmoid();
                return n.Call("head", image.mul(gates.unsqueeze(-1).unsqueeze(-1))).flatten(1);
            },
            ("conv", Conv2d(3, 12, 3, padding: 1)), ("down", nn.Linear(12, 4)), ("up", nn.Linear(4, 12)),
                ("head", Conv2d(12, 3, 3, stride: 2))), [3, 9, 8]),
        ("functional pooling", () => Of(
            (n, x) => n.Call("fc", functional.max_pool2d(functional.relu(n.Call("b",
                functional.max_pool2d(functional.relu(n.Call("a", x)), 2))), 2).flatten(1)),
            ("a", Conv2d(1, 4, 3)), ("b", Conv2d(4, 6, 3)), ("fc", nn.Linear(6 * 4, 5))), [1, 14, 14]),
        ("shared layer", () => Of((n, x) => n.Call("same", functional.relu(n.Call("same", functional.relu(n.Call("same", x))))),
            ("same", nn.Linear(6, 6))), [6]),
        ("own offset", () => Sequential(nn.Linear(4, 6), new Added(6), ReLU(), nn.Linear(6, 2)), [4]),
        ("ours within", () => Of(
            (n, x) => n.Call("head", functional.relu(n.Call("inner", x))), ("inner", new FeedForwardBlueprint([8, 12, 6]).Build()),
                ("head", nn.Linear(6, 2))), [8]),
        ("image result", () => Sequential(Conv2d(1, 4, 3, padding: 1), ReLU(), Conv2d(4, 2, 3, padding: 1)), [1, 5, 6]),
        ("nothing but an activation", () => ReLU(), [5]),
        ("flattened first", () => Sequential(Flatten(), nn.Linear(24, 17), ReLU(), nn.Linear(17, 3)), [2, 3, 4]),
    ];

    static readonly TorchSharp.Scalar Slope = 0.01;

    public static IEnumerable<object[]> Names => Modules.Select(module => new object[] { module.Name });

    sealed class Activated(Func<Tensor, Tensor> function) : nn.Module<Tensor, Tensor>(nameof(Activated))
    {
        public override Tensor forward(Tensor input) => function(input);
    }

    internal static nn.Module<Tensor, Tensor> Build(Func<nn.Module<Tensor, Tensor>> build)
    {
        random.manual_seed(3);
        var module = Checks.Filled(build());
        module.eval();
        return module;
    }

    [TestMethod]
    [DynamicData(nameof(Names))]
    public void A_module_scores_as_LibTorch_computes_it(string name)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var (_, build, shape) = Modules.Single(module => module.Name == name);
        using var module = Build(build);
        var plan = NetworkPlans.Compile(module, shape, ScoringOutput.Logits);
        var rows = randn([11, .. shape]);
        var wanted = module.call(rows).flatten(1).contiguous();
        var scores = new float[wanted.NumberOfElements];
        plan.Score(rows.data<float>().ToArray(), scores);
        var expected = wanted.data<float>().ToArray();
        for (var i = 0; i < expected.Length; i++)
            Assert.AreEqual(expected[i], scores[i], 1e-5f * Math.Max(1, Math.Abs(expected[i])), $"score {i}");

        // The same bits alone, in fewer rows and on threads.
        foreach (var (count, threads) in ((int, int)[])[(1, 1), (3, 1), (11, 3)])
        {
            var again = new float[count * plan.OutputWidth];
            plan.Score(rows.data<float>().ToArray().AsSpan(0, count * plan.InputWidth), again, threads);
            Assert.IsTrue(MemoryMarshal.AsBytes(again.AsSpan()).SequenceEqual(MemoryMarshal.AsBytes(scores.AsSpan(0, again.Length))),
                $"{count} rows on {threads} threads");
        }
    }

    static (string Name, Func<nn.Module<Tensor, Tensor>> Build, long[] Shape, string[] Reason)[] Refused =>
    [
        ("LSTM", () => new Recurrent(), [6, 5], ["'head' (Linear)", "'lstm' (LSTM)"]),
        ("embedding", () => Of((n, x) => n.Call("head", n.Call("look", x.abs().clamp_max(Scalars.One).to(ScalarType.Int64)).flatten(1)),
            ("look", Embedding(4, 3)), ("head", nn.Linear(15, 2))), [5],
            ["'look' (Embedding)"]),
        ("attention", () => Sequential(new Attention(6), Flatten(), nn.Linear(24, 2)), [4, 6], ["'0.projection' (Linear)"]),
        ("a number's multiple", () => Of((n, x) => n.Call("b", n.Call("a", x).Times(2)), ("a", nn.Linear(4, 5)), ("b", nn.Linear(5, 3))),
            [4], ["'b' (Linear)", "[5]"]),
        ("a product of matrices at the end", () =>
            Of((n, x) => n.Call("a", x).mm(n.Part<TorchSharp.Modules.Linear>("a").weight!.t().t()), ("a", nn.Linear(4, 4))), [4],
            ["The result, [4]"]),
        ("a path that depends on the data", () =>
            Of((n, x) => x.sum().item<float>() > 0 ? n.Call("a", x) : n.Call("b", x), ("a", nn.Linear(4, 3)), ("b", nn.Linear(4, 3))), [4],
            ["calls other layers"]),
        ("a function that depends on the data", () =>
            Of((n, x) => x.sum().item<float>() > 0 ? n.Call("a", x).relu() : n.Call("a", x), ("a", nn.Linear(4, 3))), [4], ["The result"]),
        ("rows that depend on each other", () => Of((n, x) => functional.softmax(n.Call("a", x), 0), ("a", nn.Linear(4, 3))), [4],
            ["The result"]),
        ("reflected padding", () => Sequential(Conv2d(1, 2, 3, padding: 1, padding_mode: TorchSharp.PaddingModes.Reflect)), [1, 6, 6],
            ["'0' (Conv2d)", "Reflect"]),
        ("statistics of the batch", () => Sequential(nn.Linear(3, 4), BatchNorm1d(4, track_running_stats: false)), [3],
            ["'1' (BatchNorm1d)", "depends on its batch"]),
        ("random numbers", () => Of((n, x) => functional.dropout(n.Call("a", x), 0.01, training: true), ("a", nn.Linear(4, 300))), [4],
            ["random"]),
        ("double precision", () => Of((n, x) => n.Call("a", x.to(ScalarType.Float64)).to(ScalarType.Float32),
            ("a", nn.Linear(4, 3, dtype: ScalarType.Float64))), [4], ["'a' (Linear)", "Float64"]),
        ("a layer that is not called", () =>
            Of((n, x) => n.Part<TorchSharp.Modules.Linear>("a").forward(x).relu(), ("a", nn.Linear(4, 3))), [4],
            ["The result", "Never called", "'a' (Linear)"]),
        ("another kind of layer", () => Sequential(nn.Linear(3, 4), LogSigmoid()), [3], ["'1' (LogSigmoid)"]),
        ("another shape", () => nn.Linear(4, 3), [5], ["failed on an example"]),
    ];

    public static IEnumerable<object[]> RefusedNames => Refused.Select(module => new object[] { module.Name });

    sealed class Recurrent : nn.Module<Tensor, Tensor>
    {
        readonly TorchSharp.Modules.LSTM lstm;
        readonly TorchSharp.Modules.Linear head;

        public Recurrent() : base(nameof(Recurrent))
        {
            (lstm, head) = (LSTM(5, 7, batchFirst: true), nn.Linear(42, 3));
            RegisterComponents();
        }

        public override Tensor forward(Tensor input) => head.call(lstm.call(input).Item1.flatten(1));
    }

    [TestMethod]
    [DynamicData(nameof(RefusedNames))]
    public void What_cannot_be_told_is_refused_by_the_name_of_the_layer(string name)
    {
        using var scope = NewDisposeScope();
        var (_, build, shape, reasons) = Refused.Single(module => module.Name == name);
        using var module = build();
        module.train();
        var traced = NetworkPlans.Trace(module, shape);
        Assert.IsNull(traced.Description);
        foreach (var reason in reasons)
            StringAssert.Contains(traced.Reason, reason);
        Assert.IsTrue(module.training);
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => NetworkPlans.Compile(module, shape)).Message, reasons[0]);
    }

    [TestMethod]
    public void Nodes_name_the_layers_and_their_weights()
    {
        using var scope = NewDisposeScope();
        using var module = Build(() =>
            Of((n, x) => n.Call("fc", n.Call("block", x).flatten(1)), ("block", new Residual(2, 3, 2)), ("fc", nn.Linear(3 * 4, 5))));
        var graph = NetworkPlans.Trace(module, [2, 4, 4]).Description!;
        Assert.AreEqual(
            "input, block.conv1, block.bn1, relu, block.conv2, block.bn2, block.downsample.0, block.downsample.1, add, relu, reshape, fc",
            string.Join(", ", graph.Nodes.Select(node => node.Name)));
        Assert.AreEqual("block.bn1.running_var", graph.Nodes[2].Variance);
        Assert.IsNull(graph.Nodes[1].Bias);
        CollectionAssert.AreEqual(new[] { 2, 2 }, graph.Nodes[6].Window!.Stride.ToArray());
        var steps = ScoringPlan.Compile(graph, NetworkPlans.Weights(module)).Steps;
        Assert.AreEqual("block.conv1, block.conv2, block.downsample.0, fc", string.Join(", ", steps.Select(step => step.Layer)));
        Assert.AreEqual(2 * 9, steps.Single(step => step.Layer == "block.conv1").Inputs);
    }

    [TestMethod]
    public void Weights_that_are_inactive_are_left_out()
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        using var module = Build(() =>
            Sequential(Conv2d(4, 16, 3, padding: 1), ReLU(), Conv2d(16, 16, 3, stride: 2), Flatten(), nn.Linear(16 * 9, 64), ReLU(),
            nn.Linear(64, 5)));
        foreach (var (_, parameter) in module.named_parameters().Where(p => p.parameter.Dimensions > 1))
            parameter.mul_(rand(parameter.shape).With(0.05, (x, density) => x.lt(density)));
        var plan = NetworkPlans.Compile(module, [4, 8, 8], ScoringOutput.Logits);
        CollectionAssert.AreEqual(new[] { "sparse lanes", "sparse lanes", "sparse rows", "dense rows" }, plan.Steps
            .Select(step => step.Kernel).ToArray());
        var rows = randn(9, 4, 8, 8);
        var wanted = module.call(rows).data<float>().ToArray();
        var scores = new float[wanted.Length];
        plan.Score(rows.data<float>().ToArray(), scores);
        for (var i = 0; i < wanted.Length; i++)
            Assert.AreEqual(wanted[i], scores[i], 1e-5f, $"score {i}");
    }

    [TestMethod]
    public void Probabilities_are_the_softmax_of_what_the_module_gives_and_images_have_none()
    {
        using var scope = NewDisposeScope();
        using var module = Build(() => nn.Linear(4, 3));
        var rows = randn(1, 4);
        var scores = new float[3];
        NetworkPlans.Compile(module, [4]).Score(rows.data<float>().ToArray(), scores);
        var wanted = module.call(rows).softmax(1).data<float>().ToArray();
        for (var i = 0; i < 3; i++)
            Assert.AreEqual(wanted[i], scores[i], 1e-6f);
        using var image = Conv2d(1, 2, 1);
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => NetworkPlans.Compile(image, [1, 3, 3])).Message, "Logits");
    }

    [TestMethod]
    public void Tracing_leaves_the_module_and_the_random_numbers_as_they_were()
    {
        using var scope = NewDisposeScope();
        using var module = Sequential(nn.Linear(4, 6), BatchNorm1d(6), Dropout(0.5), nn.Linear(6, 2));
        module.train();
        random.manual_seed(5);
        var before = module.named_buffers().Select(b => b.buffer.clone()).ToArray();
        Assert.IsNotNull(NetworkPlans.Trace(module, [4]).Description);
        var drawn = rand(3).data<float>().ToArray();
        random.manual_seed(5);
        CollectionAssert.AreEqual(rand(3).data<float>().ToArray(), drawn);
        Assert.IsTrue(module.modules().All(part => part.training));
        foreach (var (was, now) in before.Zip(module.named_buffers()))
            Assert.IsTrue(was.eq(now.buffer).all().item<bool>(), now.name);
    }

    [TestMethod]
    public void A_model_file_has_the_graph_and_is_loaded_without_the_code_that_built_it()
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        foreach (var (name, build, shape) in Modules)
        {
            using var module = Build(build);
            using var file = new MemoryStream();
            ModelFile.Save(file, new ModuleBlueprint("Mine", shape), module);
            file.Position = 0;
            var (loaded, compiled) = (ScoringPlan.Load(file, ScoringOutput.Logits),
                NetworkPlans.Compile(module, shape, ScoringOutput.Logits));
            var rows = randn([2, .. shape]).data<float>().ToArray();
            float[] scores = new float[2 * compiled.OutputWidth], wanted = new float[scores.Length];
            loaded.Score(rows, scores);
            compiled.Score(rows, wanted);
            CollectionAssert.AreEqual(wanted, scores, name);
            CollectionAssert.AreEqual(compiled.Steps.ToArray(), loaded.Steps.ToArray(), name);
        }
    }

    [TestMethod]
    public void A_model_file_without_a_graph_says_that_it_is_of_the_users_own_code()
    {
        using var scope = NewDisposeScope();
        using var module = new Recurrent();
        using var file = new MemoryStream();
        ModelFile.Save(file, new ModuleBlueprint("Mine", [6, 5]), module);
        file.Position = 0;
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => ScoringPlan.Load(file)).Message,
            "a module of the user's own code");
    }

    [TestMethod]
    public void A_module_that_lost_neurons_is_traced_as_it_is_now()
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        using var module = Build(() =>
            Sequential(new Residual(3, 8, 1), new Residual(8, 12, 2), AdaptiveAvgPool2d(1), Flatten(), nn.Linear(12, 3)));
        var map = NeuronMap.Discover(module, randn(1, 3, 8, 8));
        map.Remove([new(map["0.conv1"], [0, 3, 6]), new(map["1.conv1"], [1, 2, 5, 8, 11])]);
        var plan = NetworkPlans.Compile(module, [3, 8, 8], ScoringOutput.Logits);
        Assert.AreEqual(5, plan.Steps.Single(step => step.Layer == "0.conv1").Outputs);
        var rows = randn(4, 3, 8, 8);
        var scores = new float[12];
        plan.Score(rows.data<float>().ToArray(), scores);
        var wanted = module.call(rows).data<float>().ToArray();
        for (var i = 0; i < 12; i++)
            Assert.AreEqual(wanted[i], scores[i], 1e-5f, $"score {i}");
    }

    /// <summary>Each is held against the module by tracing itself, on nine rows.</summary>
    [TestMethod]
    public void Windows_of_random_shapes_are_computed_as_LibTorch_does()
    {
        using var off = no_grad();
        var numbers = new Random(4);
        for (var i = 0; i < 80; i++)
        {
            using var scope = NewDisposeScope();
            random.manual_seed(i);
            long[] Pair(int least, int most) => [numbers.Next(least, most + 1), numbers.Next(least, most + 1)];
            long[] kernel = Pair(1, 5), stride = Pair(1, 3), dilation = Pair(1, 2), padding =
                [.. kernel.Select(k => (long)numbers.Next(0, (int)k / 2 + 1))];
            long groups = numbers.Next(1, 4), inputs = groups * numbers.Next(1, 5), outputs = groups * numbers.Next(1, 9);
            long height = numbers.Next(9, 20), width = numbers.Next(9, 20);
            // TorchSharp 0.107 takes the first number for the columns too.
            var more = Math.Min(stride[0], stride[1]) - 1;
            nn.Module<Tensor, Tensor> layer = (i % 4) switch
            {
                0 or 1 => Conv2d(inputs, outputs, (kernel[0], kernel[1]), (stride[0], stride[1]), (padding[0], padding[1]),
                    (dilation[0], dilation[1]),
                    groups: groups, bias: i % 3 > 0),
                2 => ConvTranspose2d(inputs, outputs, (kernel[0], kernel[1]), (stride[0], stride[1]), (padding[0], padding[1]),
                    (more, more), (dilation[0], dilation[1]), groups: groups, bias: i % 3 > 0),
                _ when i % 8 == 3 => MaxPool2d(kernel, stride, padding, null, ceil_mode: i % 16 == 3),
                _ => AvgPool2d(kernel, stride, padding, i % 16 == 7, i % 32 > 16),
            };
            var after = i % 4 == 3 ? inputs : outputs;
            using var module = Sequential(Conv2d(2, inputs, 1), layer, ReLU(), Conv2d(after, 3, 3, padding: 1));
            var traced = NetworkPlans.Trace(module, [2, height, width]);
            Assert.IsNull(traced.Reason, $"{i}: {layer.GetType().Name}, kernel {kernel[0]}x{kernel[1]}, stride {stride[0]}x{stride[1]}, "
                + $"padding {padding[0]}x{padding[1]}, dilation {dilation[0]}x{dilation[1]}, "
                + $"{groups} groups, {inputs} to {outputs} channels, {height}x{width}");
        }
    }
}
