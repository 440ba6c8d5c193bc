using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Importance;

[TestClass, DoNotParallelize]
public sealed class TaylorTests
{
    [TestMethod]
    [DynamicData(nameof(Networks.Names), typeof(Networks))]
    public void Scores_are_those_of_the_gradients_of_each_sample_by_itself(string network)
    {
        using var scope = NewDisposeScope();
        var (model, map, input) = Networks.Make(network);
        var labels = tensor(new long[] { 0, 2, 1, 1, 0, 2 });
        using var observer = new Taylor().Watch(map);
        // Two replicas' shares of one batch: each backward is of the mean over all six rows.
        foreach (var (from, count) in new[] { (0, 4), (4, 2) })
        {
            var (rows, answers) = (input.narrow(0, from, count), labels.narrow(0, from, count));
            nn.functional.cross_entropy(model.call(rows), answers).Times(count / 6.0).backward();
            observer.AfterBackward(new Batch(rows, answers), 6);
        }
        observer.Dispose();
        var scores = observer.Scores();

        var expected = map.Groups.Select(g => new double[g.Size]).ToArray();
        for (var row = 0; row < 6; row++)
        {
            var inputs = Networks.Inputs(model, map, input.narrow(0, row, 1), answer => nn.functional.cross_entropy(answer, labels.narrow(0, row, 1)).backward());
            for (var g = 0; g < expected.Length; g++)
                for (var n = 0; n < expected[g].Length; n++)
                    expected[g][n] += Math.Abs(Through(map.Groups[g], n, inputs)) / 6;
        }
        for (var g = 0; g < expected.Length; g++)
        {
            Assert.IsGreaterThan(0, expected[g].Sum());
            Numbers.AreClose(expected[g], scores[g], 1e-4, map.Groups[g].ToString());
        }
    }

    [TestMethod]
    public void A_small_change_of_a_neuron_changes_the_loss_by_its_score()
    {
        using var scope = NewDisposeScope();
        var (model, map, input) = Networks.Make("chain", rows: 1);
        var labels = tensor(new long[] { 1 });
        var scores = NeuronScores.Of(new Taylor(), map, [new Batch(input, labels)], new CrossEntropy(3));
        using var off = no_grad();
        for (var n = 0; n < 5; n++)
        {
            const double step = 0.01;
            var weight = model.get_parameter("b.weight")!.select(1, n);
            double Loss(double factor)
            {
                weight.With(factor, (weight, factor) => weight.mul_(factor));
                var loss = nn.functional.cross_entropy(model.call(input).to(ScalarType.Float64), labels).item<double>();
                weight.With(factor, (weight, factor) => weight.div_(factor));
                return loss;
            }
            Assert.AreEqual(Math.Abs(Loss(1 + step) - Loss(1 - step)) / (2 * step), scores[0][n], 1e-3 * (0.05 + scores[0][n]));
        }
    }

    [TestMethod]
    public void A_forward_pass_that_nothing_went_back_through_is_nothing_seen()
    {
        using var scope = NewDisposeScope();
        var (model, map, input) = Networks.Make("chain");
        using var observer = new Taylor().Watch(map);
        model.call(input);
        observer.AfterBackward(new Batch(input), 6);
        Assert.ThrowsExactly<InvalidOperationException>(() => observer.Scores());
    }

    [TestMethod]
    public void Gates_leave_no_tensor_behind_and_change_nothing()
    {
        using var scope = NewDisposeScope();
        var (model, map, input) = Networks.Make("residual");
        var expected = model.call(input);
        var observer = new Taylor().Watch(map);
        long before = 0;
        for (var step = 0; step < 4; step++)
        {
            using (NewDisposeScope())
            {
                var output = model.call(input);
                Assert.AreEqual(0, (output - expected).abs().max().item<float>());
                output.sum().backward();
            }
            observer.AfterBackward(new Batch(input), 6);
            if (step == 1)
                before = Tensor.TotalCount;
        }
        Assert.AreEqual(before, Tensor.TotalCount);
        observer.Dispose();
    }

    static double Through(NeuronGroup group, int neuron, Dictionary<string, List<Tensor>> inputs)
    {
        var sum = 0.0;
        foreach (var reader in Networks.Readers(group))
            foreach (var call in inputs[reader.Path])
            {
                using var gradient = call.grad!;
                var products = Networks.Features(reader, call.detach() * gradient);
                sum += reader.Indices[neuron].Count == 0 ? 0 : reader.Indices[neuron].Average(f => products.select(1, f).mean().item<float>());
            }
        return sum;
    }
}
