using System.Runtime.InteropServices;
using MLNet.Pruning.Plans.Kernels;
using MLNet.Pruning.Plans.Steps;

namespace MLNet.Pruning.Training;

/// <summary>
/// A 3x3 convolution that keeps height and width, forward and backward, one image at a time. Images have a frame of zeros, so that each tap
/// is the same image at an offset; pixels are the lanes. Those at the ends of rows, which extend into the frame, are computed too and left
/// out.
/// </summary>
sealed unsafe class PlannedConvolution
{
    const int Taps = 9;

    readonly KernelSet kernels;
    readonly ImageFrame frame, gradientFrame;
    readonly float* weight, bias, weightGradient, biasGradient, turned, framed, framedGradient, dots, biasSums;
    readonly int* taps, tapsBack;

    /// <param name="kernels">The kernels.</param>
    /// <param name="memory">For framed images and sums.</param>
    /// <param name="of">The parameters.</param>
    /// <param name="name">The layer's name.</param>
    /// <param name="height">The height of images.</param>
    /// <param name="width">Their width.</param>
    public PlannedConvolution(KernelSet kernels, PlanMemory memory, PlanParameters of, string name, int height, int width)
    {
        (this.kernels, Name) = (kernels, name);
        (Outputs, Inputs) = (of.Size($"{name}.weight", 0), of.Size($"{name}.weight", 1));
        weight = of.Value($"{name}.weight");
        weightGradient = of.Gradient($"{name}.weight");
        bias = of.Value($"{name}.bias");
        biasGradient = of.Gradient($"{name}.bias");
        frame = new ImageFrame(Inputs, height, width).ForWholeVectors(kernels.Lanes);
        gradientFrame = frame with { Channels = Outputs };
        turned = memory.Numbers((long)Inputs * Outputs * Taps);
        framed = memory.Numbers(frame.Length);
        framedGradient = memory.Numbers(gradientFrame.Length);
        dots = memory.Numbers((long)Outputs * Inputs * Taps * kernels.Lanes);
        biasSums = memory.Numbers(Outputs);
        taps = Offsets(frame, 1);
        tapsBack = Offsets(gradientFrame, -1);

        int* Offsets(ImageFrame of, int sign)
        {
            int* offsets = (int*)memory.Numbers((long)of.Channels * Taps);
            for (int i = 0; i < of.Channels * Taps; i++)
                offsets[i] = of.At(i / Taps, sign * ((i % Taps / 3) - 1), sign * ((i % 3) - 1));
            return offsets;
        }
    }

    public string Name { get; }

    public int Inputs { get; }

    public int Outputs { get; }

    /// <summary>The distance between rows.</summary>
    public int Stride => frame.Stride;

    /// <summary>The distance between the channels of results.</summary>
    public int Plane => kernels.Padded(frame.Lanes);

    /// <summary>Takes the parameters as they are now.</summary>
    public void Begin()
    {
        for (int o = 0; o < Outputs; o++)
            for (int i = 0; i < Inputs; i++)
                for (int tap = 0; tap < Taps; tap++)
                    turned[(((i * Outputs) + o) * Taps) + tap] = weight[(((o * Inputs) + i) * Taps) + tap];
        NativeMemory.Clear(biasSums, (nuint)(Outputs * sizeof(float)));
    }

    /// <summary>Copies an image, [inputs][height][width], into its frame.</summary>
    public void Take(float* image) => frame.Fill(image, framed);

    /// <summary>Computes the image that was taken: [outputs][plane], with rows a stride apart.</summary>
    public void Forward(float* y) =>
        kernels.ProductOfTaps(weight, Outputs, Inputs * Taps, framed, taps, frame.Lanes, y, Plane, bias);

    /// <summary>Where the gradient of an output's pixels goes, with rows a stride apart; around it are zeros.</summary>
    public float* GradientOf(int output) => framedGradient + gradientFrame.At(output, 0, 0);

    /// <summary>Adds to the gradients of the parameters, of the image that was taken.</summary>
    public void Backward()
    {
        kernels.AddPlaneDots(GradientOf(0), Outputs, gradientFrame.Plane, framed, taps, Inputs * Taps, frame.Lanes, dots);
        kernels.AddLanes(GradientOf(0), frame.Lanes, Outputs, gradientFrame.Plane, biasSums);
    }

    /// <summary>The gradient of the image, [inputs][height][width].</summary>
    /// <param name="dx">Written.</param>
    /// <param name="room">[inputs][plane]</param>
    public void Backward(float* dx, float* room)
    {
        kernels.ProductOfTaps(turned, Inputs, Outputs * Taps, framedGradient, tapsBack, frame.Lanes, room, Plane, null);
        frame.Read(room, Plane, dx);
    }

    /// <summary>Moves sums to the vector of gradients.</summary>
    public void End()
    {
        kernels.TakeDots(dots, (long)Outputs * Inputs * Taps, weightGradient);
        kernels.Add(biasGradient, biasSums, biasGradient, Outputs);
    }
}
