using MLNet.Pruning.Plans.Kernels;
using MLNet.Pruning.Plans.Steps;

namespace MLNet.Pruning.Plans.Tests;

[TestClass]
public sealed unsafe class Int8Tests
{
    static readonly string Expected = Int8Product.IsSupported && VectorWidths.Here != VectorWidth.Portable ? "int8 rows" : "dense rows";

    [TestMethod]
    public void A_layer_in_integers_is_that_of_rounded_numbers_in_double_precision()
    {
        foreach (var (inputs, outputs) in ((int, int)[])[(256, 32), (259, 41), (300, 130), (784, 50)])
        {
            float[] weights = Numbers.Random(outputs * inputs, 1), bias = Numbers.Random(outputs, 2);
            weights.AsSpan(3 * inputs, inputs).Clear();
            var layer = new LinearLayer(KernelSet.Here, new("layer", weights, bias), isSparse: false, 16, ScoringPrecision.Int8);
            Assert.AreEqual(Expected, layer.Step.Kernel);
            foreach (int rows in (int[])[1, 2, 4, 7, 16])
                Check(layer, weights, bias, rows);
        }
    }

    static void Check(LinearLayer layer, float[] weights, float[] bias, int rows)
    {
        int inputs = layer.Inputs, outputs = layer.Outputs, stride = KernelSet.Here.Padded(outputs);
        float[] numbers = Numbers.Random(rows * inputs, 3);
        numbers.AsSpan(0, inputs / 2).Clear();
        AlignedBuffer<float> x = Numbers.Buffer(numbers), scratch = new(layer.Scratch), alone = new(stride);
        AlignedBuffer<float> y = Numbers.Buffer(Numbers.Random(rows * stride, 4));
        var before = y.Span.ToArray();
        layer.Compute(x.Pointer, rows, inputs, y.Pointer, stride, scratch.Pointer, y.Pointer);
        for (int row = 0; row < rows; row++)
        {
            before.AsSpan(row * stride, stride).CopyTo(alone.Span);
            layer.Compute(x.Pointer + (row * inputs), 1, inputs, alone.Pointer, stride, scratch.Pointer, alone.Pointer);
            for (int o = 0; o < outputs; o++)
            {
                var w = weights.AsSpan(o * inputs, inputs);
                var v = numbers.AsSpan(row * inputs, inputs);
                double exact = 0;
                for (int i = 0; i < inputs; i++)
                    exact += (double)w[i] * v[i];
                double wanted = Expected == "int8 rows" ? Rounded(w, v) : exact;
                double added = bias[o] + (double)before[(row * stride) + o];
                Numbers.AreClose(wanted + added, y.Pointer[(row * stride) + o], 2e-5,
                    $"{inputs} -> {outputs}, row {row} of {rows}, output {o}");
                // Each term is off by half a step of either side at most, and they hardly ever are all off the same way.
                Numbers.AreClose(exact + added, y.Pointer[(row * stride) + o], 0.012 * Math.Sqrt(inputs), "the exact sum");
                Assert.AreEqual(y.Pointer[(row * stride) + o], alone.Pointer[o], $"Row {row} has other bits alone.");
            }
        }
    }

    /// <summary>The product of two rows of numbers, each rounded to 127 steps of its largest.</summary>
    static double Rounded(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        double one = Largest(a) / 127, other = Largest(b) / 127, sum = 0;
        for (int i = 0; i < a.Length && one > 0 && other > 0; i++)
            sum += Math.Round(a[i] / one) * Math.Round(b[i] / other);
        return sum * one * other;

        static double Largest(ReadOnlySpan<float> values)
        {
            double largest = 0;
            foreach (float value in values)
                largest = Math.Max(largest, Math.Abs(value));
            return largest;
        }
    }

    [TestMethod]
    public void A_graph_has_its_linear_layers_in_integers_too()
    {
        var weights = new NetworkWeights();
        weights.Add("weight", Numbers.Random(300 * 64, 1), 64, 300);
        var graph = new GraphDescription([new(GraphOperation.Input, "input", [], [300]),
            new(GraphOperation.Linear, "linear", [0], [64]) { Weight = "weight" }]);
        Assert.AreEqual(Expected, ScoringPlan.Compile(graph, weights, ScoringOutput.Logits, ScoringPrecision.Int8).Steps[0].Kernel);
    }

    [TestMethod]
    public void A_plan_in_integers_says_what_it_changes()
    {
        var network = new FeedForwardDescription([300, 64, 10]);
        var weights = Samples.Weights(network, 1);
        var exact = ScoringPlan.Compile(network, weights);
        var quantized = ScoringPlan.Compile(network, weights, ScoringOutput.Probabilities, ScoringPrecision.Int8);
        var rows = Samples.Rows(network, 200);
        var report = QuantizationReport.Compare(exact, quantized, rows);
        Assert.AreEqual(200, report.Rows);
        CollectionAssert.AreEqual(Expected == "int8 rows" ? (string[])["layers.linear1"] : [], report.Layers.ToArray());
        Assert.AreEqual(Expected == "int8 rows", report.LargestChange > 0);
        Assert.IsLessThan(0.02, report.LargestChange);
        Assert.IsLessThanOrEqualTo(report.LargestChange, report.MeanChange);
        Assert.IsGreaterThan(0.9, report.SameAnswers);

        // The figures by hand.
        float[] before = new float[2000], after = new float[2000];
        exact.Score(rows, before);
        quantized.Score(rows, after);
        Numbers.AreClose(before.Zip(after, (a, b) => Math.Abs((double)a - b)).Max(), report.LargestChange, 1e-12, "largest");
        Numbers.AreClose(before.Zip(after, (a, b) => Math.Abs((double)a - b)).Average(), report.MeanChange, 1e-12, "mean");

        var other = ScoringPlan.Compile(new FeedForwardDescription([7, 3]), Samples.Weights(new FeedForwardDescription([7, 3]), 1));
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => QuantizationReport.Compare(exact, other, rows)).Message,
            "different networks");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => QuantizationReport.Compare(exact, quantized, [])).Message,
            "no row");
    }

    [TestMethod]
    public void NaN_and_infinity_spread_in_integers_over_their_row_alone()
    {
        var network = new FeedForwardDescription([300, 64, 10]);
        var plan = ScoringPlan.Compile(network, Samples.Weights(network, 1), ScoringOutput.Probabilities, ScoringPrecision.Int8);
        var rows = Samples.Rows(network, 6);
        float[] clean = new float[60], scores = new float[60];
        plan.Score(rows, clean);
        rows[300 + 17] = float.NaN;
        rows[900 + 299] = float.PositiveInfinity;
        rows.AsSpan(1200, 300).Clear();
        plan.Score(rows, scores);
        for (int i = 0; i < 60; i++)
        {
            if (i / 10 is 1 or 3)
                Assert.IsTrue(float.IsNaN(scores[i]));
            else if (i / 10 != 4)
                Assert.AreEqual(clean[i], scores[i]);
            else
                Assert.IsTrue(float.IsFinite(scores[i]));
        }
    }
}
