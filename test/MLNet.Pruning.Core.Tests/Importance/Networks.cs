using MLNet.Pruning.Tests.Neurons;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace MLNet.Pruning.Tests.Importance;

/// <summary>Networks whose groups are read in different ways. Layers named "carry" are convolutions in groups, which weigh nothing.</summary>
static class Networks
{
    public static IEnumerable<object[]> Names => All.Keys.Select(n => new object[] { n });

    public static Dictionary<string, (Func<nn.Module<Tensor, Tensor>> Build, long[] Input)> All { get; } = new()
    {
        ["chain"] = (() => Sequential(("a", Linear(6, 5)), ("r1", ReLU()), ("b", Linear(5, 4)), ("r2", ReLU()), ("c", Linear(4, 3))), [6]),
        ["flattened, strides and padding"] = (() => Sequential(("a", Conv2d(1, 4, 3, 1, 1)), ("bn", BatchNorm2d(4)), ("r1", ReLU()), ("pool", MaxPool2d(2)),
            ("b", Conv2d(4, 5, (3, 3), (2, 1), (1, 2), (1, 2))), ("r2", ReLU()), ("flat", Flatten()), ("c", Linear(5 * 2 * 4, 3))), [1, 8, 8]),
        ["one dimension, dilated"] = (() => Sequential(("a", Conv1d(2, 4, 3)), ("r1", ReLU()), ("b", Conv1d(4, 6, 3, 2, 2, 2)), ("r2", ReLU()), ("flat", Flatten()), ("c", Linear(6 * 5, 3))), [2, 11]),
        ["transposed"] = (() => Sequential(("a", Conv2d(1, 4, 3)), ("r1", ReLU()), ("b", ConvTranspose2d(4, 3, 3, 2, 1, 1)), ("r2", ReLU()), ("flat", Flatten()), ("c", Linear(3 * 64, 3))), [1, 6, 6]),
        ["residual"] = (() => Sequential(("stem", Conv2d(1, 4, 3, 1, 1)), ("r", ReLU()), ("block1", new Residual(4, 4, 1)), ("block2", new Residual(4, 6, 2)),
            ("pool", AdaptiveAvgPool2d(1)), ("flat", Flatten()), ("fc", Linear(6, 3))), [1, 6, 6]),
        ["concatenated"] = (() => new Net((n, x) =>
        {
            var a = functional.relu(n.Call("a", x));
            var b = functional.relu(n.Call("b", a));
            return n.Call("last", functional.relu(n.Call("c", cat([a, x, b], 1))).mean([2, 3]));
        }, ("a", Conv2d(1, 4, 3, 1, 1)), ("b", Conv2d(4, 5, 3, 1, 1)), ("c", Conv2d(10, 6, 3, 1, 1)), ("last", Linear(6, 3))), [1, 6, 6]),
        ["concatenated, of other sizes"] = (() => new Net((n, x) =>
        {
            var a = functional.relu(n.Call("a", x)).flatten(1);
            var b = functional.relu(n.Call("b", x.flatten(1)));
            return n.Call("last", functional.relu(n.Call("c", cat([b, x.flatten(1), a], 1))));
        }, ("a", Conv2d(1, 4, 3)), ("b", Linear(16, 5)), ("c", Linear(5 + 16 + 16, 6)), ("last", Linear(6, 3))), [1, 4, 4]),
        ["convolution in groups"] = (() => Sequential(("a", Conv2d(1, 6, 3, 1, 1)), ("r1", ReLU()), ("carry", Conv2d(6, 9, 3, 1, 1, 1, PaddingModes.Zeros, 3)), ("r2", ReLU()), ("b", Conv2d(9, 4, 3)),
            ("r3", ReLU()), ("flat", Flatten()), ("c", Linear(4 * 9, 3))), [1, 5, 5]),
        ["depthwise"] = (() => Sequential(("a", Conv2d(1, 6, 3, 1, 1)), ("r1", ReLU()), ("carry", Conv2d(6, 6, 3, 1, 1, 1, PaddingModes.Zeros, 6)), ("r2", ReLU()), ("b", Conv2d(6, 4, 1)),
            ("r3", ReLU()), ("flat", Flatten()), ("c", Linear(4 * 25, 3))), [1, 5, 5]),
        ["reflected border"] = (() => Sequential(("a", Conv2d(1, 4, 3)), ("r1", ReLU()), ("b", Conv2d(4, 5, 3, 1, 1, 1, PaddingModes.Reflect)), ("r2", ReLU()), ("flat", Flatten()), ("c", Linear(5 * 16, 3))), [1, 6, 6]),
        ["same size"] = (() => Sequential(("a", Conv2d(1, 4, 3)), ("r1", ReLU()), ("b", Conv2d(4, 5, 4, Padding.Same)), ("r2", ReLU()), ("flat", Flatten()), ("c", Linear(5 * 16, 3))), [1, 6, 6]),
        ["tokens"] = (() => new Net((n, x) => n.Call("last", functional.relu(n.Call("b", functional.gelu(n.Call("a", x)))).mean([1])),
            ("a", Linear(5, 8)), ("b", Linear(8, 6)), ("last", Linear(6, 3))), [4, 5]),
        ["read twice"] = (() => new Net((n, x) =>
        {
            var a = functional.relu(n.Call("a", x));
            return n.Call("last", functional.relu(n.Call("b", a) - n.Call("b", a * a)));
        }, ("a", Linear(5, 8)), ("b", Linear(8, 6)), ("last", Linear(6, 3))), [5]),
    };

    public static (nn.Module<Tensor, Tensor> Model, NeuronMap Map, Tensor Input) Make(string name, int rows = 6)
    {
        var (build, shape) = All[name];
        random.manual_seed(11);
        var model = Checks.Filled(build());
        model.eval();
        var input = randn([rows, .. shape]);
        var map = NeuronMap.Discover(model, input.narrow(0, 0, 1));
        Assert.IsNotEmpty(map.Groups, map.ToString());
        return (model, map, input);
    }

    /// <summary>The layers whose readings count.</summary>
    public static NeuronGroupMember[] Readers(NeuronGroup group) => [.. group.Consumers.Where(c => c.Path != "carry")];

    /// <summary>Runs the model and gives what each layer was given, call by call.</summary>
    public static Dictionary<string, List<Tensor>> Inputs(nn.Module<Tensor, Tensor> model, NeuronMap map, Tensor input, Action<Tensor>? then = null)
    {
        var seen = new Dictionary<string, List<Tensor>>();
        var removers = new List<Action>();
        foreach (var reader in map.Groups.SelectMany(Readers).DistinctBy(r => r.Path))
            removers.Add(reader.Module.register_forward_pre_hook((_, given) =>
            {
                var own = given.clone(); // Sequential disposes of what stands between its layers.
                (seen.TryGetValue(reader.Path, out var calls) ? calls : seen[reader.Path] = []).Add(own);
                if (own.requires_grad)
                    own.retain_grad();
                return own;
            }).remove);
        var answer = model.call(input);
        then?.Invoke(answer);
        foreach (var remove in removers)
            remove();
        return seen;
    }

    /// <summary>[samples, features, the rest], whatever the layer.</summary>
    public static Tensor Features(NeuronGroupMember reader, Tensor values) =>
        reader.Module is TorchSharp.Modules.Linear ? values.dim() == 2 ? values.unsqueeze(2) : values.transpose(1, 2) : values.flatten(2);
}
