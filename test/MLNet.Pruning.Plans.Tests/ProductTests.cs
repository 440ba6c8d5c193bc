using MLNet.Pruning.Plans.Kernels;
using MLNet.Pruning.Plans.Steps;

namespace MLNet.Pruning.Plans.Tests;

[TestClass]
public sealed unsafe class ProductTests
{
    static readonly int[] Sizes = [1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 33, 50, 70];

    [TestMethod]
    [DynamicData(nameof(Widths.All), typeof(Widths))]
    public void A_layer_over_rows_is_that_of_double_precision_whatever_its_shape(int width)
    {
        foreach (bool sparse in (bool[])[false, true])
        {
            foreach (int outputs in Sizes)
            {
                foreach (int rows in (int[])[1, 2, 4, 5, 8, 11, 64])
                    CheckRows(Widths.Of(width), sparse, rows, inputs: (outputs * 3 % 41) + 1, outputs, residual: outputs % 2 == 0);
            }
        }
    }

    [TestMethod]
    [DynamicData(nameof(Widths.All), typeof(Widths))]
    public void A_layer_with_few_outputs_behind_its_last_vector_adds_bias_and_residual(int width)
    {
        // 36, 72, 144: with vectors of 4, 8 and 16 numbers, one vector stands behind four whole panels.
        foreach (int outputs in (int[])[9, 17, 18, 33, 36, 50, 72, 138, 144, 264])
        {
            foreach (int rows in (int[])[1, 3, 6])
            {
                CheckRows(Widths.Of(width), false, rows, inputs: 131, outputs, residual: true);
                // So many inputs are added up in blocks.
                CheckRows(Widths.Of(width), false, rows, inputs: 700, outputs, residual: true);
            }
        }
    }

    [TestMethod]
    [DynamicData(nameof(Widths.All), typeof(Widths))]
    public void A_layer_that_several_threads_pack_is_that_of_double_precision(int width)
    {
        foreach (int outputs in (int[])[1_009, 1_024, 1_040])
            CheckRows(Widths.Of(width), false, rows: 2, inputs: 1_043, outputs);
    }

    [TestMethod]
    public void Zeros_of_both_signs_are_counted_and_NaN_is_not_one()
    {
        for (int count = 0; count < 70; count++)
        {
            float[] values = [.. Numbers.Sparse(count, count, 0.5).Select((value, i) => i % 7 == 3 ? -0f : i % 11 == 5 ? float.NaN : value)];
            Assert.AreEqual(values.Count(value => value == 0), ZeroBlocks.CountZeros(values));
        }
    }

    [TestMethod]
    public void Weights_are_copied_when_they_are_changed()
    {
        float[] weight = [1, 2, 3, 4, 5, 6], bias = [7, 8];
        var whole = new LinearWeights("layer", weight, bias);
        var second = whole.Part(1, 1).Before(0, 2, 1);
        CollectionAssert.AreEqual((float[])[8, 10, 12], second.Weight.ToArray());
        Assert.AreEqual(17f, second.Bias[0]);
        CollectionAssert.AreEqual((float[])[0, 2, 6, 0, 5, 12], whole.After([0, 1, 2], [1, 0, 0]).Weight.ToArray());
        CollectionAssert.AreEqual((float[])[8, 12], whole.Bias.ToArray());
        Assert.AreEqual(4 / 6d, whole.Density, 1e-12);
        CollectionAssert.AreEqual((float[])[1, 2, 3, 4, 5, 6], weight);
        CollectionAssert.AreEqual((float[])[7, 8], bias);
    }

    [TestMethod]
    [DynamicData(nameof(Widths.All), typeof(Widths))]
    public void A_layer_of_which_two_weights_of_four_are_active_is_that_of_double_precision(int width)
    {
        foreach (var (inputs, outputs) in ((int, int)[])[(64, 32), (70, 19), (9, 150), (200, 33)])
        {
            float[] weights = Numbers.Random(outputs * inputs, 1);
            for (int i = 0; i < weights.Length; i++)
                weights[i] = i % inputs % 4 == i / 4 % 4 || i % inputs % 4 == (i / 4 + 1 + (i / 16 % 3)) % 4 ? weights[i] : 0;
            foreach (int rows in (int[])[1, 2, 4, 7, 8, 13, 40])
                CheckRows(Widths.Of(width), true, new("layer", weights, Numbers.Random(outputs, 2)), rows, residual: true);
        }
    }

