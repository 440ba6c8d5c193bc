using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace MLNet.Pruning.Plans.Graphs;

/// <summary>
/// An image with zeros around it, divided into phases by the remainders of rows and columns modulo the stride: each tap of windows with a
/// stride is then an image of adjacent pixels. Only the phases that a window uses are stored.
/// </summary>
sealed unsafe class PhaseFrame
{
    readonly ValueLayout image;
    readonly int[] padding, stride;
    readonly int[][] phases;
    readonly int rows;

    /// <param name="padding">Zeros above and to the left.</param>
    /// <param name="taps">The windows' rows and columns, from the padding on.</param>
    public PhaseFrame(ValueLayout image, int[] padding, int[] stride, int[][] taps, int rows, int rowStride)
    {
        (this.image, this.padding, this.stride, this.rows, RowStride) = (image, padding, stride, rows, rowStride);
        phases = [.. taps.Select((list, d) => list.Select(tap => tap % stride[d]).Distinct().Order().ToArray())];
    }

    public int RowStride { get; }

    /// <summary>The size of a channel.</summary>
    public int ChannelStride => checked(phases[0].Length * phases[1].Length * rows * RowStride);

    /// <summary>The size of all channels.</summary>
    public long Length => ((long)image.Planes * ChannelStride) + 64;

    /// <summary>The offset of a tap's image in a channel.</summary>
    public int At(int y, int x)
    {
        int phase = (Array.IndexOf(phases[0], y % stride[0]) * phases[1].Length) + Array.IndexOf(phases[1], x % stride[1]);
        return (((phase * rows) + (y / stride[0])) * RowStride) + (x / stride[1]);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Fill(float* from, float* to)
    {
        for (int channel = 0; channel < image.Planes; channel++, from += image.PlaneStride)
        {
            foreach (int py in phases[0])
            {
                foreach (int px in phases[1])
                {
                    // The columns of this phase that are inside the image, and the first of them.
                    int step = stride[1], offset = px - padding[1];
                    int first = Math.Min(RowStride, offset < 0 ? (-offset + step - 1) / step : 0);
                    int end = offset < image.Width ? Math.Clamp(((image.Width - 1 - offset) / step) + 1, first, RowStride) : first;
                    int y = py - padding[0];
                    for (int row = 0; row < rows; row++, y += stride[0], to += RowStride)
                    {
                        if (y < 0 || y >= image.Height)
                        {
                            Zeros(to, RowStride);
                            continue;
                        }
                        for (int x = 0; x < first; x++)
                            to[x] = 0;
                        Gather(from + ((nint)y * image.LineStride) + offset, step, to, first, end);
                        for (int x = end; x < RowStride; x++)
                            to[x] = 0;
                    }
                }
            }
        }
    }

    /// <summary>
    /// Copies every number or every second one. It may write up to a vector past the end, where the next row or reserved memory follows.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Gather(float* source, int step, float* to, int first, int end)
    {
        int x = first;
        if (step == 1)
        {
            for (; x < end; x += Vector256<float>.Count)
                Vector256.Store(Vector256.Load(source + x), to + x);
        }
        else if (step == 2 && Avx2.IsSupported)
        {
            for (; x < end; x += Vector256<float>.Count)
            {
                var pairs = Avx.Shuffle(Vector256.Load(source + (2 * x)), Vector256.Load(source + (2 * x) + 8), 0b10_00_10_00);
                Vector256.Store(Avx2.Permute4x64(pairs.AsDouble(), 0b11_01_10_00).AsSingle(), to + x);
            }
        }
        else if (step == 2 && Sse.IsSupported)
        {
            for (; x < end; x += Vector128<float>.Count)
                Vector128.Store(Sse.Shuffle(Vector128.Load(source + (2 * x)), Vector128.Load(source + (2 * x) + 4), 0b10_00_10_00), to + x);
        }
        for (; x < end; x++)
            to[x] = source[x * step];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Zeros(float* to, int count)
    {
        for (int x = 0; x < count; x += Vector256<float>.Count)
            Vector256.Store(Vector256<float>.Zero, to + x);
    }
}
