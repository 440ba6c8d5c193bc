using System.Runtime.CompilerServices;

namespace MLNet.Pruning.Plans.Kernels;

/// <summary>Gives the rows of B one after the other.</summary>
unsafe interface IRowCursor<TSelf>
{
    /// <summary>Whether rows are left out, and which k a row belongs to is in <see cref="Depth"/>.</summary>
    static abstract bool Skips { get; }

    /// <summary>Begins a panel, in which rows are so far apart.</summary>
    static abstract TSelf Of(in ProductArguments p, int panel, nint stride);

    /// <summary>How many rows there are.</summary>
    static abstract int Count(in ProductArguments p, int panel);

    /// <summary>The k of the next row, where some are left out.</summary>
    int Depth { get; }

    float* Next();
}

/// <summary>Rows at equal distances.</summary>
unsafe struct StridedRows(float* first, nint stride) : IRowCursor<StridedRows>
{
    float* at = first;

    public static bool Skips => false;

    public readonly int Depth => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static StridedRows Of(in ProductArguments p, int panel, nint stride) =>
        new(p.B + (panel * p.PanelStride) + (p.Done * stride), stride);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Count(in ProductArguments p, int panel) => p.Depth;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float* Next()
    {
        float* now = at;
        at += stride;
        return now;
    }
}

/// <summary>Rows that lie as a list says.</summary>
unsafe struct ScatteredRows(float* origin, int* offsets) : IRowCursor<ScatteredRows>
{
    int* next = offsets;

    public static bool Skips => false;

    public readonly int Depth => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScatteredRows Of(in ProductArguments p, int panel, nint stride) =>
        new(p.B + (panel * p.PanelStride), p.Offsets + p.Done);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Count(in ProductArguments p, int panel) => p.Depth;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float* Next() => origin + *next++;
}

/// <summary>Rows at equal distances, without those that have zeros in all of the panel's columns.</summary>
unsafe struct SkippingRows(float* first, nint stride, int* depths) : IRowCursor<SkippingRows>
{
    float* at = first;
    int* next = depths;

    public static bool Skips => true;

    public readonly int Depth => *next;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SkippingRows Of(in ProductArguments p, int panel, nint stride) =>
        new(p.B + (p.PanelStarts[panel] * stride), stride, p.PanelDepths + p.PanelStarts[panel]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Count(in ProductArguments p, int panel) => p.PanelStarts[panel + 1] - p.PanelStarts[panel];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float* Next()
    {
        float* now = at;
        at += stride;
        next++;
        return now;
    }
}