    [TestMethod]
    [DynamicData(nameof(Widths.All), typeof(Widths))]
    public void A_layer_whose_zeros_come_in_blocks_skips_them(int width)
    {
        var kernels = Widths.Of(width);
        foreach (var (inputs, outputs) in ((int, int)[])[(64, 48), (131, 39), (500, 17), (40, 130)])
        {
            var weights = new LinearWeights("layer", Blocks(outputs, inputs, 16, 0.25), Numbers.Random(outputs, 2));
            Assert.AreEqual("zero blocks, rows", new LinearLayer(kernels, weights, isSparse: false, 64).Step.Kernel);
            foreach (int rows in (int[])[1, 2, 4, 5, 8, 11, 64])
                CheckRows(kernels, false, weights, rows, residual: true);
        }
    }

    /// <summary>Random weights of which blocks of some outputs by one input are zeros, those of the first 16 outputs all.</summary>
    static float[] Blocks(int outputs, int inputs, int size, double density)
    {
        var (weights, random) = (Numbers.Random(outputs * inputs, 1), new Random(7));
        for (int first = 0; first < outputs; first += size)
        {
            for (int input = 0; input < inputs; input++)
            {
                bool zero = first == 0 || random.NextDouble() > density;
                for (int output = first; zero && output < Math.Min(outputs, first + size); output++)
                    weights[(output * inputs) + input] = 0;
            }
        }
        return weights;
    }

    static void CheckRows(KernelSet kernels, bool sparse, int rows, int inputs, int outputs, bool residual = false) =>
        CheckRows(kernels, sparse, new("layer", Numbers.Sparse(outputs * inputs, 1, sparse ? 0.3 : 1), Numbers.Random(outputs, 2)), rows,
            residual);

    static void CheckRows(KernelSet kernels, bool sparse, LinearWeights weights, int rows, bool residual = false)
    {
        int inputs = weights.Inputs, outputs = weights.Outputs;
        var layer = new LinearLayer(kernels, weights, sparse, 64);
        AlignedBuffer<float> x = Numbers.Buffer(Numbers.Random(rows * inputs, 3)), scratch = new(Math.Max(outputs, layer.Scratch));
        int stride = kernels.Padded(outputs);
        AlignedBuffer<float> y = Numbers.Buffer(Numbers.Random(rows * stride, 4)), alone = new(stride);
        var before = y.Span.ToArray();
        layer.Compute(x.Pointer, rows, inputs, y.Pointer, stride, scratch.Pointer, residual ? y.Pointer : null);
        for (int r = 0; r < rows; r++)
        {
            before.AsSpan(r * stride, stride).CopyTo(alone.Span);
            layer.Compute(x.Pointer + (r * inputs), 1, inputs, alone.Pointer, stride, scratch.Pointer, residual ? alone.Pointer : null);
            for (int o = 0; o < outputs; o++)
            {
                double wanted = weights.Bias[o] + (residual ? before[(r * stride) + o] : 0);
                for (int i = 0; i < inputs; i++)
                    wanted += (double)weights.Weight[(o * inputs) + i] * x.Pointer[(r * inputs) + i];
                Numbers.AreClose(wanted, y.Pointer[(r * stride) + o], inputs < 200 ? 3e-6 : 2e-5,
                    $"{rows} x {inputs} -> {outputs}, {(sparse ? "sparse" : "dense")}, row {r}");
                Assert.AreEqual(
                    BitConverter.SingleToInt32Bits(alone.Pointer[o]), BitConverter.SingleToInt32Bits(y.Pointer[(r * stride) + o]),
                    $"Row {r} of {rows} x {inputs} -> {outputs} has other bits than alone.");
            }
        }
    }

    [TestMethod]
    [DynamicData(nameof(Widths.All), typeof(Widths))]
    public void A_layer_over_lanes_adds_bias_and_residual_whatever_its_shape(int width)
    {
        var kernels = Widths.Of(width);
        foreach (var choice in (KernelChoice[])[KernelChoice.Dense, KernelChoice.Sparse])
        {
            foreach (int lanes in Sizes)
            {
                int inputs = (lanes * 5 % 37) + 1, outputs = (lanes * 3 % 29) + 1;
                CheckLanes(kernels, choice, new("layer", Numbers.Sparse(outputs * inputs, 1, 0.5), Numbers.Random(outputs, 2)), lanes);
            }
        }
    }

