using System.Runtime.CompilerServices;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Importance;

[TestClass, DoNotParallelize]
public sealed class OwnCriterionTests
{
    [TestMethod]
    public void The_criteria_of_the_documentation_compile_and_score_as_it_says()
    {
        using var scope = NewDisposeScope();
        var (model, map, input) = Networks.Make("flattened, strides and padding");

        // docs
        // The neurons whose values vary most stay: [samples, neurons, values] -> [samples, neurons].
        IImportance spread = Criterion.OfActivations(values => (values - values.mean([2], true)).abs().mean([2]), "spread");

        // The neurons whose weights point in a direction of their own stay: [neurons, weights] -> [neurons].
        IImportance distinct = Criterion.OfWeights(weights =>
        {
            var directions = nn.functional.normalize(weights, dim: 1);
            var likeness = directions.matmul(directions.t()).abs();
            return (likeness - eye(likeness.shape[0])).amax([1]).neg();
        }, "distinct");

        // Activation times gradient, squared before the mean: [rows, neurons] -> [rows, neurons].
        IImportance squared = Criterion.OfGradients(products => products * products, "squared");

        // The first neurons of every group stay.
        IImportance first = Criterion.OfGroups(group => [.. Enumerable.Range(0, group.Size).Select(n => -(double)n)], "first");
        // end

        var given = Networks.Inputs(model, map, input)["b"].Single().detach().flatten(2);
        var expected = (given - given.mean([2], true)).abs().mean([2]).mean([0]).data<float>().ToArray();
        Numbers.AreClose([.. expected.Select(v => (double)v)], NeuronScores.Of(spread, map, [new Batch(input)])[0], 1e-5, "spread");
        CollectionAssert.AreEqual(new double[] { 0, -1, -2, -3 }, NeuronScores.Of(first, map, [])[0]);
        // Of one row, the mean of squares is the square of the mean.
        var single = new Batch(input.narrow(0, 0, 1), tensor(new long[] { 1 }));
        Numbers.AreClose([.. NeuronScores.Of(new Taylor(), map, [single], new CrossEntropy(3))[0].Select(s => s * s)],
            NeuronScores.Of(squared, map, [single], new CrossEntropy(3))[0], 1e-5, "squared");

        using (no_grad())
        {
            var weight = model.get_parameter("a.weight")!; // Two opposite, one of its own, and one that is near another.
            weight.zero_();
            foreach (var (row, place, value) in new[] { (0, 0, 1f), (1, 0, -3f), (2, 1, 2f), (3, 2, 1f), (3, 1, 1f) })
                weight.select(0, row).flatten().narrow(0, place, 1).Fill(value);
        }
        Numbers.AreClose([-1, -1, -Math.Sqrt(0.5), -Math.Sqrt(0.5)], NeuronScores.Of(distinct, map, [])[0], 1e-5, "distinct");
    }

    [TestMethod]
    public void The_documentation_shows_this_code() => ShowsThisCode();

    [TestMethod]
    public void Scores_of_another_shape_are_refused_by_name()
    {
        using var scope = NewDisposeScope();
        var (model, map, input) = Networks.Make("chain");
        var e = Assert.ThrowsExactly<InvalidOperationException>(() => NeuronScores.Of(Criterion.OfActivations(v => v.mean(), "mine"), map, [new Batch(input)]));
        StringAssert.Contains(e.Message, "mine");
        e = Assert.ThrowsExactly<InvalidOperationException>(() =>
            NeuronScores.Of(Criterion.OfGradients(p => p.sum(), "mine"), map, [new Batch(input, tensor(new long[6]))], new CrossEntropy(3)));
        StringAssert.Contains(e.Message, "mine");
        e = Assert.ThrowsExactly<InvalidOperationException>(() => NeuronScores.Of(Criterion.OfWeights(w => w, "mine"), map, []));
        StringAssert.Contains(e.Message, "mine");
        e = Assert.ThrowsExactly<InvalidOperationException>(() => NeuronScores.Of(Criterion.OfGroups(_ => [1], "mine"), map, []));
        StringAssert.Contains(e.Message, "'a'");
        Assert.IsNotNull(model);
    }

    static void ShowsThisCode([CallerFilePath] string here = "")
    {
        var docs = Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "..", "docs", "importance.md");
        if (!File.Exists(docs))
            Assert.Inconclusive("The documentation does not lie beside the tests.");
        var lines = File.ReadAllLines(here).SkipWhile(l => l.Trim() != "// docs").Skip(1).TakeWhile(l => l.Trim() != "// end").Select(l => l.Length > 8 ? l[8..] : "");
        StringAssert.Contains(File.ReadAllText(docs), string.Join('\n', lines));
    }
}
