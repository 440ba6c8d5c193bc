using MLNet.Pruning.Plans.Kernels;

namespace MLNet.Pruning.Plans.Steps;

/// <summary>
/// A 4x4 transposed convolution of stride 2 and padding 1, which doubles height and width. Each of the four output pixels per input pixel
/// is a 2x2 convolution, and the four images are interleaved.
/// </summary>
sealed unsafe class TransposedConvolution
{
    readonly KernelSet kernels;
    readonly LaneLayer[] phases = new LaneLayer[ImagePhases.Count];
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
        for (int phase = 0; phase < ImagePhases.Count; phase++)
        {
            int number = phase;
            float[] taps = new float[outputs * inputs * ImagePhases.Taps];
            for (int o = 0; o < outputs; o++)
            {
                for (int tap = 0; tap < inputs * ImagePhases.Taps; tap++)
                    taps[(o * inputs * ImagePhases.Taps) + tap] =
                        values[(((tap / ImagePhases.Taps * outputs) + o) * ImagePhases.Kernel) + At(tap).Weight];
            }
            phases[phase] = new(
                kernels, new(name, taps, bias), choice, tap => frame.At(tap / ImagePhases.Taps, At(tap).Down, At(tap).Right));

            (int Down, int Right, int Weight) At(int tap) => ImagePhases.Tap(number, tap % ImagePhases.Taps);
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
        for (int phase = 0; phase < ImagePhases.Count; phase++)
        {
            phases[phase].Compute(kernels, 0, framed, frame.Lanes, computed, stride);
            ImagePhases.Interleave(frame, phase, computed, stride, outputs, doubled);
        }
    }
}
