using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace MLNet.Pruning.Plans.Graphs;

/// <summary>
/// An image with zeros around it, cut by the remainders of rows and columns: where windows are some pixels apart, each of their taps is then an
/// image of neighbours. Only the remainders that a window looks at are kept.
/// </summary>
sealed unsafe class PhaseFrame
{
    readonly ValueLayout image;
    readonly int[] padding, stride;
    readonly int[][] phases;
    readonly int rows;

    /// <param name="image">How the image lies.</param>
    /// <param name="padding">Zeros above and to the left.</param>
    /// <param name="stride">Pixels from window to window.</param>
    /// <param name="taps">The windows' rows and columns, from the padding on.</param>
    /// <param name="rows">Rows of a phase.</param>
    /// <param name="rowStride">Numbers from one row to the next.</param>
    public PhaseFrame(ValueLayout image, int[] padding, int[] stride, int[][] taps, int rows, int rowStride)
    {
        (this.image, this.padding, this.stride, this.rows, RowStride) = (image, padding, stride, rows, rowStride);
        phases = [.. taps.Select((list, d) => list.Select(tap => tap % stride[d]).Distinct().Order().ToArray())];
    }

    public int RowStride { get; }

    /// <summary>Numbers of a channel.</summary>
    public int ChannelStride => checked(phases[0].Length * phases[1].Length * rows * RowStride);

    /// <summary>Numbers of all channels.</summary>
    public long Length => ((long)image.Planes * ChannelStride) + 64;

    /// <summary>Where a tap's image begins in a channel.</summary>
    public int At(int y, int x)
    {
        int phase = (Array.IndexOf(phases[0], y % stride[0]) * phases[1].Length) + Array.IndexOf(phases[1], x % stride[1]);
        return (((phase * rows) + (y / stride[0])) * RowStride) + (x / stride[1]);
    }

    /// <summary>Copies an image inside.</summary>
    public void Fill(float* from, float* to)
    {
        for (int channel = 0; channel < image.Planes; channel++, from += image.PlaneStride)
        {
            foreach (int py in phases[0])
            {
                foreach (int px in phases[1])
                {
                    for (int row = 0; row < rows; row++, to += RowStride)
                        FillRow(from, (row * stride[0]) + py - padding[0], px, to);
                }
            }
        }
    }

    void FillRow(float* from, int y, int px, float* to)
    {
        if (y < 0 || y >= image.Height)
        {
            new Span<float>(to, RowStride).Clear();
            return;
        }
        int step = stride[1], offset = px - padding[1];
        // The columns that lie inside the image.
        int first = Math.Min(RowStride, offset < 0 ? (-offset + step - 1) / step : 0);
        int end = offset < image.Width ? Math.Clamp(((image.Width - 1 - offset) / step) + 1, first, RowStride) : first;
        new Span<float>(to, first).Clear();
        float* source = from + ((nint)y * image.LineStride) + offset;
        if (step == 1)
            new ReadOnlySpan<float>(source + first, end - first).CopyTo(new(to + first, end - first));
        else
            Gather(source, step, to, first, end);
        new Span<float>(to + end, RowStride - end).Clear();
    }

    static void Gather(float* source, int step, float* to, int first, int end)
    {
        int x = first;
        if (step == 2 && Sse.IsSupported)
        {
            // The last vector would end one number behind the last that is wanted.
            for (; x < end - 4; x += 4)
                Vector128.Store(Sse.Shuffle(Vector128.Load(source + (2 * x)), Vector128.Load(source + (2 * x) + 4), 0b10_00_10_00), to + x);
        }
        for (; x < end; x++)
            to[x] = source[x * step];
    }
}
