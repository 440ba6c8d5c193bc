using System.Text.Json;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Importance;

[TestClass, DoNotParallelize]
public sealed class LrpTests
{
    static readonly long[] labels = [0, 2, 1, 1, 0, 2];

    [TestMethod]
    [DataRow(LrpRule.Epsilon, 1e-6, true)]
    [DataRow(LrpRule.Epsilon, 0.05, true)]
    [DataRow(LrpRule.Epsilon, 0.05, false)]
    [DataRow(LrpRule.Alpha1Beta0, 1e-6, true)]
    [DataRow(LrpRule.Alpha1Beta0, 1e-6, false)]
    public void Relevance_is_that_of_the_rule_applied_layer_by_layer(LrpRule rule, double epsilon, bool labelled)
    {
        using var scope = NewDisposeScope();
        var (model, map, input) = Networks.Make("flattened, strides and padding");
        using (no_grad())
            model.get_parameter("bn.weight")!.narrow(0, 0, 2).mul_(tensor(-1f)); // turns what raises the sum into what lowers it
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, JsonSerializer.Serialize(new
            {
                rule = rule.ToString(),
                epsilon,
                input = Values(input),
                labels = labelled ? labels : [],
                parameters = model.named_parameters().Select(p => (p.name, (Tensor)p.parameter)).Concat(model.named_buffers().Select(b => (b.name, b.buffer)))
                    .Where(p => p.Item2.dtype == ScalarType.Float32).ToDictionary(p => p.name, p => Values(p.Item2)),
            }));
            var expected = Python.Json<double[][]>("relevance.py", file);
            using var observer = new Lrp(rule, epsilon).Watch(map);
            foreach (var (from, count) in new[] { (0, 4), (4, 2) })
                observer.AfterBackward(new Batch(input.narrow(0, from, count), labelled ? tensor(labels).narrow(0, from, count) : null), 6);
            for (var g = 0; g < expected.Length; g++)
                Numbers.AreClose(expected[g], observer.Scores()[g], 2e-3, map.Groups[g].ToString());
        }
        finally
        {
            File.Delete(file);
        }
    }

    [TestMethod]
    [DataRow(LrpRule.Epsilon)]
    [DataRow(LrpRule.Alpha1Beta0)]
    public void Without_biases_and_epsilon_relevance_is_kept_from_layer_to_layer(LrpRule rule)
    {
        using var scope = NewDisposeScope();
        var (model, map, input) = Networks.Make("chain", rows: 1);
        using (no_grad())
            foreach (var (name, parameter) in model.named_parameters())
                if (name.EndsWith("bias", StringComparison.Ordinal))
                    parameter.zero_();
                else
                    parameter.abs_(); // One sign, so that the absolute values of relevances add up to what there is.
        input = input.abs();
        var logit = model.call(input)[0, 2].item<float>();
        var scores = NeuronScores.Of(new Lrp(rule, 1e-9), map, [new Batch(input, tensor(new long[] { 2 }))]);
        Assert.AreEqual(logit, scores[0].Sum(), 1e-4 * logit);
        Assert.AreEqual(logit, scores[1].Sum(), 1e-4 * logit);
    }

    [TestMethod]
    [DynamicData(nameof(Networks.Names), typeof(Networks))]
    public void Observing_leaves_gradients_mode_output_and_memory_alone_and_scores_are_finite(string network)
    {
        foreach (var rule in Enum.GetValues<LrpRule>())
            Observe(network, rule);
    }

    static void Observe(string network, LrpRule rule)
    {
        using var scope = NewDisposeScope();
        var (model, map, input) = Networks.Make(network);
        model.train();
        model.call(input).sum().backward();
        var gradients = model.named_parameters().ToDictionary(p => p.name, p => p.parameter.grad!.clone());
        model.eval();
        var expected = model.call(input);
        model.train();
        using var observer = new Lrp(rule).Watch(map);
        observer.AfterBackward(new Batch(input, tensor(labels)), 6);
        var count = Tensor.TotalCount;
        observer.AfterBackward(new Batch(zeros_like(input), null), 6);
        Assert.IsTrue(model.training);
        foreach (var (name, parameter) in model.named_parameters())
            Assert.AreEqual(0, (parameter.grad! - gradients[name]).abs().max().item<float>(), name);
        model.eval();
        Assert.AreEqual(0, (model.call(input) - expected).abs().max().item<float>());
        Assert.IsTrue(observer.Scores().SelectMany(s => s).All(double.IsFinite));
        Assert.IsTrue(observer.Scores().All(s => s.Any(v => v > 0)));
        using (var inner = NewDisposeScope())
        {
            count = Tensor.TotalCount;
            observer.AfterBackward(new Batch(input, null), 6);
            Assert.AreEqual(count, Tensor.TotalCount);
        }
    }

    [TestMethod]
    public void With_biases_and_weights_of_both_signs_the_rule_of_positive_terms_keeps_all_relevance()
    {
        using var scope = NewDisposeScope();
        random.manual_seed(5);
        using var model = new FeedForward([12, 40, 30, 3], Activation.Relu);
        var map = NeuronMap.Discover(model, randn(1, 12));
        var input = randn(1, 12);
        var answer = model.call(input).argmax(1).item<long>();
        var logit = Math.Abs(model.call(input)[0, answer].item<float>());
        var scores = NeuronScores.Of(new Lrp(), map, [new Batch(input, tensor(new[] { answer }))]);
        // All relevances have the sign of the logit, so that their sizes add up to it.
        Assert.AreEqual(logit, scores[1].Sum(), 1e-5 * logit);
        Assert.AreEqual(logit, scores[0].Sum(), 1e-5 * logit);
    }

    [TestMethod]
    public void A_batch_norm_right_behind_a_layer_is_part_of_it_even_where_its_scale_is_negative()
    {
        using var scope = NewDisposeScope();
        using var model = nn.Sequential(("a", nn.Linear(2, 2, false)), ("r", nn.ReLU()), ("b", nn.Linear(2, 2, false)), ("norm", nn.BatchNorm1d(2)), ("s", nn.ReLU()), ("c", nn.Linear(2, 2, false)));
        var map = NeuronMap.Discover(model, rand(2, 2));
        using (no_grad())
        {
            model.get_parameter("a.weight")!.copy_(eye(2));
            model.get_parameter("b.weight")!.copy_(tensor(new[] { 1f, 1, -1, -2 }, [2, 2]));
            model.get_parameter("norm.weight")!.copy_(tensor(new[] { 1f, -1 }));
            model.get_parameter("c.weight")!.copy_(tensor(new[] { 1f, 1, 0, 0 }, [2, 2]));
        }
        model.eval();
        // (1, 2) -> (1, 2) -> (3, -5) -> (3, 5) -> 8 = 3 + 5; 3 = 1 + 2 and, with the merged weights (1, 2), 5 = 1 + 4.
        var scores = NeuronScores.Of(new Lrp(), map, [new Batch(tensor(new[] { 1f, 2 }, [1, 2]), tensor(new long[] { 0 }))]);
        Numbers.AreClose([1 + 1, 2 + 4], scores[0], 1e-4, "a");
        Numbers.AreClose([3, 5], scores[1], 1e-4, "b");
    }

    [TestMethod]
    public void A_model_without_logits_is_told_what_is_missing()
    {
        using var scope = NewDisposeScope();
        using var model = nn.Sequential(("a", nn.Linear(4, 3)), ("b", nn.Linear(3, 4)));
        var map = NeuronMap.Discover(model, randn(2, 5, 4));
        using var observer = new Lrp().Watch(map);
        var e = Assert.ThrowsExactly<NotSupportedException>(() => observer.AfterBackward(new Batch(randn(2, 5, 4)), 2));
        StringAssert.Contains(e.Message, "[2, 5, 4]");
    }

    static object Values(Tensor tensor) => new { shape = tensor.shape, values = tensor.detach().contiguous().data<float>().ToArray() };
}
