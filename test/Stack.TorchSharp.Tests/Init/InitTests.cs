using System.Text.Json;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using NonlinearityType = TorchSharp.torch.nn.init.NonlinearityType;

namespace Stack.TorchSharp.Tests.Init;

[TestClass]
[DoNotParallelize] // Others would draw from the same random numbers.
public sealed class InitTests
{
    static JsonElement Peers => Peer.Run("init.py").RootElement;

    static readonly Dictionary<string, Func<Module>> layers = new()
    {
        ["Linear"] = () => Linear(5, 4),
        ["Linear without bias"] = () => Linear(5, 4, false),
        ["Conv1d"] = () => Conv1d(4, 6, 3, groups: 2),
        ["Conv2d"] = () => Conv2d(3, 4, (3, 2)),
        ["ConvTranspose1d"] = () => ConvTranspose1d(4, 2, 3),
        ["ConvTranspose2d"] = () => ConvTranspose2d(4, 6, 3, groups: 2),
        ["BatchNorm2d"] = () => BatchNorm2d(3),
        ["LayerNorm"] = () => LayerNorm(new long[] { 2, 3 }),
        ["Embedding"] = () => Embedding(5, 3, padding_idx: 1),
    };

    public static IEnumerable<object[]> Names => layers.Keys.Select(name => new object[] { name });

    [TestMethod]
    [DynamicData(nameof(Names))]
    public void A_seed_gives_a_layer_the_numbers_that_PyTorch_gives_it(string name)
    {
        using var scope = NewDisposeScope();
        manual_seed(41);
        using var layer = layers[name]();
        var peer = Peers.GetProperty(name);
        CollectionAssert.AreEquivalent(peer.EnumerateObject().Select(p => p.Name).ToList(), layer.state_dict().Keys.ToList());
        foreach (var (key, value) in layer.state_dict())
            Assert.IsNull(Peer.Difference(peer.GetProperty(key), value, 1e-7), key);
    }

    static Func<Tensor> Seeded(Func<Tensor> fill) => () =>
    {
        manual_seed(41);
        return fill();
    };

    static Tensor Matrix => empty(4, 6);

    static Tensor Filter => empty(4, 3, 2, 2);

    [TestMethod]
    public void A_seed_fills_a_tensor_as_PyTorch_does() => Peer.Compare(Peers.GetProperty("fills"), new()
    {
        ["uniform"] = Seeded(() => init.uniform_(Matrix, -2, 3)),
        ["normal"] = Seeded(() => init.normal_(Matrix, 1, 0.5)),
        ["constant"] = Seeded(() => init.constant_(Matrix, 0.25)),
        ["ones"] = Seeded(() => init.ones_(Matrix)),
        ["zeros"] = Seeded(() => init.zeros_(Matrix)),
        ["eye"] = Seeded(() => init.eye_(Matrix)),
        ["dirac"] = Seeded(() => init.dirac_(empty(3, 4, 3, 3))),
        ["xavier uniform"] = Seeded(() => init.xavier_uniform_(Filter, 1.5)),
        ["kaiming uniform"] = Seeded(() => init.kaiming_uniform_(Filter, 0.3)),
        ["kaiming uniform out"] = Seeded(() => init.kaiming_uniform_(Matrix, 0, init.FanInOut.FanOut, NonlinearityType.ReLU)),
        ["kaiming normal"] = Seeded(() => init.kaiming_normal_(Filter, nonlinearity: NonlinearityType.ReLU)),
        ["kaiming normal out"] = Seeded(() => init.kaiming_normal_(Filter, mode: init.FanInOut.FanOut, nonlinearity: NonlinearityType.ReLU)),
    }, 1e-6);

    [TestMethod]
    public void Xavier_normal_has_the_deviation_that_both_fans_ask_for()
    {
        using var scope = NewDisposeScope();
        manual_seed(3);
        var filled = init.xavier_normal_(empty(300, 500), 2);
        Assert.AreEqual(2 * Math.Sqrt(2.0 / 800), filled.std().item<float>(), 1e-3);
        Assert.AreEqual(0, filled.mean().item<float>(), 2e-3);
    }

    [TestMethod]
    public void Sparse_columns_have_the_share_of_zeros_asked_for()
    {
        using var scope = NewDisposeScope();
        var filled = init.sparse_(empty(10, 6), 0.25);
        CollectionAssert.AreEqual(Enumerable.Repeat(3L, 6).ToArray(), filled.eq(0).sum(0L).data<long>().ToArray());
    }

    [TestMethod]
    public void Fans_and_gains_are_counted_as_in_PyTorch()
    {
        using var scope = NewDisposeScope();
        Assert.AreEqual((12L, 16L), init.CalculateFanInAndFanOut(Filter));
        Assert.AreEqual((6L, 4L), init.CalculateFanInAndFanOut(Matrix));
        Assert.ThrowsExactly<ArgumentException>(() => init.CalculateFanInAndFanOut(empty(3)));
        Assert.AreEqual(1.0, init.calculate_gain(NonlinearityType.Linear));
        Assert.AreEqual(5.0 / 3, init.calculate_gain(NonlinearityType.Tanh), 1e-15);
        Assert.AreEqual(Math.Sqrt(2 / 1.04), init.calculate_gain(NonlinearityType.LeakyReLU, 0.2), 1e-15);
    }

    [TestMethod]
    public void Filling_leaves_the_tensor_a_leaf_that_wants_gradients()
    {
        using var scope = NewDisposeScope();
        var weight = empty(3, 3).requires_grad_();
        init.kaiming_uniform_(weight);
        init.zeros_(weight);
        Assert.IsTrue(weight.is_leaf);
        Assert.IsTrue(weight.requires_grad);
    }
}
