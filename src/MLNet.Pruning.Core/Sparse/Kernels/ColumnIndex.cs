using System.Runtime.CompilerServices;

namespace MLNet.Pruning.Sparse.Kernels;

static unsafe class ColumnIndex
{
    /// <summary>A column's number, kept in two bytes or in four.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint Of<TIndex>(TIndex* at)
        where TIndex : unmanaged => sizeof(TIndex) == sizeof(ushort) ? *(ushort*)at : *(int*)at;
}
