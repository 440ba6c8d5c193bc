using System.Runtime.CompilerServices;

namespace MLNet.Pruning.Plans.Kernels;

/// <summary>Iterates over the rows of B.</summary>
unsafe interface IRowCursor<TSelf>
{
    /// <summary>Whether rows are skipped; <see cref="Depth"/> is then the k of a row.</summary>
    static abstract bool Skips { get; }

    /// <summary>Starts a panel whose rows have this distance.</summary>
    static abstract TSelf Of(in ProductArguments p, int panel, nint stride);

    static abstract int Count(in ProductArguments p, int panel);

    /// <summary>The k of the next row, if rows are skipped.</summary>
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

/// <summary>Rows at listed offsets.</summary>
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

/// <summary>Rows at equal distances, without those that are zero in all columns of the panel.</summary>
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
