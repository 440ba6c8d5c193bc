using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace MLNet.Pruning.Plans.Kernels;

/// <summary>
/// The sparse product of a single row: the eight outputs of a group are the lanes. The sums are those of
/// <see cref="SparseProduct{TVectors,TVector}"/> term by term, so a row has the same bits alone and among others.
/// </summary>
static unsafe class SparseRow
{
    /// <param name="places">From the matrix: the place of each weight's input relative to <paramref name="x"/>.</param>
    /// <param name="y">[outputs]; written.</param>
    /// <param name="gather">Whether to load eight inputs by one gather instruction, if the machine has one.</param>
    public static void Multiply(SparseMatrix matrix, int* places, float* x, float* y, bool gather)
    {
        if (gather && Avx2.IsSupported)
            Gathered(matrix, places, x, y);
        else
            OneByOne(matrix, places, x, y);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Gathered(SparseMatrix matrix, int* places, float* x, float* y)
    {
        float* values = matrix.Values, sums = stackalloc float[SparseMatrix.Group];
        for (int g = 0; g < matrix.Groups; g++)
        {
            var sum = Vector256.Load(matrix.Bias + (g * SparseMatrix.Group));
            int end = matrix.Starts[g + 1];
            for (nint k = matrix.Starts[g]; k < end; k += SparseMatrix.Group)
                sum = Vectors256.MultiplyAdd(Vector256.Load(values + k),
                    Avx2.GatherVector256(x, Vector256.Load(places + k), sizeof(float)), sum);
            Vector256.Store(sum, sums);
            Scatter(matrix, g, sums, y);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void OneByOne(SparseMatrix matrix, int* places, float* x, float* y)
    {
        float* values = matrix.Values, sums = stackalloc float[SparseMatrix.Group];
        for (int g = 0; g < matrix.Groups; g++)
        {
            float* bias = matrix.Bias + (g * SparseMatrix.Group);
            var (low, high) = (Vector128.Load(bias), Vector128.Load(bias + 4));
            int end = matrix.Starts[g + 1];
            for (nint k = matrix.Starts[g]; k < end; k += SparseMatrix.Group)
            {
                int* place = places + k;
                var a = Vector128.Create(x[place[0]], x[place[1]], x[place[2]], x[place[3]]);
                var b = Vector128.Create(x[place[4]], x[place[5]], x[place[6]], x[place[7]]);
                low = Vectors128.MultiplyAdd(Vector128.Load(values + k), a, low);
                high = Vectors128.MultiplyAdd(Vector128.Load(values + k + 4), b, high);
            }
            Vector128.Store(low, sums);
            Vector128.Store(high, sums + 4);
            Scatter(matrix, g, sums, y);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Scatter(SparseMatrix matrix, int group, float* sums, float* y)
    {
        int first = group * SparseMatrix.Group, count = Math.Min(SparseMatrix.Group, matrix.Outputs - first);
        int* order = matrix.Order + first;
        for (int i = 0; i < count; i++)
            y[order[i]] = sums[i];
    }
}
