using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Importance;

[TestClass, DoNotParallelize]
public sealed class ContributionCriterionTests
{
    [TestMethod]
    [DynamicData(nameof(Networks.Names), typeof(Networks))]
    public void Shares_are_those_that_the_layers_themselves_give_one_neuron_at_a_time(string network)
    {
        using var scope = NewDisposeScope();
        var (model, map, input) = Networks.Make(network);
        foreach (var criterion in new[] { new Contribution(1, 0), new Contribution(0, 1), new Contribution() })
        {
            using var observer = criterion.Watch(map);
            model.call(input);
            var scores = observer.Scores();
            Assert.HasCount(map.Groups.Count, scores);
            for (var g = 0; g < scores.Count; g++)
                Numbers.AreClose(Brute(model, map, map.Groups[g], input, criterion), scores[g], 1e-3, $"{criterion} of {map.Groups[g]}:");
        }
    }

    [TestMethod]
    [DataRow("residual")]
    [DataRow("concatenated, of other sizes")]
    [DataRow("flattened, strides and padding")]
    public void Two_observers_of_half_the_rows_each_are_one_of_all(string network)
    {
        using var scope = NewDisposeScope();
        var (model, map, input) = Networks.Make(network, rows: 7);
        using var other = Networks.All[network].Build();
        other.load_state_dict(model.state_dict());
        other.eval();
        var mapOfOther = map.For(other, x => [other.call(x)]);
        var criterion = new Contribution();
        using var all = criterion.Watch(map);
        model.call(input);
        var expected = all.Scores();
        all.Dispose();
        using var first = criterion.Watch(map);
        using var second = criterion.Watch(mapOfOther);
        model.call(input.narrow(0, 0, 3));
        other.call(input.narrow(0, 3, 4));
        first.Add(second);
        for (var g = 0; g < expected.Count; g++)
            Numbers.AreClose(expected[g], first.Scores()[g], 1e-6, map.Groups[g].Name);
    }

    [TestMethod]
    public void Signed_shares_of_a_chain_are_those_of_the_definition()
    {
        using var scope = NewDisposeScope();
        var (model, map, input) = Networks.Make("chain");
        using var observer = new Contribution(0.7, 0.3, ContributionMode.Signed).Watch(map);
        model.call(input);
        var given = Networks.Inputs(model, map, input);
        for (var g = 0; g < 2; g++)
        {
            var reader = Networks.Readers(map.Groups[g]).Single();
            var naive = new NaiveShares(map.Groups[g].Size, signed: true).Linear(Floats(given[reader.Path].Single()), Floats(reader.Module.get_parameter("weight")!));
            Numbers.AreClose([.. naive.Average.Zip(naive.Maximum, (a, m) => 0.7 * a + 0.3 * m)], observer.Scores()[g], 1e-7, map.Groups[g].Name);
        }
    }

    [TestMethod]
    public void Passes_without_gradients_and_after_the_end_are_not_seen()
    {
        using var scope = NewDisposeScope();
        var (model, map, input) = Networks.Make("chain");
        var observer = new Contribution().Watch(map);
        using (no_grad())
            model.call(input);
        Assert.ThrowsExactly<InvalidOperationException>(() => observer.Scores());
        model.call(input);
        var scores = observer.Scores();
        using (no_grad())
            model.call(input.Times(3).Plus(1));
        observer.Dispose();
        model.call(input.Times(3).Plus(1));
        for (var g = 0; g < scores.Count; g++)
            CollectionAssert.AreEqual(scores[g], observer.Scores()[g]);
    }

    [TestMethod]
    public void Neurons_that_are_dead_have_no_share_and_a_dead_layer_gives_zeros()
    {
        using var scope = NewDisposeScope();
        var (model, map, input) = Networks.Make("chain");
        using (no_grad())
            model.get_parameter("a.bias")!.narrow(0, 2, 1).Fill(-1000);
        using (var observer = new Contribution().Watch(map))
        {
            model.call(input);
            Assert.AreEqual(0, observer.Scores()[0][2]);
            Assert.IsGreaterThan(0, observer.Scores()[0].Max());
        }
        using (no_grad())
            model.get_parameter("a.bias")!.Fill(-1000);
        using (var observer = new Contribution().Watch(map))
        {
            model.call(input);
            Assert.IsTrue(observer.Scores()[0].All(s => s == 0));
            Assert.IsTrue(observer.Scores()[1].All(double.IsFinite));
        }
    }

    [TestMethod]
    public void What_is_not_finite_is_named_when_scores_are_asked_for()
    {
        using var scope = NewDisposeScope();
        var (model, map, input) = Networks.Make("chain");
        using var observer = new Contribution().Watch(map);
        model.call(input.fill_(Scalars.NaN));
        var e = Assert.ThrowsExactly<InvalidOperationException>(() => observer.Scores());
        StringAssert.Contains(e.Message, "b: ");
        StringAssert.Contains(e.Message, "NaN");
    }

    static float[] Floats(Tensor tensor) => tensor.detach().contiguous().data<float>().ToArray();

    /// <summary>The definition, computed by the layers themselves: with weights |w| and no bias, on |a| of one neuron's features at a time.</summary>
    static double[] Brute(nn.Module<Tensor, Tensor> model, NeuronMap map, NeuronGroup group, Tensor input, Contribution criterion)
    {
        using var off = no_grad();
        var inputs = Networks.Inputs(model, map, input);
        var (sums, maxima, count) = (new double[group.Size], new double[group.Size], 0.0);
        foreach (var reader in Networks.Readers(group))
        {
            var saved = reader.Module.named_parameters().Select(p => (p.parameter, Value: p.parameter.clone())).ToArray();
            reader.Module.get_parameter("weight")!.abs_();
            reader.Module.get_parameter("bias")?.zero_();
            foreach (var given in inputs[reader.Path])
            {
                var a = given.abs();
                var z = reader.Module.forward(a).to(ScalarType.Float64);
                count += z.numel();
                var axis = reader.Module is TorchSharp.Modules.Linear ? a.dim() - 1 : 1;
                for (var n = 0; n < group.Size; n++)
                {
                    var only = zeros_like(a);
                    foreach (var feature in reader.Indices[n])
                        only.select(axis, feature).copy_(a.select(axis, feature));
                    var share = where(z.gt(Scalars.Zero), reader.Module.forward(only).to(ScalarType.Float64) / z, zeros_like(z));
                    sums[n] += share.sum().item<double>();
                    maxima[n] = Math.Max(maxima[n], share.max().item<double>());
                }
            }
            foreach (var (parameter, value) in saved)
                parameter.copy_(value);
        }
        return [.. sums.Select((s, n) => criterion.Average * s / count + criterion.Maximum * maxima[n])];
    }
}
