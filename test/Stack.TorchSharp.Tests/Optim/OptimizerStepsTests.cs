using System.Text.Json;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.optim;

namespace Stack.TorchSharp.Tests.Optim;

[TestClass]
public sealed class OptimizerStepsTests
{
    static JsonElement Peers => Peer.Run("optim.py").RootElement;

    static readonly Dictionary<string, Func<Parameter, Parameter, Optimizer>> optimizers = new()
    {
        ["SGD"] = (p, q) => SGD([p, q], 0.05),
        ["SGD with momentum"] = (p, q) => SGD([p, q], 0.02, 0.9),
        ["SGD dampened"] = (p, q) => SGD([p, q], 0.02, 0.9, 0.3, 0.1),
        ["SGD Nesterov"] = (p, q) => SGD([p, q], 0.02, momentum: 0.8, nesterov: true, weight_decay: 0.05),
        ["SGD upwards"] = (p, q) => SGD([p, q], 0.001, maximize: true),
        ["SGD in groups"] = (p, q) => SGD(
            [
                new SGD.ParamGroup { Parameters = [p], Options = new() { LearningRate = 0.01, momentum = 0.5 } },
                new SGD.ParamGroup { Parameters = [q], Options = new() { weight_decay = 0.2 } },
            ], 0.03),
        ["Adam"] = (p, q) => Adam([p, q]),
        ["Adam tuned"] = (p, q) => Adam([p, q], 0.05, 0.7, 0.95, 1e-4, 0.1),
        ["Adam AMSGrad"] = (p, q) => Adam([p, q], 0.1, 0.5, 0.6, amsgrad: true),
        ["Adam upwards"] = (p, q) => Adam([p, q], 0.01, maximize: true, weight_decay: 0.1),
        ["Adam in groups"] = (p, q) => Adam(
            [
                new Adam.ParamGroup { Parameters = [p], Options = new() { LearningRate = 0.1 } },
                new Adam.ParamGroup { Parameters = [q], Options = new() { beta1 = 0.5, beta2 = 0.9 } },
            ], 0.02),
        ["AdamW"] = (p, q) => AdamW([p, q], 0.05, weight_decay: 0.3),
        ["AdamW AMSGrad"] = (p, q) => AdamW([p, q], 0.1, 0.5, 0.6, weight_decay: 0.01, amsgrad: true),
        ["RMSProp"] = (p, q) => RMSProp([p, q], 0.01),
        ["RMSProp centered"] = (p, q) => RMSProp([p, q], 0.02, 0.8, 1e-5, 0.05, centered: true),
        ["RMSProp with momentum"] = (p, q) => RMSProp([p, q], 0.005, momentum: 0.9),
        ["RMSProp centered with momentum"] = (p, q) => RMSProp([p, q], 0.005, momentum: 0.7, centered: true),
    };

    public static IEnumerable<object[]> Names => optimizers.Keys.Select(name => new object[] { name });

    [TestMethod]
    [DynamicData(nameof(Names))]
    public void Twenty_steps_are_PyTorchs(string name) => Compare(name, name, Problem.Plain, float64, 1e-9);

    [TestMethod]
    [DynamicData(nameof(Names))]
    public void Twenty_steps_in_single_precision_are_PyTorchs(string name) => Compare(name, name + " single", Problem.Plain, float32, 2e-5);

    [TestMethod]
    [DynamicData(nameof(Names))]
    public void A_transposed_parameter_steps_like_any_other(string name) => Compare(name, name, Problem.Transposed, float64, 1e-9);

    [TestMethod]
    [DynamicData(nameof(Names))]
    public void A_run_continues_from_a_saved_state_as_if_it_had_not_stopped(string name)
    {
        using var scope = NewDisposeScope();
        var straight = new Problem(Peers, float64, Problem.Plain);
        using var whole = optimizers[name](straight.First, straight.Second);
        straight.Walk(whole, 12);

        var start = new Problem(Peers, float64, Problem.Plain);
        using var before = optimizers[name](start.First, start.Second);
        start.Walk(before, 7);
        var resumed = new Problem(Peers, float64, Problem.Plain);
        resumed.CopyFrom(start);
        using var after = optimizers[name](resumed.First, resumed.Second);
        using var stream = new MemoryStream();
        ((OptimizerHelper)before).save_state_dict(new BinaryWriter(stream));
        stream.Position = 0;
        ((OptimizerHelper)after).load_state_dict(new BinaryReader(stream));
        resumed.Walk(after, 5);

        CollectionAssert.AreEqual(straight.First.data<double>().ToArray(), resumed.First.data<double>().ToArray());
        CollectionAssert.AreEqual(straight.Second.data<double>().ToArray(), resumed.Second.data<double>().ToArray());
    }

    static void Compare(string name, string peerName, int layout, ScalarType type, double tolerance)
    {
        using var scope = NewDisposeScope();
        var peer = Peers.GetProperty(peerName);
        var problem = new Problem(Peers, type, layout);
        using var optimizer = optimizers[name](problem.First, problem.Second);
        var (first, second) = problem.Walk(optimizer, 20);
        Assert.IsNull(Peer.Difference(peer.GetProperty("first"), first, tolerance), "first");
        Assert.IsNull(Peer.Difference(peer.GetProperty("second"), second, tolerance), "second");
    }
}
