using System.Runtime.InteropServices;
using MLNet.Pruning.Plans.Kernels;
using MLNet.Pruning.Plans.Steps;

namespace MLNet.Pruning.Training;

/// <summary>
/// A transposed 4x4 convolution that doubles height and width, forward and backward, one image at a time. Each of the four phases of its
/// result (even or odd rows and columns) is a convolution with 2x2 taps.
/// </summary>
sealed unsafe class PlannedDeconvolution
{
    const int Taps = ImagePhases.Taps, Kernel = ImagePhases.Kernel;

    readonly KernelSet kernels;
    readonly ImageFrame frame, gradientFrame; // the second of one phase
    readonly int terms;
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
        (this.kernels, Name) = (kernels, name);
        (Inputs, Outputs) = (of.Size($"{name}.weight", 0), of.Size($"{name}.weight", 1));
        weight = of.Value($"{name}.weight");
        weightGradient = of.Gradient($"{name}.weight");
        bias = of.Value($"{name}.bias");
        biasGradient = of.Gradient($"{name}.bias");
        frame = new ImageFrame(Inputs, height, width).ForWholeVectors(kernels.Lanes);
        gradientFrame = frame with { Channels = Outputs };
        terms = ((Inputs * Taps) + 2) / 3 * 3; // as the kernel of gradients wants them; those behind the last are not used
        packed = memory.Numbers((long)Inputs * Outputs * Kernel);
        turned = memory.Numbers((long)Inputs * Outputs * Kernel);
        framed = memory.Numbers(frame.Length);
        framedGradient = memory.Numbers((long)ImagePhases.Count * gradientFrame.Length);
        dots = memory.Numbers((long)ImagePhases.Count * Outputs * terms * kernels.Lanes);
        sums = memory.Numbers((long)ImagePhases.Count * Outputs * terms);
        biasSums = memory.Numbers(Outputs);
        room = memory.Numbers(Math.Max(Inputs, Outputs) * (long)Plane);
        taps = (int*)memory.Numbers((long)ImagePhases.Count * terms);
        tapsBack = (int*)memory.Numbers((long)Outputs * Kernel);
        for (int phase = 0; phase < ImagePhases.Count; phase++)
        {
            for (int i = 0; i < Inputs * Taps; i++)
            {
                var (down, right, _) = ImagePhases.Tap(phase, i % Taps);
                taps[(phase * terms) + i] = frame.At(i / Taps, down, right);
            }
            for (int o = 0; o < Outputs * Taps; o++)
            {
                var (down, right, _) = ImagePhases.Tap(phase, o % Taps);
                tapsBack[(phase * Outputs * Taps) + o] = (phase * gradientFrame.Length) + gradientFrame.At(o / Taps, -down, -right);
            }
        }
    }

    public string Name { get; }

    public int Inputs { get; }

    public int Outputs { get; }

    int Plane => kernels.Padded(frame.Lanes);

    /// <summary>Takes the parameters as they are now.</summary>
    public void Begin()
    {
        for (int phase = 0; phase < ImagePhases.Count; phase++)
        {
            for (int tap = 0; tap < Taps; tap++)
            {
                int place = ImagePhases.Tap(phase, tap).Weight;
                for (int i = 0; i < Inputs; i++)
                {
                    for (int o = 0; o < Outputs; o++)
                    {
                        float value = weight[(((long)i * Outputs) + o) * Kernel + place];
                        packed[((((long)phase * Outputs) + o) * Inputs + i) * Taps + tap] = value;
                        turned[((((long)i * ImagePhases.Count) + phase) * Outputs + o) * Taps + tap] = value;
                    }
                }
            }
        }
        NativeMemory.Clear(biasSums, (nuint)(Outputs * sizeof(float)));
    }

    /// <summary>[inputs][height][width] -> [outputs][2 height][2 width]</summary>
    public void Forward(float* image, float* y)
    {
        frame.Fill(image, framed);
        for (int phase = 0; phase < ImagePhases.Count; phase++)
        {
            kernels.ProductOfTaps(packed + ((long)phase * Outputs * Inputs * Taps), Outputs, Inputs * Taps, framed, taps + (phase * terms),
                frame.Lanes, room, Plane, bias);
            ImagePhases.Interleave(frame, phase, room, Plane, Outputs, y);
        }
    }

    /// <summary>Adds to the gradients of the parameters, and computes that of the image.</summary>
    /// <param name="image">What forward has read.</param>
    /// <param name="dy">The gradient of what it gave.</param>
    /// <param name="dx">Written.</param>
    public void Backward(float* image, float* dy, float* dx)
    {
        frame.Fill(image, framed);
        for (int phase = 0; phase < ImagePhases.Count; phase++)
        {
            float* of = framedGradient + ((long)phase * gradientFrame.Length), first = of + gradientFrame.At(0, 0, 0);
            ImagePhases.Separate(gradientFrame, phase, dy, of);
            kernels.AddPlaneDots(first, Outputs, gradientFrame.Plane, framed, taps + (phase * terms), terms, frame.Lanes,
                dots + ((long)phase * Outputs * terms * kernels.Lanes));
            kernels.AddLanes(first, frame.Lanes, Outputs, gradientFrame.Plane, biasSums);
        }
        kernels.ProductOfTaps(turned, Inputs, Outputs * Kernel, framedGradient, tapsBack, frame.Lanes, room, Plane, null);
        frame.Read(room, Plane, dx);
    }

    /// <summary>Moves sums to the vector of gradients.</summary>
    public void End()
    {
        NativeMemory.Clear(sums, (nuint)((long)ImagePhases.Count * Outputs * terms * sizeof(float)));
        kernels.TakeDots(dots, (long)ImagePhases.Count * Outputs * terms, sums);
        for (int phase = 0; phase < ImagePhases.Count; phase++)
            for (int tap = 0; tap < Taps; tap++)
                for (int i = 0; i < Inputs; i++)
                    for (int o = 0; o < Outputs; o++)
                        weightGradient[(((long)i * Outputs) + o) * Kernel + ImagePhases.Tap(phase, tap).Weight] +=
                            sums[((((long)phase * Outputs) + o) * terms) + (i * Taps) + tap];
        kernels.Add(biasGradient, biasSums, biasGradient, Outputs);
    }
}
