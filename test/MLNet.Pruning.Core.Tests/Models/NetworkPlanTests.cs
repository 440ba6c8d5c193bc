using MLNet.Pruning.Plans;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Models;

[TestClass]
public sealed class NetworkPlanTests
{
    static IEnumerable<object[]> Blueprints() =>
    [
        [new FeedForwardBlueprint([31, 17, 5])],
        [new FeedForwardBlueprint([12, 9, 7, 4], Activation.Silu)],
        [new ConvNetBlueprint([3, 12, 10], [5, 7], [9], 4, Activation.LeakyRelu, BatchNorm: true)],
        [new ConvNetBlueprint([1, 8, 8], [6], [], 3, Activation.Gelu, Dropout: 0.3)],
        [VitBlueprint.For([1, 12, 12], 3, 4, dim: 24, depth: 2, heads: 3)],
        [VitBlueprint.For([3, 8, 8], 2, 5, dim: 16, depth: 3, heads: 2) with { Pooling = VitPooling.ClassToken, Merge = 0.5, LayerMerges = [2, 0, 1] }],
    ];

    [TestMethod]
    [DynamicData(nameof(Blueprints))]
    public void A_plan_gives_the_probabilities_that_LibTorch_gives(Blueprint blueprint)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        random.manual_seed(2);
        var network = (nn.Module<Tensor, Tensor>)blueprint.Build();
        // A batch norm that has seen something.
        for (var i = 0; i < 3; i++)
            network.call(rand([5, .. blueprint.InputShape]));
        network.eval();
        foreach (var (name, parameter) in network.named_parameters())
            if (name.Contains("linear1", StringComparison.Ordinal) || name.Contains("hidden.weight", StringComparison.Ordinal))
                parameter.mul_(rand(parameter.shape).With(0.3, (x, density) => x.lt(density)));
        var rows = rand([9, .. blueprint.InputShape]);
        Agrees(NetworkPlans.Compile(network), rows, network.call(rows).softmax(1));
        Agrees(NetworkPlans.Compile(network, ScoringOutput.Logits), rows, network.call(rows));
    }

    [TestMethod]
    public void A_plan_of_an_autoencoder_gives_its_latents_reconstruction_and_loss()
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        random.manual_seed(2);
        var blueprint = new VaeBlueprint([2, 8, 12], [3, 5], [9, 7], 4, Activation.Tanh, [6, 8, 5], [4, 3]);
        var network = blueprint.Build();
        network.eval();
        var images = rand(5, 2, 8, 12);
        var output = network.Run(images);
        var losses = new VaeObjective().RowLosses(output, images);
        Agrees(NetworkPlans.Compile(network), images, cat([output.Mean, output.Logits.sigmoid().flatten(1), losses.unsqueeze(1)], 1));
    }

    [TestMethod]
    public void A_module_of_the_users_own_is_refused_by_its_type()
    {
        using var layer = nn.Linear(2, 2);
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => NetworkPlans.Compile(layer)).Message, "Linear");
    }

    static void Agrees(ScoringPlan plan, Tensor rows, Tensor expected)
    {
        var scores = new float[expected.NumberOfElements];
        plan.Score(rows.data<float>().ToArray(), scores);
        var wanted = expected.contiguous().data<float>().ToArray();
        for (var i = 0; i < wanted.Length; i++)
            Assert.AreEqual(wanted[i], scores[i], 1e-5f * Math.Max(1, Math.Abs(wanted[i])), $"score {i}");
    }
}
