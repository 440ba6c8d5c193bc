using MLNet.Pruning.Tests.Neurons;
using MLNet.Pruning.Tests.Training;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Pruning;

[TestClass]
[DoNotParallelize]
public sealed class ArchitectureTests
{
    static readonly TrainingOptions plain = new() { Epochs = 4, BatchSize = 20, LearningRate = 0.003, Replicas = 2 };

    static NeuronPruning Half => new() { Importance = FixedScores.WeightSums, Schedule = Schedule.Stepwise(1, 1, 0.3, 0.5), Verify = true };

    static Rows Images(int channels, int size) => new(60, channels * size * size, (row, i) => (row * 31 + i * 17) % 23 / 23f, row => row % 3) { Shape = [channels, size, size] };

    [TestMethod]
    public void A_residual_network_shrinks_where_its_additions_agree()
    {
        static nn.Module Build() => new Net((net, x) => net.Call("fc", net.Call("block2", net.Call("block1", nn.functional.relu(net.Call("stem", x)))).mean([2, 3])),
            ("stem", nn.Conv2d(1, 6, 3, 1, 1)), ("block1", new Residual(6, 6, 1)), ("block2", new Residual(6, 8, 2)), ("fc", nn.Linear(8, 3)));
        var (trained, history) = Train(plain, Half, Images(1, 6), Build, new CrossEntropy(3));
        using var mine = trained;
        var model = Runs.Values(trained);
        Assert.IsTrue(history.Events.All(e => e.Groups.All(g => g.After < g.Before) || e.Epoch > 2));
        Assert.AreEqual(model["stem.bias"].Length, model["block1.bn2.weight"].Length);
        Assert.AreEqual(3, model["stem.bias"].Length);
        Assert.AreEqual(4 * 3, model["fc.weight"].Length);
    }

    [TestMethod]
    public void Two_readers_of_the_same_neurons_both_shrink()
    {
        static nn.Module Build() => new Net((net, x) =>
        {
            var hidden = net.Call("shared", x).relu();
            return net.Call("left", hidden).Plus(net.Call("right", hidden).tanh());
        }, ("shared", nn.Linear(12, 8)), ("left", nn.Linear(8, 3)), ("right", nn.Linear(8, 3)));
        var (trained, _) = Train(plain, Half with { Importance = new InputMeans() }, Rows.Blobs(60, 12, 3), Build, new CrossEntropy(3));
        using var mine = trained;
        var model = Runs.Values(trained);
        Assert.AreEqual((4, 12, 12), (model["shared.bias"].Length, model["left.weight"].Length, model["right.weight"].Length));
    }

    [TestMethod]
    public void A_convolutional_network_tells_its_new_sizes()
    {
        var plan = new ConvNetBlueprint([1, 8, 8], [4, 6], [10], 3, BatchNorm: true);
        var (model, _) = Train(plain, Half, Images(1, 8), plan.Build, new CrossEntropy(3));
        using (model)
        {
            var now = (ConvNetBlueprint)Blueprint.Of(model);
            CollectionAssert.AreEqual(new[] { 2, 3 }, now.Channels.ToArray());
            CollectionAssert.AreEqual(new[] { 5 }, now.Hidden.ToArray());
        }
    }

    [TestMethod]
    public void An_autoencoder_keeps_its_latents_and_learns_on()
    {
        var plan = new VaeBlueprint([1, 8, 8], [4, 6], [20, 12], 5);
        var (model, history) = Train(plain with { Epochs = 8 }, Half with { Verify = false }, Images(1, 8), plan.Build, new VaeObjective());
        using (model)
        {
            var now = (VaeBlueprint)Blueprint.Of(model);
            Assert.AreEqual(5, now.Latent);
            CollectionAssert.AreEqual(new[] { 10, 6 }, now.Hidden.ToArray());
            CollectionAssert.AreEqual(new[] { 2, 3 }, now.Channels.ToArray());
        }
        Assert.IsLessThan(history.Epochs[0].Loss, history.Epochs[^1].Loss);
    }

    [TestMethod]
    public void A_model_of_another_signature_is_run_by_the_function_that_is_given()
    {
        static nn.Module Build() => new Twofold();
        var objective = new CustomObjective((model, batch) => ((Twofold)model).call(batch.Inputs, batch.Inputs).Squared().mean());
        Assert.ThrowsExactly<NotSupportedException>(() => Runs.Train(plain with { Hooks = [Half.Begin()] }, Rows.Blobs(60, 12, 3), Build, objective));
        var (trained, _) = Train(plain, Half with { Forward = (model, x) => [((Twofold)model).call(x, x)] }, Rows.Blobs(60, 12, 3), Build, objective);
        using (trained)
            Assert.AreEqual(4, trained.get_parameter("a.bias")!.shape[0]);
    }

    static (nn.Module Model, TrainingHistory History) Train(TrainingOptions options, NeuronPruning pruning, Rows rows, Func<nn.Module> build, IObjective objective)
    {
        random.manual_seed(7);
        var (model, history) = new TrainingLoop(options with { Hooks = [pruning.Begin()] }).Run(new TrainingTask { Model = build(), Copy = build, Examples = rows, Objective = objective });
        return (model, history);
    }

    sealed class Twofold : nn.Module<Tensor, Tensor, Tensor>
    {
        readonly nn.Module<Tensor, Tensor> a = nn.Linear(12, 8), b = nn.Linear(8, 3);

        public Twofold() : base(nameof(Twofold)) => RegisterComponents();

        public override Tensor forward(Tensor first, Tensor second) => b.call(a.call(first * second).relu());
    }
}
