using MLNet.Pruning.Plans.Kernels;

namespace MLNet.Pruning.Plans.Tests;

/// <summary>Products with active weights over lanes, as training needs them, beside double precision.</summary>
[TestClass]
public sealed unsafe class SparsePatternTests
{
    static IEnumerable<(int Outputs, int Inputs, int Lanes, double Density)> Shapes() =>
    [
        (1, 1, 1, 1), (3, 5, 7, 0.5), (8, 8, 16, 0.3), (9, 17, 33, 0.9), (50, 131, 64, 0.1), (64, 20, 196, 0.2), (20, 64, 50, 0), (13, 200, 98, 0.05),
    ];

    [TestMethod]
    [DynamicData(nameof(Widths.All), typeof(Widths))]
    public void Forward_backward_and_gradient_are_those_of_double_precision(int width)
    {
        var kernels = Widths.Of(width);
        foreach (var (outputs, inputs, lanes, density) in Shapes())
        {
            int stride = kernels.Padded(lanes) + kernels.Lanes;
            SparsePattern pattern = new(outputs, inputs, stride), transposed = new(inputs, outputs, stride);
            // Other masks before leave nothing behind.
            foreach (int seed in (int[])[1, 2, 3])
                Check(pattern, transposed, seed);

            void Check(SparsePattern pattern, SparsePattern transposed, int seed)
            {
                var random = new Random(seed);
                sbyte[] mask = [.. Enumerable.Range(0, outputs * inputs).Select(_ => (sbyte)(random.NextDouble() < density ? -1 : 0))];
                float[] weights = Numbers.Random(outputs * inputs, seed), bias = Numbers.Random(outputs, seed + 10);
                var (x, dy, residual) = (Lanes(inputs, seed + 20), Lanes(outputs, seed + 30), Lanes(outputs, seed + 40));
                AlignedBuffer<float> y = new((long)outputs * stride), dx = new((long)inputs * stride);
                pattern.Cut(mask);
                transposed.CutTransposed(pattern);
                Assert.AreEqual(mask.Count(bit => bit != 0), pattern.Active);
                pattern.Take(Numbers.Buffer(weights).Pointer);
                transposed.Take(pattern.Values);
                pattern.Multiply(kernels, Numbers.Buffer(bias).Pointer, x.Pointer, lanes, y.Pointer, residual.Pointer);
                transposed.Multiply(kernels, null, dy.Pointer, lanes, dx.Pointer, null);
                pattern.Clear();
                transposed.Clear();
                // Gradients of several parts of a batch add up.
                for (int part = 0; part < 2; part++)
                {
                    pattern.AddSampled(kernels, dy.Pointer, x.Pointer, lanes);
                    transposed.AddSampled(kernels, x.Pointer, dy.Pointer, lanes);
                }
                Sums byOutputs = new(new float[mask.Length]), byInputs = new(new float[mask.Length]);
                pattern.EachSum(ref byOutputs);
                transposed.EachSum(ref byInputs);
                for (int o = 0; o < outputs; o++)
                {
                    for (int lane = 0; lane < lanes; lane++)
                    {
                        double wanted = bias[o] + residual.Pointer[(o * stride) + lane];
                        for (int i = 0; i < inputs; i++)
                            wanted += mask[(o * inputs) + i] == 0 ? 0 : (double)weights[(o * inputs) + i] * x.Pointer[(i * stride) + lane];
                        Numbers.AreClose(wanted, y.Pointer[(o * stride) + lane], 1e-5, $"output {o}, lane {lane}");
                    }
                }
                for (int i = 0; i < inputs; i++)
                {
                    for (int lane = 0; lane < lanes; lane++)
                    {
                        double wanted = 0;
                        for (int o = 0; o < outputs; o++)
                            wanted += mask[(o * inputs) + i] == 0 ? 0 : (double)weights[(o * inputs) + i] * dy.Pointer[(o * stride) + lane];
                        Numbers.AreClose(wanted, dx.Pointer[(i * stride) + lane], 1e-5, $"input {i}, lane {lane}");
                    }
                }
                for (int weight = 0; weight < mask.Length; weight++)
                {
                    double wanted = 0;
                    for (int lane = 0; mask[weight] != 0 && lane < lanes; lane++)
                        wanted += 2.0 * dy.Pointer[(weight / inputs * stride) + lane] * x.Pointer[(weight % inputs * stride) + lane];
                    Numbers.AreClose(wanted, byOutputs.Gradients[weight], 2e-5, $"weight {weight}");
                    Numbers.AreClose(wanted, byInputs.Gradients[weight], 2e-5, $"weight {weight}");
                }
            }

            AlignedBuffer<float> Lanes(int features, int seed)
            {
                var (numbers, buffer) = (Numbers.Random(features * lanes, seed), new AlignedBuffer<float>((long)features * stride));
                for (int feature = 0; feature < features; feature++)
                    numbers.AsSpan(feature * lanes, lanes).CopyTo(buffer.Span[(feature * stride)..]);
                return buffer;
            }
        }
    }

    readonly struct Sums(float[] gradients) : ISumAction
    {
        public float[] Gradients => gradients;

        public void Do(int weight, float sum) => gradients[weight] += sum;
    }

