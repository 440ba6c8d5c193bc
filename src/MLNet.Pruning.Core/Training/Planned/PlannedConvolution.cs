using System.Runtime.InteropServices;
using MLNet.Pruning.Plans.Kernels;

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
    readonly int height, width, plane;
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
        (this.kernels, Name, this.height, this.width) = (kernels, name, height, width);
        (Outputs, Inputs) = (of.Size($"{name}.weight", 0), of.Size($"{name}.weight", 1));
        weight = of.Value($"{name}.weight");
        weightGradient = of.Gradient($"{name}.weight");
        bias = of.Value($"{name}.bias");
        biasGradient = of.Gradient($"{name}.bias");
        plane = kernels.Padded(((height + 2) * Stride) + kernels.Lanes); // whole vectors behind the last pixel are of the frame
        turned = memory.Numbers((long)Inputs * Outputs * Taps);
        framed = memory.Numbers(((long)Inputs * plane) + kernels.PanelWidth);
        framedGradient = memory.Numbers(((long)Outputs * plane) + kernels.PanelWidth);
        dots = memory.Numbers((long)Outputs * Inputs * Taps * kernels.Lanes);
        biasSums = memory.Numbers(Outputs);
        taps = Offsets(Inputs, tap => tap);
        tapsBack = Offsets(Outputs, tap => Taps - 1 - tap);

        int* Offsets(int channels, Func<int, int> at)
        {
            int* offsets = (int*)memory.Numbers((long)channels * Taps);
            for (int i = 0; i < channels * Taps; i++)
                offsets[i] = (i / Taps * plane) + (at(i % Taps) / 3 * Stride) + (at(i % Taps) % 3);
            return offsets;
        }
    }

    public string Name { get; }

    public int Inputs { get; }

    public int Outputs { get; }

    /// <summary>The distance between rows.</summary>
    public int Stride => width + 2;

    /// <summary>Pixels from the first to the last of a channel, including the frame at the ends of rows.</summary>
    public int Pixels => ((height - 1) * Stride) + width;

    /// <summary>The distance between the channels of results.</summary>
    public int Plane => kernels.Padded(Pixels);

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
    public void Take(float* image)
    {
        for (int channel = 0; channel < Inputs; channel++)
            for (int y = 0; y < height; y++, image += width)
                new ReadOnlySpan<float>(image, width).CopyTo(new(framed + (channel * plane) + ((y + 1) * Stride) + 1, width));
    }

    /// <summary>Computes the image that was taken: [outputs][plane], with rows a stride apart.</summary>
    public void Forward(float* y) => Product(weight, Outputs, Inputs, framed, taps, y, bias);

    /// <summary>Where the gradient of an output's pixels goes, with rows a stride apart; around it are zeros.</summary>
    public float* GradientOf(int output) => framedGradient + ((long)output * plane) + Stride + 1;

    /// <summary>Adds to the gradients of the parameters, of the image that was taken.</summary>
    public void Backward()
    {
        kernels.AddPlaneDots(framedGradient + Stride + 1, Outputs, plane, framed, taps, Inputs * Taps, Pixels, dots);
    }

    /// <summary>Adds to the gradient of an output's bias.</summary>
    public void AddBias(int output, float sum) => biasSums[output] += sum;

    /// <summary>The gradient of the image, [inputs][height][width].</summary>
    /// <param name="dx">Written.</param>
    /// <param name="room">[inputs][plane]</param>
    public void Backward(float* dx, float* room)
    {
        Product(turned, Inputs, Outputs, framedGradient, tapsBack, room, null);
        for (int channel = 0; channel < Inputs; channel++)
            for (int y = 0; y < height; y++, dx += width)
                new ReadOnlySpan<float>(room + (channel * Plane) + (y * Stride), width).CopyTo(new(dx, width));
    }

    /// <summary>Moves sums to the vector of gradients.</summary>
    public void End()
    {
        kernels.TakeDots(dots, (long)Outputs * Inputs * Taps, weightGradient);
        kernels.Add(biasGradient, biasSums, biasGradient, Outputs);
    }

    void Product(float* a, int rows, int channels, float* b, int* offsets, float* c, float* rowBias) => kernels.Product(new()
    {
        A = a,
        RowStride = channels * Taps,
        DepthStride = 1,
        Rows = rows,
        Columns = Pixels,
        Depth = channels * Taps,
        B = b,
        Offsets = offsets,
        PanelStride = kernels.PanelWidth,
        C = c,
        CStride = Plane,
        RowBias = rowBias,
    });
}
