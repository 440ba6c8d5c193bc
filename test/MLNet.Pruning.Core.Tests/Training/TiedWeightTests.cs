using MLNet.Pruning.Tests.Neurons;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace MLNet.Pruning.Tests.Training;

[TestClass]
public sealed class TiedWeightTests
{
    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void A_weight_that_two_layers_hold_is_trained_as_one(bool ownOptimizer)
    {
        var (one, _) = Train(() => new Whole(), ownOptimizer);
        var (tied, history) = Train(Tied, ownOptimizer, new Hook
        {
            OnAfterEpoch = run =>
            {
                using var scope = NewDisposeScope();
                Tensor Remembered(string layer) => run.Optimizer.GetState(run.Model.get_parameter($"{layer}.weight")!).Tensors["momentum_buffer"];
                Checks.Same(Remembered("embed"), Remembered("decoder"));
            },
        });
        Assert.AreEqual(7 * 6, history.Epochs[^1].Parameters);
        for (var i = 0; i < one.Length; i++)
            Assert.AreEqual(one[i], tied[i], 1e-5, $"{i}");
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void A_weight_that_two_layers_hold_shrinks_as_it_trains(bool ownOptimizer)
    {
        var (tied, history) = Train(Tied, ownOptimizer, new NeuronPruning { Importance = new WeightNorm(), Schedule = Schedule.OneShot(1, 0.34) }.Begin());
        Assert.HasCount(7 * 4, tied);
        var cut = history.Events.Single();
        Assert.AreEqual((7 * 6, 7 * 4), (cut.ParametersBefore, cut.ParametersAfter));
    }

    [TestMethod]
    public void A_weight_that_an_embedding_holds_as_well_has_no_mask_unless_it_is_named()
    {
        using var model = Net();
        CollectionAssert.AreEqual(new[] { "hidden.weight" }, WeightMasks.Of(model).Masks.Select(m => m.Name).ToArray());
        CollectionAssert.AreEqual(new[] { "embed.weight" }, WeightMasks.Of(model, ["embed.weight"]).Masks.Select(m => m.Name).ToArray());

        static nn.Module Net()
        {
            var (embed, decoder) = (Embedding(7, 6), Linear(6, 7, hasBias: false));
            decoder.weight = embed.weight!;
            return new Net((n, x) => n.Call("decoder", n.Call("hidden", n.Call("embed", Tokens(x)).mean([1]))), ("embed", embed), ("hidden", Linear(6, 6, hasBias: false)), ("decoder", decoder));
        }
    }

    /// <summary>Trains it for three epochs and gives its first weight.</summary>
    static (float[] Weight, TrainingHistory History) Train(Func<nn.Module> build, bool ownOptimizer, ITrainingHook? hook = null)
    {
        using var model = build();
        using (no_grad())
        {
            var weight = model.parameters().First();
            weight.copy_(linspace(-1, 1, weight.NumberOfElements).view(weight.shape).sin());
        }
        var options = new TrainingOptions { Epochs = 3, BatchSize = 20, Replicas = 2, Optimizer = OptimizerKind.Sgd, Momentum = 0.9, LearningRate = 0.05, Hooks = hook is null ? [] : [hook] };
        var result = new TrainingLoop(options).Run(new TrainingTask
        {
            Model = model,
            Copy = build,
            Examples = Rows.Blobs(100, 12, 7),
            Objective = new CrossEntropy(7),
            Optimizer = ownOptimizer ? parameters => TorchOptimizers.Create(options, parameters) : null,
        });
        return (result.Model.parameters().First().detach().data<float>().ToArray(), result.History);
    }

    static Tensor Tokens(Tensor x) => x.Times(2).relu().With(6, (x, most) => x.minimum(full_like(x, most))).round().to(ScalarType.Int64);

    static Module<Tensor, Tensor> Tied()
    {
        var (embed, decoder) = (Embedding(7, 6), Linear(6, 7, hasBias: false));
        decoder.weight = embed.weight!;
        return new Net((n, x) => n.Call("decoder", functional.tanh(n.Call("embed", Tokens(x)).mean([1]))), ("embed", embed), ("decoder", decoder));
    }

    /// <summary>The same of one part.</summary>
    sealed class Whole : Module<Tensor, Tensor>
    {
        readonly Parameter weight = Parameter(randn(7, 6));

        public Whole() : base(nameof(Whole)) => RegisterComponents();

        public override Tensor forward(Tensor x) => functional.linear(functional.tanh(weight.index_select(0, Tokens(x).reshape(-1)).view(x.shape[0], -1, 6).mean([1])), weight);
    }
}
