using System.Runtime.InteropServices;
using MLNet.Pruning.Plans.Kernels;

namespace MLNet.Pruning.Training;

/// <summary>
/// A transposed 4x4 convolution that doubles height and width, forward and backward, one image at a time. Each of the four phases of its
/// result (even or odd rows and columns) is a convolution with 2x2 taps.
/// </summary>
sealed unsafe class PlannedDeconvolution
{
    const int Phases = 4, Taps = 4, Kernel = 16;

    readonly KernelSet kernels;
    readonly int height, width, plane, terms;
    readonly float* weight, bias, weightGradient, biasGradient, packed, turned, framed, framedGradient, dots, sums, biasSums, room;
    readonly int* taps, tapsBack;

    /// <param name="kernels">The kernels.</param>
    /// <param name="memory">For framed images and sums.</param>
    /// <param name="of">The parameters.</param>
    /// <param name="name">The layer's name.</param>
    /// <param name="height">The height of the images that it reads.</param>
    /// <param name="width">Their width.</param>
    public PlannedDeconvolution(KernelSet kernels, PlanMemory memory, PlanParameters of, string name, int height, int width)
    {
        (this.kernels, Name, this.height, this.width) = (kernels, name, height, width);
        (Inputs, Outputs) = (of.Size($"{name}.weight", 0), of.Size($"{name}.weight", 1));
        weight = of.Value($"{name}.weight");
        weightGradient = of.Gradient($"{name}.weight");
        bias = of.Value($"{name}.bias");
        biasGradient = of.Gradient($"{name}.bias");
        plane = kernels.Padded(((height + 2) * Stride) + kernels.Lanes); // whole vectors behind the last pixel are of the frame
        terms = ((Inputs * Taps) + 2) / 3 * 3;
        long count = (long)Inputs * Outputs * Kernel;
        packed = memory.Numbers(count);
        turned = memory.Numbers(count);
        framed = memory.Numbers(((long)Inputs * plane) + kernels.PanelWidth);
        framedGradient = memory.Numbers(((long)Phases * Outputs * plane) + kernels.PanelWidth);
        dots = memory.Numbers((long)Phases * Outputs * terms * kernels.Lanes);
        sums = memory.Numbers((long)Phases * Outputs * terms);
        biasSums = memory.Numbers(Outputs);
        room = memory.Numbers((long)Math.Max(Inputs, Outputs) * kernels.Padded(Pixels));
        taps = (int*)memory.Numbers((long)Phases * terms);
        tapsBack = (int*)memory.Numbers((long)Outputs * Kernel);
        for (int phase = 0; phase < Phases; phase++)
        {
            for (int i = 0; i < Inputs * Taps; i++)
            {
                var (down, right, _) = At(phase, i % Taps);
                taps[(phase * terms) + i] = (i / Taps * plane) + ((1 + down) * Stride) + 1 + right;
            }
            for (int o = 0; o < Outputs * Taps; o++)
            {
                var (down, right, _) = At(phase, o % Taps);
                tapsBack[(phase * Outputs * Taps) + o] =
                    (((phase * Outputs) + (o / Taps)) * plane) + ((1 - down) * Stride) + 1 - right;
            }
        }
    }

    public string Name { get; }

    public int Inputs { get; }

    public int Outputs { get; }

    int Stride => width + 2;

    int Pixels => ((height - 1) * Stride) + width;

    /// <summary>
    /// Which pixel a tap of a phase reads, from that of its own place, and the place of its weight in the kernel: 2 y + phase =
    /// 2 (y + down) - 1 + row of the kernel.
    /// </summary>
    static (int Down, int Right, int Place) At(int phase, int tap)
    {
        var (down, row) = Line(phase >> 1, tap >> 1);
        var (right, column) = Line(phase & 1, tap & 1);
        return (down, right, (4 * row) + column);

        static (int Step, int Place) Line(int odd, int tap) => odd == 0 ? (-tap, 1 + (2 * tap)) : (1 - tap, 2 * tap);
    }

