using MLNet.Pruning.Plans.Kernels;

namespace MLNet.Pruning.Plans.Steps;

/// <summary>
/// A 4x4 transposed convolution of stride 2 and padding 1, which doubles height and width. Each of the four output pixels per input pixel
/// is a 2x2 convolution, and the four images are interleaved.
/// </summary>
sealed unsafe class TransposedConvolution
{
    readonly KernelSet kernels;
    readonly LaneLayer[] phases = new LaneLayer[4];
    readonly ImageFrame frame;
    readonly int framed, computed, stride, outputs;

    /// <param name="weight">[inputs][outputs][4][4]</param>
    /// <param name="bias">[outputs]</param>
    public TransposedConvolution(
        KernelSet kernels, string name, ReadOnlyMemory<float> weight, ReadOnlyMemory<float> bias, KernelChoice choice, int height,
        int width, WorkspaceLayout layout)
    {
        (this.kernels, outputs) = (kernels, bias.Length);
        int inputs = weight.Length / (16 * outputs);
        var values = weight.Span;
        frame = new(inputs, height, width);
        stride = kernels.Padded(frame.Lanes);
        framed = layout.Add(frame.Length + kernels.PanelWidth);
        computed = layout.Add((long)outputs * stride);
        for (int phase = 0; phase < 4; phase++)
        {
            int py = phase / 2, px = phase % 2;
            float[] taps = new float[outputs * inputs * 4];
            for (int o = 0; o < outputs; o++)
            {
                for (int tap = 0; tap < inputs * 4; tap++)
                {
                    // Pixel 2y + p of the result uses weight p + 1 - 2d of pixel y + d.
                    int ky = py + 1 - (2 * Shift(tap / 2 % 2, py)), kx = px + 1 - (2 * Shift(tap % 2, px));
                    taps[(o * inputs * 4) + tap] = values[(((((tap / 4) * outputs) + o) * 4) + ky) * 4 + kx];
                }
            }
            phases[phase] = new(
                kernels, new(name, taps, bias), choice, tap => frame.At(tap / 4, Shift(tap / 2 % 2, py), Shift(tap % 2, px)));
        }
    }

    public PlanStep Step => phases[0].Step;

    /// <summary>Channels times height times width of the result.</summary>
    public int Outputs => checked(outputs * 4 * frame.Height * frame.Width);

    /// <param name="image">[inputs][height][width]</param>
    /// <param name="doubled">[outputs][2 height][2 width]; written.</param>
    public void Compute(Workspace workspace, float* image, float* doubled)
    {
        float* framed = workspace.At(this.framed), computed = workspace.At(this.computed);
        frame.Fill(image, framed);
        for (int phase = 0; phase < 4; phase++)
        {
            phases[phase].Compute(kernels, 0, framed, frame.Lanes, computed, stride);
            for (int channel = 0; channel < outputs; channel++)
            {
                for (int y = 0; y < frame.Height; y++)
                {
                    float* from = computed + ((long)channel * stride) + (y * frame.Stride);
                    float* to = doubled + ((((long)channel * 2 * frame.Height) + (2 * y) + (phase / 2)) * 2 * frame.Width) + (phase % 2);
                    for (int x = 0; x < frame.Width; x++)
                        to[2 * x] = from[x];
                }
            }
        }
    }

    /// <summary>Each output pixel depends on two pixels: the one itself, and the one before or after it.</summary>
    static int Shift(int tap, int parity) => tap == 0 ? 0 : parity == 0 ? -1 : 1;
}
