using System.Runtime.InteropServices;
using MLNet.Pruning.Plans.Kernels;
using MLNet.Pruning.Plans.Steps;

namespace MLNet.Pruning.Plans.Tests;

[TestClass]
public sealed class PlanTests
{
    [TestMethod]
    public void A_network_that_needs_more_memory_than_a_plan_takes_is_refused()
    {
        var network = new ConvNetDescription([1, 1 << 13, 1 << 13], [64, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1], [], 2);
        var weights = Samples.Weights(network, density: 1);
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => ScoringPlan.Compile(network, weights)).Message, "a plan takes at most 2,147,483,648");
    }

    [TestMethod]
    [DynamicData(nameof(Widths.All), typeof(Widths))]
    public void Plans_score_as_double_precision_does_dense_and_sparse(int width)
    {
        foreach (var network in Samples.Networks)
        {
            foreach (double density in (double[])[1, 0.4])
            {
                var weights = Samples.Weights(network, density);
                var rows = Samples.Rows(network, 3);
                foreach (var choice in Enum.GetValues<KernelChoice>())
                {
                    var plan = Compile(network, weights, width, choice);
                    var scores = new float[3 * plan.OutputWidth];
                    plan.Score(rows, scores);
                    for (int row = 0; row < 3; row++)
                    {
                        var wanted = ReferenceNetworks.Score(network, weights, rows.AsSpan(row * plan.InputWidth, plan.InputWidth));
                        for (int i = 0; i < wanted.Length; i++)
                            Numbers.AreClose(wanted[i], scores[(row * plan.OutputWidth) + i], 1e-5,
                                $"{network}, {choice}, {density}: row {row}, score {i}");
                    }
                }
            }
        }
    }

    [TestMethod]
    [DynamicData(nameof(Widths.All), typeof(Widths))]
    public void A_layer_with_more_inputs_than_two_bytes_count_is_that_of_double_precision_on_any_number_of_threads(int width)
    {
        const int Inputs = 70_000, Outputs = 64, Count = 65;
        var network = new FeedForwardDescription([Inputs, Outputs]);
        var weights = new NetworkWeights();
        float[] values = Numbers.Sparse(Inputs * Outputs, 1, 0.1), bias = Numbers.Random(Outputs, 2);
        weights.Add("layers.linear1.weight", values, Outputs, Inputs);
        weights.Add("layers.linear1.bias", bias, Outputs);
        var plan = ScoringPlan.Compile(network, weights, new CompileOptions(Widths.Of(width), KernelChoice.Sparse, ScoringOutput.Logits));
        float[] rows = Numbers.Random(Count * Inputs, 3), one = new float[Count * Outputs], several = new float[Count * Outputs];
        plan.Score(rows, one);
        for (int output = 0; output < Outputs; output++)
        {
            double wanted = bias[output];
            for (int i = 0; i < Inputs; i++)
                wanted += (double)values[(output * Inputs) + i] * rows[(7 * Inputs) + i];
            Numbers.AreClose(wanted, one[(7 * Outputs) + output], 1e-4, $"output {output}");
        }
        foreach (int threads in (int[])[2, 3, 8])
        {
            plan.Score(rows, several, threads);
            Assert.IsTrue(SameBits(one, several), $"{threads} threads give other bits.");
        }
    }

    [TestMethod]
    [DynamicData(nameof(Widths.All), typeof(Widths))]
    public void A_row_has_the_same_bits_alone_in_a_batch_and_on_several_threads(int width)
    {
        foreach (var network in Samples.Networks)
        {
            foreach (var choice in (KernelChoice[])[KernelChoice.Dense, KernelChoice.Sparse])
            {
                const int Count = 131;
                var plan = Compile(network, Samples.Weights(network, 0.5), width, choice);
                var rows = Samples.Rows(network, Count);
                float[] batch = new float[Count * plan.OutputWidth], several = new float[batch.Length],
                    alone = new float[plan.OutputWidth];
                plan.Score(rows, batch);
                plan.Score(rows, several, threads: 3);
                Assert.IsTrue(SameBits(batch, several), $"{network}, {choice}: several threads give other bits.");
                for (int row = 0; row < Count; row += 13)
                {
                    plan.Score(rows.AsSpan(row * plan.InputWidth, plan.InputWidth), alone);
                    Assert.IsTrue(SameBits(alone, batch.AsSpan(row * plan.OutputWidth, plan.OutputWidth)),
                        $"{network}, {choice}: row {row} has other bits alone.");
                }
                plan.Score(rows.AsSpan(0, 5 * plan.InputWidth), several.AsSpan(0, 5 * plan.OutputWidth));
                Assert.IsTrue(SameBits(several.AsSpan(0, 5 * plan.OutputWidth), batch.AsSpan(0, 5 * plan.OutputWidth)),
                    $"{network}, {choice}: five rows.");
            }
        }
    }

    [TestMethod]
    public void NaN_in_a_row_is_NaN_in_all_scores_of_that_row_alone()
    {
        foreach (var network in Samples.Networks)
        {
            foreach (var choice in (KernelChoice[])[KernelChoice.Dense, KernelChoice.Sparse])
            {
                var plan = Compile(network, Samples.Weights(network, 0.5), (int)VectorWidths.Here, choice);
                var rows = Samples.Rows(network, 9);
                float[] clean = new float[9 * plan.OutputWidth], scores = new float[clean.Length];
                plan.Score(rows, clean);
                rows[(4 * plan.InputWidth) + (plan.InputWidth / 2)] = float.NaN;
                plan.Score(rows, scores);
                for (int i = 0; i < scores.Length; i++)
                {
                    if (i / plan.OutputWidth == 4)
                        Assert.IsTrue(float.IsNaN(scores[i]), $"{network}, {choice}: score {i} is {scores[i]}.");
                    else
                        Assert.AreEqual(clean[i], scores[i], $"{network}, {choice}: score {i}");
                }
            }
        }
    }

    [TestMethod]
    public void Scoring_allocates_nothing()
    {
        foreach (var network in Samples.Networks)
        {
            var plan = ScoringPlan.Compile(network, Samples.Weights(network, 0.5));
            var rows = Samples.Rows(network, 70);
            var scores = new float[70 * plan.OutputWidth];
            // A thread that helps for the first time makes a workspace, and when that is depends on who else is busy.
            Assert.AreEqual(0, Enumerable.Range(0, 4).Min(_ => Allocated()), $"{network}");

            long Allocated()
            {
                long before = GC.GetAllocatedBytesForCurrentThread();
                for (int i = 0; i < 10; i++)
                    plan.Score(rows, scores);
                return GC.GetAllocatedBytesForCurrentThread() - before;
            }
        }
    }

    [TestMethod]
    public void Many_threads_score_with_one_plan_at_once()
    {
        var network = Samples.Networks[4];
        var plan = ScoringPlan.Compile(network, Samples.Weights(network, 0.5));
        var rows = Samples.Rows(network, 40);
        var wanted = new float[40 * plan.OutputWidth];
        plan.Score(rows, wanted);
        Parallel.For(0, 64, new ParallelOptions { MaxDegreeOfParallelism = 16 }, i =>
        {
            var scores = new float[wanted.Length];
            plan.Score(rows, scores, threads: 1 + (i % 3));
            Assert.IsTrue(SameBits(wanted, scores));
        });
    }

    [TestMethod]
    public void Logits_are_given_where_they_are_asked_for()
    {
        var network = Samples.Networks[0];
        var weights = Samples.Weights(network, 1);
        var rows = Samples.Rows(network, 1);
        float[] logits = new float[10], probabilities = new float[10];
        ScoringPlan.Compile(network, weights, ScoringOutput.Logits).Score(rows, logits);
        ScoringPlan.Compile(network, weights).Score(rows, probabilities);
        double sum = logits.Sum(x => Math.Exp(x));
        for (int i = 0; i < 10; i++)
            Numbers.AreClose(Math.Exp(logits[i]) / sum, probabilities[i], 1e-6, $"class {i}");
    }

    [TestMethod]
    public void Errors_name_what_is_wrong_and_what_would_be_right()
    {
        var network = new FeedForwardDescription([4, 3]);
        var weights = Samples.Weights(network, 1);
        var plan = ScoringPlan.Compile(network, weights);
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => plan.Score(new float[7], new float[3])).Message,
            "a multiple of 4");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => plan.Score(new float[8], new float[3])).Message,
            "2 rows have 6");
        StringAssert.Contains(
            Assert.ThrowsExactly<ArgumentException>(() => ScoringPlan.Compile(new FeedForwardDescription([4, 5]), weights)).Message,
            "'layers.linear1.weight' have the shape [3, 4]; the network wants [5, 4]");
        StringAssert.Contains(
            Assert.ThrowsExactly<ArgumentException>(() => ScoringPlan.Compile(new FeedForwardDescription([4, 3, 2]), weights)).Message,
            "'layers.linear2.weight' are missing");
        StringAssert.Contains(
            Assert.ThrowsExactly<ArgumentException>(() => ScoringPlan.Compile(new VitDescription([1, 9, 9], 2, 2, 4, [1], 4, [4]),
            weights)).Message, "do not divide");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => weights.Add("layers.linear1.weight", [1], 1)).Message,
            "twice");
    }

    [TestMethod]
    public void Sizes_whose_product_wraps_around_are_refused()
    {
        var vit = new VitDescription([1, 4, 4], 2, 3, 8, [2], 4, [4]);
        var weights = Samples.Weights(vit, 1);
        // 2^32 + 8 queries.
        var wrapped = vit with { Heads = [3], HeadSize = 1431655768 };
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => ScoringPlan.Compile(wrapped, weights)).Message, "more numbers");

        // 2^32 features.
        var convNet = new ConvNetDescription([1, 1 << 14, 1 << 14], [64], [], 3);
        weights = new();
        weights.Add("features.conv1.weight", new float[64 * 9], 64, 1, 3, 3);
        weights.Add("features.conv1.bias", new float[64], 64);
        weights.Add("classifier.logits.weight", [], 3, 0);
        weights.Add("classifier.logits.bias", new float[3], 3);
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => ScoringPlan.Compile(convNet, weights)).Message, "a thread would need");
    }

    [TestMethod]
    public void Layers_with_few_active_weights_are_computed_by_those_alone()
    {
        var network = new FeedForwardDescription([256, 128, 10]);
        Assert.AreEqual("sparse rows", ScoringPlan.Compile(network, Samples.Weights(network, 0.05)).Steps[0].Kernel);
        Assert.AreEqual("dense rows", ScoringPlan.Compile(network, Samples.Weights(network, 0.9)).Steps[0].Kernel);
        var vit = Samples.Networks[3];
        Assert.AreEqual("sparse lanes", ScoringPlan.Compile(vit, Samples.Weights(vit, 0.1)).Steps[1].Kernel);
        Assert.AreEqual("dense rows", ScoringPlan.Compile(vit, Samples.Weights(vit, 1)).Steps[1].Kernel);
    }

    static ScoringPlan Compile(NetworkDescription network, NetworkWeights weights, int width, KernelChoice choice) =>
        ScoringPlan.Compile(network, weights, new CompileOptions(Widths.Of(width), choice, ScoringOutput.Probabilities));

    static bool SameBits(ReadOnlySpan<float> a, ReadOnlySpan<float> b) => MemoryMarshal.AsBytes(a).SequenceEqual(MemoryMarshal.AsBytes(b));
}
