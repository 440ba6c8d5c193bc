using System.Runtime.CompilerServices;

namespace MLNet.Pruning.Plans.Kernels;

/// <summary>Gives the rows of B one after the other.</summary>
unsafe interface IRowCursor<TSelf>
{
    /// <summary>Begins so many numbers behind the first panel, in which rows are so far apart.</summary>
    static abstract TSelf Of(in ProductArguments p, nint behind, nint stride);

    float* Next();
}

/// <summary>Rows at equal distances.</summary>
unsafe struct StridedRows(float* first, nint stride) : IRowCursor<StridedRows>
{
    float* at = first;

    public static StridedRows Of(in ProductArguments p, nint behind, nint stride) => new(p.B + behind + (p.Done * stride), stride);

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

    public static ScatteredRows Of(in ProductArguments p, nint behind, nint stride) => new(p.B + behind, p.Offsets + p.Done);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float* Next() => origin + *next++;
}