    [TestMethod]
    [DynamicData(nameof(Widths.All), typeof(Widths))]
    public void A_layer_over_lanes_whose_zeros_come_in_blocks_skips_them(int width)
    {
        var kernels = Widths.Of(width);
        var weights = new LinearWeights("layer", Blocks(42, 60, 8, 0.3), Numbers.Random(42, 2));
        Assert.AreEqual("zero blocks, lanes", new LaneLayer(kernels, weights, KernelChoice.Rule, i => i).Step.Kernel);
        foreach (int lanes in Sizes)
            CheckLanes(kernels, KernelChoice.Rule, weights, lanes);
    }

    static void CheckLanes(KernelSet kernels, KernelChoice choice, LinearWeights weights, int lanes)
    {
        int inputs = weights.Inputs, outputs = weights.Outputs, stride = kernels.Padded(lanes) + kernels.Lanes;
        var layer = new LaneLayer(kernels, weights, choice, i => i * stride);
        AlignedBuffer<float> x = Numbers.Buffer(Numbers.Random(inputs * stride, 3)),
            y = Numbers.Buffer(Numbers.Random(outputs * stride, 4));
        var before = y.Span.ToArray();
        layer.Compute(kernels.Narrowed(lanes), 0, x.Pointer, lanes, y.Pointer, stride, y.Pointer);
        for (int o = 0; o < outputs; o++)
        {
            for (int lane = 0; lane < lanes; lane++)
            {
                double wanted = weights.Bias[o] + (double)before[(o * stride) + lane];
                for (int i = 0; i < inputs; i++)
                    wanted += (double)weights.Weight[(o * inputs) + i] * x.Pointer[(i * stride) + lane];
                Numbers.AreClose(wanted, y.Pointer[(o * stride) + lane], 3e-6,
                    $"{inputs} -> {outputs}, {choice}, lane {lane} of {lanes}");
            }
        }
    }

    [TestMethod]
    public void A_layer_without_any_active_weight_gives_its_bias()
    {
        var layer = new LinearLayer(KernelSet.Here, new("layer", new float[5 * 3], (float[])[1, 2, 3, 4, 5]), isSparse: true, 8);
        AlignedBuffer<float> x = new(8 * 3), y = new(8 * KernelSet.Here.Padded(5)), scratch = new(layer.Scratch);
        layer.Compute(x.Pointer, 8, 3, y.Pointer, KernelSet.Here.Padded(5), scratch.Pointer);
        CollectionAssert.AreEqual((float[])[1, 2, 3, 4, 5], y.Span[..5].ToArray());
    }

    [TestMethod]
    public void A_number_that_is_not_finite_reaches_only_outputs_with_an_active_weight_for_it()
    {
        float[] weights = [1, 0, 0, 0, 1, 0, 0, 1, 1];
        var layer = new LinearLayer(KernelSet.Here, new("layer", weights, (float[])[0, 0, 0]), isSparse: true, 1);
        AlignedBuffer<float> x = new([float.PositiveInfinity, 2, 3]), y = new(KernelSet.Here.Padded(3));
        layer.Compute(x.Pointer, 1, 3, y.Pointer, KernelSet.Here.Padded(3), null);
        Assert.AreEqual(2f, y.Pointer[1]);
        Assert.AreEqual(5f, y.Pointer[2]);
    }

    [TestMethod]
    public void Turning_rows_into_lanes_moves_every_number()
    {
        foreach (int rows in (int[])[1, 3, 4, 6, 9])
        {
            foreach (int columns in (int[])[1, 4, 5, 11])
            {
                AlignedBuffer<float> from = Numbers.Buffer(Numbers.Random(rows * columns, 1)), to = new(columns * 12);
                Transposition.Transpose(from.Pointer, rows, columns, columns, to.Pointer, 12);
                for (int i = 0; i < rows * columns; i++)
                    Assert.AreEqual(from.Pointer[i], to.Pointer[(i % columns * 12) + (i / columns)]);
            }
        }
    }
}