    [TestMethod]
    public void Transposing_moves_every_number()
    {
        foreach (var (rows, columns) in ((int, int)[])[(1, 1), (3, 7), (16, 16), (17, 16), (16, 17), (32, 49), (49, 16), (35, 83), (50, 4)])
        {
            int from = columns + 3, to = rows + 5;
            float[] numbers = [.. Enumerable.Range(0, rows * from).Select(i => (float)i)];
            AlignedBuffer<float> source = Numbers.Buffer(numbers), target = new(columns * to);
            target.Span.Fill(-1);
            Transposition.Transpose(source.Pointer, rows, columns, from, target.Pointer, to);
            for (int column = 0; column < columns; column++)
            {
                for (int row = 0; row < to; row++)
                    Assert.AreEqual(row < rows ? numbers[(row * from) + column] : -1, target.Pointer[(column * to) + row], $"{rows} x {columns}");
            }
        }
    }

    [TestMethod]
    [DynamicData(nameof(Widths.All), typeof(Widths))]
    public void Gradients_of_norms_and_biases_over_lanes_are_those_over_rows(int width)
    {
        var kernels = Widths.Of(width);
        foreach (int values in (int[])[1, 3, 16, 17, 64])
        {
            const int Tokens = 37;
            int stride = kernels.Padded(values), lanes = kernels.Padded(Tokens);
            AlignedBuffer<float> x = new(Tokens * stride), y = new(Tokens * stride), g = new(Tokens * stride), result = new(Tokens * stride);
            AlignedBuffer<float> yLanes = new(values * lanes), gLanes = new(values * lanes), resultLanes = new(values * lanes), turned = new(Tokens * stride);
            AlignedBuffer<float> factors = new(lanes), factorsLanes = new(lanes), sums = new(stride), sumsLanes = new(stride);
            var (numbers, gradients) = (Numbers.Random(Tokens * values, values), Numbers.Random(Tokens * values, values + 1));
            for (int token = 0; token < Tokens; token++)
            {
                numbers.AsSpan(token * values, values).CopyTo(x.Span[(token * stride)..]);
                gradients.AsSpan(token * values, values).CopyTo(g.Span[(token * stride)..]);
            }
            Transposition.Transpose(x.Pointer, Tokens, values, stride, yLanes.Pointer, lanes);
            Transposition.Transpose(g.Pointer, Tokens, values, stride, gLanes.Pointer, lanes);
            kernels.NormalizeRows(x.Pointer, Tokens, values, stride, y.Pointer, 1e-5f, factors.Pointer);
            kernels.NormalizeLanes(yLanes.Pointer, Tokens, values, lanes, yLanes.Pointer, 1e-5f, factorsLanes.Pointer);
            kernels.NormalizeRowsBack(y.Pointer, factors.Pointer, g.Pointer, Tokens, values, stride, result.Pointer);
            kernels.NormalizeLanesBack(yLanes.Pointer, factorsLanes.Pointer, gLanes.Pointer, Tokens, values, lanes, resultLanes.Pointer);
            Transposition.Transpose(resultLanes.Pointer, values, Tokens, lanes, turned.Pointer, stride);
            kernels.AddRows(g.Pointer, Tokens, values, stride, sums.Pointer);
            kernels.AddLanes(gLanes.Pointer, Tokens, values, lanes, sumsLanes.Pointer);
            for (int d = 0; d < values; d++)
            {
                Numbers.AreClose(sums.Pointer[d], sumsLanes.Pointer[d], 1e-5, $"sum {d} of {values}");
                for (int token = 0; values > 1 && token < Tokens; token++)
                    Numbers.AreClose(result.Pointer[(token * stride) + d], turned.Pointer[(token * stride) + d], 2e-5, $"value {d} of {values}");
            }
        }
    }

    [TestMethod]
    [DynamicData(nameof(Widths.All), typeof(Widths))]
    public void Activations_that_keep_their_derivative_give_the_same(int width)
    {
        var kernels = Widths.Of(width);
        foreach (var activation in Enum.GetValues<Activation>())
        {
            const int Count = 64;
            float[] numbers = [.. Numbers.Random(Count, 3).Select(x => 4 * x)];
            AlignedBuffer<float> x = Numbers.Buffer(numbers), y = new(Count), kept = Numbers.Buffer(numbers), yKept = new(Count);
            AlignedBuffer<float> g = Numbers.Buffer(Numbers.Random(Count, 4)), gKept = Numbers.Buffer(Numbers.Random(Count, 4));
            bool input = KernelSet.KeepsInput(activation);
            kernels.Activate(activation, x.Pointer, y.Pointer, Count);
            kernels.ActivateAhead(activation, kept.Pointer, yKept.Pointer, Count);
            kernels.ActivateBack(activation, input ? x.Pointer : y.Pointer, g.Pointer, Count);
            kernels.ActivateBehind(activation, input ? kept.Pointer : yKept.Pointer, gKept.Pointer, Count);
            for (int i = 0; i < Count; i++)
            {
                Numbers.AreClose(y.Pointer[i], yKept.Pointer[i], 1e-6, $"{activation}({numbers[i]})");
                Numbers.AreClose(g.Pointer[i], gKept.Pointer[i], 1e-6, $"{activation}'({numbers[i]})");
            }
        }
    }
}
