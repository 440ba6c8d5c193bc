using System.Text.Json;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Stack.TorchSharp.Tests.Modules;

[TestClass]
[DoNotParallelize] // Others would draw from the same random numbers.
public sealed class ModuleNumbersTests
{
    static JsonElement Peers => Peer.Run("modules.py").RootElement;

    public static IEnumerable<object[]> Names => ModuleCases.All.Keys.Select(name => new object[] { name });

    [TestMethod]
    public void Every_module_of_the_peer_is_compared() =>
        CollectionAssert.AreEquivalent(Peers.EnumerateObject().Select(p => p.Name).ToList(), ModuleCases.All.Keys.ToList());

    [TestMethod]
    [DynamicData(nameof(Names))]
    public void A_module_computes_what_PyTorch_computes(string name)
    {
        using var scope = NewDisposeScope();
        var peer = Peers.GetProperty(name);
        using var module = Prepare(name, peer);
        CollectionAssert.AreEquivalent(Keys(peer, "before"), module.state_dict().Keys.ToList());

        var x = Input(peer);
        manual_seed(5);
        var y = module.call(x);
        Same(peer.GetProperty("output"), y, "output");

        var names = module.named_parameters().Select(p => p.name).ToList();
        var inputs = module.parameters().Cast<Tensor>().ToList();
        if (x.is_floating_point())
        {
            names.Add("input");
            inputs.Add(x);
        }
        if (inputs.Count > 0)
        {
            var gradients = autograd.grad([Weighted(y)], inputs);
            for (var k = 0; k < names.Count; k++)
                Same(peer.GetProperty("gradients").GetProperty(names[k]), gradients[k], "gradient of " + names[k]);
        }
        CollectionAssert.AreEquivalent(Keys(peer, "after"), module.state_dict().Keys.ToList());
        // The count of batches has the module's type in the real library, and 0.99.6 does not load it.
        foreach (var (key, value) in module.state_dict())
            if (!key.EndsWith("num_batches_tracked"))
                Same(peer.GetProperty("after").GetProperty(key), value, "state after: " + key);
            else if (module.training)
                Same(peer.GetProperty("after").GetProperty(key), value.to(int64), "state after: " + key);
    }

    // A padding row gets no gradient although it counts, and a norm's scaling is not differentiated: so PyTorch wants it.
    public static IEnumerable<object[]> SmoothNames => Names.Where(name => !((string)name[0]).StartsWith("Embedding with"));

    [TestMethod]
    [DynamicData(nameof(SmoothNames))]
    public void Gradients_are_the_slopes_of_the_outputs(string name)
    {
        using var scope = NewDisposeScope();
        var peer = Peers.GetProperty(name);
        using var module = Prepare(name, peer);
        var x = Input(peer);
        var inputs = module.parameters().Cast<Tensor>().ToList();
        if (x.is_floating_point())
            inputs.Add(x);
        if (inputs.Count == 0)
            return;

        manual_seed(5);
        var gradients = autograd.grad([Weighted(module.call(x))], inputs);
        for (var k = 0; k < inputs.Count; k++)
            Slopes.AssertEqual(inputs[k], gradients[k], () =>
            {
                manual_seed(5);
                return Weighted(module.call(x)).item<double>();
            });
    }

    static List<string> Keys(JsonElement peer, string state) => [.. peer.GetProperty(state).EnumerateObject().Select(p => p.Name)];

    static Module<Tensor, Tensor> Prepare(string name, JsonElement peer)
    {
        var module = ModuleCases.All[name]();
        module.load_state_dict(peer.GetProperty("before").EnumerateObject().ToDictionary(
            p => p.Name, p => Peer.Tensor(p.Value, p.Value.GetProperty("dtype").GetString() == "int64" ? int64 : float64)));
        module.train(!name.EndsWith("evaluating") && !name.EndsWith("untracked"));
        return module;
    }

    static Tensor Input(JsonElement peer)
    {
        var input = peer.GetProperty("input");
        return input.GetProperty("dtype").GetString() == "int64" ? Peer.Tensor(input, int64) : Peer.Tensor(input).requires_grad_();
    }

    static Tensor Weighted(Tensor output) => (output * arange(output.numel(), float64).cos().view(output.shape)).sum();

    static void Same(JsonElement expected, Tensor actual, string what) => Assert.IsNull(Peer.Difference(expected, actual, 1e-10), what);
}
