using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Neurons;

static class Checks
{
    /// <summary>Gives every parameter and statistic a value of its own, so that no two channels are alike by chance.</summary>
    public static T Filled<T>(T module, int seed = 1) where T : nn.Module
    {
        using var off = no_grad();
        random.manual_seed(seed);
        // TorchSharp's start with what lay in memory.
        foreach (var norm in module.modules().OfType<GroupNorm>())
        {
            nn.init.ones_(norm.weight!);
            nn.init.zeros_(norm.bias!);
        }
        foreach (var (_, parameter) in module.named_parameters())
            parameter.add_(randn_like(parameter).Times(0.1), Scalars.One);
        foreach (var (name, buffer) in module.named_buffers())
        {
            if (name.EndsWith("running_mean", StringComparison.Ordinal))
                buffer.copy_(randn_like(buffer).Times(0.2));
            else if (name.EndsWith("running_var", StringComparison.Ordinal))
                buffer.copy_(rand_like(buffer).Plus(0.5));
        }
        return module;
    }

    public static long Count(nn.Module module) => module.parameters().Sum(p => p.NumberOfElements);

    /// <summary>What the network computes when the weights that read the chosen neurons are zero: the masked network, without the product's masks.</summary>
    public static Tensor WithoutReaders(nn.Module<Tensor, Tensor> module, IEnumerable<NeuronSelection> selections, Tensor input)
    {
        using var off = no_grad();
        var saved = new List<(Tensor Weight, Tensor Value)>();
        foreach (var (group, neurons) in selections)
            foreach (var member in group.Consumers)
            {
                var weight = member.Module.get_parameter("weight")!;
                var indices = neurons.SelectMany(n => member.Indices[n]).Select(i => (long)i).ToArray();
                // A convolution in groups reads channel i by the filters of its group; the depthwise ones here read one each.
                var depthwise = member.Module is Conv2d && weight.shape[1] == 1 && member.Indices.Count > 1 && group.Producers.Any(p => p.Path == member.Path);
                var dimension = member.Module is ConvTranspose2d || depthwise ? 0 : 1;
                saved.Add((weight, weight.clone()));
                weight.index_fill_(dimension, tensor(indices), Scalars.Zero);
            }
        var output = Evaluated(module, input);
        saved.Reverse();
        foreach (var (weight, value) in saved)
            weight.copy_(value);
        return output;
    }

    public static Tensor Evaluated(nn.Module<Tensor, Tensor> module, Tensor input)
    {
        using var off = no_grad();
        module.eval();
        return module.call(input);
    }

    public static void Same(Tensor expected, Tensor actual, double tolerance = 1e-5)
    {
        CollectionAssert.AreEqual(expected.shape, actual.shape);
        var scale = Math.Max(expected.abs().max().item<float>(), 1e-6);
        Assert.AreEqual(0, (expected - actual).abs().max().item<float>() / scale, tolerance);
    }

    /// <summary>Removes about half of each group, and holds the result against the masked network.</summary>
    public static NeuronMap Halved(nn.Module<Tensor, Tensor> module, Tensor input, bool readers = true)
    {
        var map = NeuronMap.Discover(module, input);
        var selections = map.Groups.Select(g => new NeuronSelection(g, [.. Enumerable.Range(0, g.Size).Where(n => n % 2 == 1 || n % 5 == 2)])).ToArray();
        selections = [.. selections.Select(s => s.Neurons.Count == s.Group.Size ? s with { Neurons = [0] } : s)];
        Tensor masked;
        using (map.Mask(selections))
            masked = Evaluated(module, input);
        if (readers)
            Same(WithoutReaders(module, selections, input), masked);
        var full = Evaluated(module, input);
        Assert.IsGreaterThan(1e-4, (full - masked).abs().max().item<float>(), "The neurons do not matter, so the test shows nothing.");
        var removal = map.Remove(selections, verify: input);
        Assert.IsLessThan(1e-4, removal.Difference!.Value);
        Same(masked, Evaluated(module, input));
        Assert.AreEqual(Count(module), removal.ParametersAfter);
        Assert.IsLessThan(removal.ParametersBefore, removal.ParametersAfter);
        return map;
    }

    public static string[] Lines(NeuronMap map) => [.. map.Groups.Select(g => g.ToString())];
}
