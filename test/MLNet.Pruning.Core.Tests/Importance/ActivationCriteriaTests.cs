using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Importance;

[TestClass, DoNotParallelize]
public sealed class ActivationCriteriaTests
{
    [TestMethod]
    [DynamicData(nameof(Networks.Names), typeof(Networks))]
    public void Means_and_shares_of_zeros_are_those_of_loops_over_what_readers_read(string network)
    {
        using var scope = NewDisposeScope();
        var (model, map, input) = Networks.Make(network);
        using var mean = new ActivationMean().Watch(map);
        using var apoz = new Apoz().Watch(map);
        // Two batches of unlike size: samples count, not batches.
        model.call(input.narrow(0, 0, 5));
        model.call(input.narrow(0, 5, 1));
        var inputs = Networks.Inputs(model, map, input);
        mean.Dispose();
        apoz.Dispose();
        for (var g = 0; g < map.Groups.Count; g++)
        {
            Numbers.AreClose(Loops(map.Groups[g], inputs, v => Math.Abs(v)), mean.Scores()[g].Select(s => s).ToArray(), 1e-5, $"mean in {map.Groups[g]}");
            Numbers.AreClose(Loops(map.Groups[g], inputs, v => v != 0 ? 1 : 0), apoz.Scores()[g], 1e-5, $"zeros in {map.Groups[g]}");
        }
    }

    [TestMethod]
    public void A_layer_that_is_off_scores_zero()
    {
        using var scope = NewDisposeScope();
        var (model, map, input) = Networks.Make("chain");
        using (no_grad())
            model.get_parameter("a.bias")!.Fill(-1000);
        foreach (var criterion in new IImportance[] { new ActivationMean(), new Apoz() })
        {
            using var observer = criterion.Watch(map);
            model.call(input);
            Assert.IsTrue(observer.Scores()[0].All(s => s == 0));
            Assert.IsTrue(observer.Scores()[1].All(double.IsFinite));
        }
    }

    [TestMethod]
    public void Observers_add_by_samples()
    {
        using var scope = NewDisposeScope();
        var (model, map, input) = Networks.Make("residual", rows: 7);
        var criterion = new ActivationMean();
        using var all = criterion.Watch(map);
        model.call(input);
        var expected = all.Scores();
        all.Dispose();
        using var first = criterion.Watch(map);
        model.call(input.narrow(0, 0, 2));
        first.Dispose();
        using var second = criterion.Watch(map);
        model.call(input.narrow(0, 2, 5));
        first.Add(second);
        for (var g = 0; g < expected.Count; g++)
            Numbers.AreClose(expected[g], first.Scores()[g], 1e-6, map.Groups[g].Name);
    }

    [TestMethod]
    public void Observers_of_different_criteria_do_not_add()
    {
        using var scope = NewDisposeScope();
        var (_, map, _) = Networks.Make("chain");
        using var one = new Apoz().Watch(map);
        using var other = new Contribution().Watch(map);
        Assert.ThrowsExactly<ArgumentException>(() => one.Add(other));
        Assert.ThrowsExactly<ArgumentException>(() => other.Add(one));
    }

    static double[] Loops(NeuronGroup group, Dictionary<string, List<Tensor>> inputs, Func<float, double> of)
    {
        var (sums, samples) = (new double[group.Size], 0.0);
        foreach (var reader in Networks.Readers(group))
            foreach (var call in inputs[reader.Path])
            {
                var features = Networks.Features(reader, call.detach());
                var values = features.contiguous().data<float>().ToArray();
                var (rows, all, positions) = ((int)features.shape[0], (int)features.shape[1], (int)features.shape[2]);
                samples += rows;
                for (var n = 0; n < group.Size; n++)
                    for (var row = 0; row < rows; row++)
                    {
                        var own = reader.Indices[n].SelectMany(f => Enumerable.Range(0, positions).Select(p => of(values[(row * all + f) * positions + p])));
                        sums[n] += own.Average();
                    }
            }
        return [.. sums.Select(s => s / samples)];
    }
}