    /// <summary>Takes the parameters as they are now.</summary>
    public void Begin()
    {
        for (int phase = 0; phase < Phases; phase++)
        {
            for (int tap = 0; tap < Taps; tap++)
            {
                int place = At(phase, tap).Place;
                for (int i = 0; i < Inputs; i++)
                {
                    for (int o = 0; o < Outputs; o++)
                    {
                        float value = weight[(((long)i * Outputs) + o) * Kernel + place];
                        packed[((((long)phase * Outputs) + o) * Inputs + i) * Taps + tap] = value;
                        turned[((((long)i * Phases) + phase) * Outputs + o) * Taps + tap] = value;
                    }
                }
            }
        }
        NativeMemory.Clear(biasSums, (nuint)(Outputs * sizeof(float)));
    }

    /// <summary>[inputs][height][width] -> [outputs][2 height][2 width]</summary>
    public void Forward(float* image, float* y)
    {
        Take(image);
        int area = height * width;
        for (int phase = 0; phase < Phases; phase++)
        {
            Product(packed + ((long)phase * Outputs * Inputs * Taps), Outputs, Inputs * Taps, framed, taps + (phase * terms), bias);
            for (int o = 0; o < Outputs; o++)
            {
                float* from = room + ((long)o * kernels.Padded(Pixels));
                float* to = y + ((long)o * 4 * area) + ((phase >> 1) * 2 * width) + (phase & 1);
                for (int row = 0; row < height; row++, from += Stride, to += 4 * width)
                    for (int column = 0; column < width; column++)
                        to[2 * column] = from[column];
            }
        }
    }

    void Take(float* image)
    {
        for (int channel = 0; channel < Inputs; channel++)
            for (int row = 0; row < height; row++, image += width)
                new ReadOnlySpan<float>(image, width).CopyTo(new(framed + (channel * plane) + ((row + 1) * Stride) + 1, width));
    }

    /// <summary>Adds to the gradients of the parameters, and computes that of the image.</summary>
    /// <param name="image">What forward has read.</param>
    /// <param name="dy">The gradient of what it gave.</param>
    /// <param name="dx">Written.</param>
    public void Backward(float* image, float* dy, float* dx)
    {
        Take(image);
        int area = height * width;
        for (int o = 0; o < Outputs; o++, dy += 4 * area)
        {
            biasSums[o] += kernels.Sum(dy, 4 * area);
            for (int phase = 0; phase < Phases; phase++)
            {
                float* from = dy + ((phase >> 1) * 2 * width) + (phase & 1);
                float* to = framedGradient + (((phase * Outputs) + o) * plane) + Stride + 1;
                for (int row = 0; row < height; row++, from += 4 * width, to += Stride)
                    for (int column = 0; column < width; column++)
                        to[column] = from[2 * column];
            }
        }
        for (int phase = 0; phase < Phases; phase++)
            kernels.AddPlaneDots(framedGradient + ((long)phase * Outputs * plane) + Stride + 1, Outputs, plane, framed,
                taps + (phase * terms), terms, Pixels, dots + ((long)phase * Outputs * terms * kernels.Lanes));
        Product(turned, Inputs, Outputs * Kernel, framedGradient, tapsBack, null);
        for (int channel = 0; channel < Inputs; channel++)
            for (int row = 0; row < height; row++, dx += width)
                new ReadOnlySpan<float>(room + (channel * kernels.Padded(Pixels)) + (row * Stride), width).CopyTo(new(dx, width));
    }

    /// <summary>Moves sums to the vector of gradients.</summary>
    public void End()
    {
        NativeMemory.Clear(sums, (nuint)((long)Phases * Outputs * terms * sizeof(float)));
        kernels.TakeDots(dots, (long)Phases * Outputs * terms, sums);
        for (int phase = 0; phase < Phases; phase++)
            for (int tap = 0; tap < Taps; tap++)
                for (int i = 0; i < Inputs; i++)
                    for (int o = 0; o < Outputs; o++)
                        weightGradient[(((long)i * Outputs) + o) * Kernel + At(phase, tap).Place] +=
                            sums[((((long)phase * Outputs) + o) * terms) + (i * Taps) + tap];
        kernels.Add(biasGradient, biasSums, biasGradient, Outputs);
    }

    void Product(float* a, int rows, int depth, float* b, int* offsets, float* rowBias) => kernels.Product(new()
    {
        A = a,
        RowStride = depth,
        DepthStride = 1,
        Rows = rows,
        Columns = Pixels,
        Depth = depth,
        B = b,
        Offsets = offsets,
        PanelStride = kernels.PanelWidth,
        C = room,
        CStride = kernels.Padded(Pixels),
        RowBias = rowBias,
    });
}
