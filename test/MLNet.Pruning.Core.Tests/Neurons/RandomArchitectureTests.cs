using FsCheck;
using FsCheck.Fluent;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace MLNet.Pruning.Tests.Neurons;

/// <summary>Networks drawn at random: whatever is removed, the smaller one computes what the masked one did.</summary>
[TestClass]
public sealed class RandomArchitectureTests
{
    [TestMethod]
    public void The_smaller_network_computes_what_the_masked_one_did() =>
        Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed => Run(seed)).Check(Config.QuickThrowOnFailure.WithMaxTest(40).WithQuietOnSuccess(true));

    static void Run(int seed)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(seed);
        var dice = new Random(seed);
        using var model = Checks.Filled(Draw(dice), dice.Next(1000));
        var x = randn(2, 2, 8, 8);
        var map = NeuronMap.Discover(model, x);
        Assert.IsNotEmpty(map.Groups);
        for (var round = 0; round < 2; round++)
        {
            var selections = map.Groups.Where(g => g.Size > 1 && dice.Next(3) > 0)
                .Select(g => new NeuronSelection(g, [.. Enumerable.Range(0, g.Size).OrderBy(_ => dice.Next()).Take(dice.Next(1, g.Size))])).ToArray();
            if (selections.Length == 0)
                continue;
            Tensor masked;
            using (map.Mask(selections))
                masked = Checks.Evaluated(model, x);
            var removal = map.Remove(selections, verify: x);
            Checks.Same(masked, Checks.Evaluated(model, x), 1e-4);
            Assert.AreEqual(Checks.Count(model), removal.ParametersAfter);
            // What is counted after a removal is what a new look finds; but a group norm down to one group has channels that can go singly from then on.
            if (!model.named_modules().Any(m => m.module is TorchSharp.Modules.GroupNorm))
                CollectionAssert.AreEqual(Checks.Lines(map).Where((_, i) => map.Groups[i].Size > 1).ToArray(), Checks.Lines(NeuronMap.Discover(model, x)));
        }
    }

    // A stem, then blocks of many kinds over 8 x 8 pixels, then a head that pools or flattens.
    static Net Draw(Random dice)
    {
        var parts = new List<(string, Module)>();
        var steps = new List<Func<Net, Tensor, Tensor>>();
        long width = dice.Next(2, 9);
        Add("stem", Conv2d(2, width, 3, padding: 1));
        for (var b = 0; b < dice.Next(1, 5); b++)
        {
            switch (dice.Next(7))
            {
                case 0:
                    var wider = dice.Next(2, 9);
                    Add($"conv{b}", Conv2d(width, wider, 3, padding: 1, bias: dice.Next(2) == 0));
                    width = wider;
                    break;
                case 1:
                    Add($"depth{b}", Conv2d(width, width, 3, padding: 1, groups: width));
                    break;
                case 2:
                    Add($"norm{b}", dice.Next(3) switch { 0 => BatchNorm2d(width), 1 => GroupNorm(width % 2 == 0 ? 2 : width, width), _ => InstanceNorm2d(width, affine: true) });
                    break;
                case 3:
                    Add($"block{b}", new Residual(width, width, 1));
                    break;
                case 4:
                    var grown = dice.Next(1, 6);
                    parts.Add(($"grow{b}", Conv2d(width, grown, 1)));
                    var grow = $"grow{b}";
                    steps.Add((n, x) => cat([x, functional.relu(n.Call(grow, x))], 1));
                    width += grown;
                    break;
                case 5:
                    parts.Add(($"gate{b}", Linear(width, width)));
                    var gate = $"gate{b}";
                    steps.Add((n, x) => x * n.Call(gate, x.mean([2, 3])).sigmoid().unsqueeze(-1).unsqueeze(-1));
                    break;
                default:
                    parts.Add(($"up{b}", ConvTranspose2d(width, width, 2, 2)));
                    var up = $"up{b}";
                    steps.Add((n, x) => functional.avg_pool2d(n.Call(up, x), 2));
                    break;
            }
            if (dice.Next(2) == 0)
                steps.Add((_, x) => x.With(0.1, (x, slope) => x.leaky_relu(slope)));
        }
        var flat = dice.Next(2) == 0;
        steps.Add((_, x) => flat ? functional.max_pool2d(x, 4).flatten(1) : x.mean([2, 3]));
        var inputs = flat ? width * 4 : width;
        if (dice.Next(2) == 0)
        {
            Add("hidden", Linear(inputs, 7));
            Add("norm", LayerNorm(7));
            inputs = 7;
        }
        Add("head", Linear(inputs, 3));
        return new Net((n, x) => steps.Aggregate(x, (h, step) => step(n, h)), [.. parts]);

        void Add(string name, Module part)
        {
            parts.Add((name, part));
            steps.Add((n, x) => n.Call(name, x));
        }
    }
}
