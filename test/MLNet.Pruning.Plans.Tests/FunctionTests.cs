using MLNet.Pruning.Plans.Kernels;

namespace MLNet.Pruning.Plans.Tests;

[TestClass]
public sealed unsafe class FunctionTests
{
    [TestMethod]
    [DynamicData(nameof(Widths.All), typeof(Widths))]
    public void Activations_are_as_exact_as_they_say(int width)
    {
        var kernels = Widths.Of(width);
        foreach (var activation in Enum.GetValues<Activation>())
        {
            var values = new AlignedBuffer<float>(4001);
            for (int i = 0; i < values.Length; i++)
                values.Pointer[i] = (i - 2000) / 200f;
            var inputs = values.Span.ToArray();
            kernels.Activate(activation, values.Pointer, values.Length);
            for (int i = 0; i < values.Length; i++)
            {
                double wanted = Numbers.Activate(activation, inputs[i]), room = activation == Activation.Tanh ? 3e-7
                    : 2.5e-7 * Math.Max(1, Math.Abs(inputs[i]));
                Assert.IsLessThanOrEqualTo(room, Math.Abs(values.Pointer[i] - wanted), $"{activation} of {inputs[i]}");
            }
        }
    }

    [TestMethod]
    [DynamicData(nameof(Widths.All), typeof(Widths))]
    public void Activations_of_very_large_numbers_are_their_limits_and_NaN_stays(int width)
    {
        var kernels = Widths.Of(width);
        foreach (var activation in Enum.GetValues<Activation>())
        {
            var values = new AlignedBuffer<float>([1e6f, -1e6f, 100, -100, float.NaN, 0]);
            kernels.Activate(activation, values.Pointer, values.Length);
            for (int i = 0; i < 4; i++)
            {
                double x = i switch { 0 => 1e6, 1 => -1e6, 2 => 100, _ => -100 };
                double wanted = activation == Activation.Gelu ? Math.Max(x, 0) : Numbers.Activate(activation, x);
                Numbers.AreClose(wanted, values.Pointer[i], activation == Activation.Gelu && x < 0 ? 0.1 : 1e-6, $"{activation} of {x}");
            }
            Assert.IsTrue(float.IsNaN(values.Pointer[4]), $"{activation} of NaN is {values.Pointer[4]}.");
        }
    }

    [TestMethod]
    [DynamicData(nameof(Widths.All), typeof(Widths))]
    public void Softmax_over_rows_and_over_lanes_is_that_of_double_precision(int width)
    {
        var kernels = Widths.Of(width);
        foreach (int count in (int[])[1, 2, 7, 8, 10, 33])
        {
            var numbers = Numbers.Random(5 * count, count, 20);
            int stride = kernels.Padded(count);
            var rows = new AlignedBuffer<float>(5 * stride);
            var lanes = new AlignedBuffer<float>(count * kernels.Padded(5));
            for (int r = 0; r < 5; r++)
            {
                for (int i = 0; i < count; i++)
                    rows.Pointer[(r * stride) + i] = lanes.Pointer[(i * kernels.Padded(5)) + r] = numbers[(r * count) + i];
            }
            kernels.SoftmaxRows(rows.Pointer, 5, count, stride);
            kernels.SoftmaxLanes(lanes.Pointer, count, 5, kernels.Padded(5));
            for (int r = 0; r < 5; r++)
            {
                double sum = Enumerable.Range(0, count).Sum(i => Math.Exp(numbers[(r * count) + i]));
                for (int i = 0; i < count; i++)
                {
                    Numbers.AreClose(Math.Exp(numbers[(r * count) + i]) / sum, rows.Pointer[(r * stride) + i], 2e-6,
                        $"row {r} of {count}");
                    Numbers.AreClose(Math.Exp(numbers[(r * count) + i]) / sum, lanes.Pointer[(i * kernels.Padded(5)) + r], 2e-6,
                        $"lane {r} of {count}");
                }
            }
        }
    }

    [TestMethod]
    [DynamicData(nameof(Widths.All), typeof(Widths))]
    public void Norms_over_rows_and_over_lanes_are_those_of_double_precision(int width)
    {
        var kernels = Widths.Of(width);
        foreach (int values in (int[])[1, 3, 8, 16, 17, 44, 64, 100])
        {
            const int Tokens = 5;
            var numbers = Numbers.Random(Tokens * values, values, 3);
            int stride = kernels.Padded(values), lanes = kernels.Padded(Tokens);
            AlignedBuffer<float> rows = new(Tokens * stride), normed = new(Tokens * stride), columns = new(values * lanes),
                normedColumns = new(values * lanes);
            for (int t = 0; t < Tokens; t++)
                numbers.AsSpan(t * values, values).CopyTo(rows.Span[(t * stride)..]);
            Transposition.Transpose(rows.Pointer, Tokens, values, stride, columns.Pointer, lanes);
            kernels.NormalizeRows(rows.Pointer, Tokens, values, stride, normed.Pointer, 1e-5f);
            kernels.NormalizeLanes(columns.Pointer, Tokens, values, lanes, normedColumns.Pointer, 1e-5f);
            for (int t = 0; t < Tokens; t++)
            {
                var token = numbers.AsSpan(t * values, values).ToArray().Select(x => (double)x).ToArray();
                double mean = token.Average(), deviation = Math.Sqrt(token.Average(x => (x - mean) * (x - mean)) + 1e-5);
                for (int d = 0; d < values; d++)
                {
                    Numbers.AreClose((token[d] - mean) / deviation, normed.Pointer[(t * stride) + d], 2e-6, $"row {t} of {values}");
                    Numbers.AreClose((token[d] - mean) / deviation, normedColumns.Pointer[(d * lanes) + t], 2e-6, $"lane {t} of {values}");
                }
            }
        }
    }

    [TestMethod]
    [DynamicData(nameof(Widths.All), typeof(Widths))]
    public void The_loss_of_a_reconstruction_is_that_of_double_precision(int width)
    {
        var kernels = Widths.Of(width);
        foreach (int count in (int[])[1, 5, 16, 49, 784])
        {
            var (logits, targets) = (Numbers.Random(count, 1, 12), Numbers.Random(count, 2).Select(Math.Abs).ToArray());
            double wanted = 0;
            for (int i = 0; i < count; i++)
                wanted += Math.Max(logits[i], 0) - ((double)logits[i] * targets[i]) + Math.Log(1 + Math.Exp(-Math.Abs(logits[i])));
            Numbers.AreClose(wanted, kernels.ReconstructionLoss(Numbers.Buffer(logits).Pointer, Numbers.Buffer(targets).Pointer, count),
                2e-6, $"{count} values");
        }
    }
}
