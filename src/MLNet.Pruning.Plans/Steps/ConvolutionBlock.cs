using MLNet.Pruning.Plans.Kernels;

namespace MLNet.Pruning.Plans.Steps;

/// <summary>
/// A 3x3 convolution that keeps height and width, activation, and max pooling by 2. The image has a frame of zeros, so that each tap is
/// the same image at an offset. Pixels are the lanes; those at the ends of rows, which extend into the frame, are computed too and left
/// out afterwards.
/// </summary>
sealed unsafe class ConvolutionBlock
{
    readonly KernelSet kernels;
    readonly Activation activation;
    readonly LaneLayer layer;
    readonly ImageFrame frame;
    readonly int framed, convolved, stride;

    /// <param name="weights">The layer's weights, batch norm taken in.</param>
    public ConvolutionBlock(KernelSet kernels, LinearWeights weights, Activation activation, KernelChoice choice, int height, int width,
        WorkspaceLayout layout)
    {
        (this.kernels, this.activation) = (kernels, activation);
        frame = new(weights.Inputs / 9, height, width);
        layer = new(kernels, weights, choice, input => frame.At(input / 9, (input / 3 % 3) - 1, (input % 3) - 1));
        stride = kernels.Padded(frame.Lanes);
        framed = layout.Add(frame.Length + kernels.PanelWidth);
        convolved = layout.Add((long)layer.Outputs * stride);
    }

    public PlanStep Step => layer.Step;

    /// <summary>Channels times height times width of the result.</summary>
    public int Outputs => checked(layer.Outputs * (frame.Height / 2) * (frame.Width / 2));

    /// <param name="image">[channels][height][width]</param>
    /// <param name="pooled">[outputs][height / 2][width / 2]; written.</param>
    public void Compute(Workspace workspace, float* image, float* pooled)
    {
        float* framed = workspace.At(this.framed), convolved = workspace.At(this.convolved);
        frame.Fill(image, framed);
        layer.Compute(kernels, 0, framed, frame.Lanes, convolved, stride);
        // A monotonic activation is applied after pooling, to a quarter of the values.
        bool late = activation is not (Activation.Gelu or Activation.Silu);
        if (!late)
            kernels.Activate(activation, convolved, (nint)layer.Outputs * stride);
        int height = frame.Height / 2, width = frame.Width / 2;
        for (int channel = 0; channel < layer.Outputs; channel++)
            ImageKernels.MaxPool(convolved + ((long)channel * stride), height, width, frame.Stride,
                pooled + ((long)channel * height * width), width);
        if (late)
            kernels.Activate(activation, pooled, Outputs);
    }
}
