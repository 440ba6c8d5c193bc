namespace MLNet.Pruning.Plans.Kernels;

/// <summary>
/// C[m, n] = column bias[n] + sum over k of A(k, m) B[k, n], + row bias[m] + residual[m, n]. Used for a linear layer over rows (A the
/// rows, B packed weights), the same over lanes (A packed weights, B lanes of tokens), a convolution (B the taps of an image), and both
/// products of attention.
/// </summary>
unsafe struct ProductArguments
{
    /// <summary>A(k, m) is at A + m * RowStride + k * DepthStride.</summary>
    public float* A;

    public nint RowStride, DepthStride;

    /// <summary>The numbers of m, n and k.</summary>
    public int Rows, Columns, Depth;

    /// <summary>
    /// B is stored in panels of two vectors' columns; an odd vector makes the last panel three vectors wide. B[k, n] is at k * BStride (in
    /// a panel of three vectors, k * TripleStride), or at Offsets[k] if there are offsets, from the start of its panel.
    /// </summary>
    public float* B;

    public nint BStride, TripleStride, PanelStride;

    public int* Offsets;

    /// <summary>
    /// If rows of zeros are skipped: the k of the remaining rows of each panel, panel after panel, and where each panel's begin. Such a
    /// panel has <see cref="DenseProduct{TVectors,TVector}.BlockWidth"/> columns, and B has the rows in the same order.
    /// </summary>
    public int* PanelDepths, PanelStarts;

    /// <summary>Rows of B before k = 0, which belong to earlier parts of the sums.</summary>
    public int Done;

    /// <summary>Rows of C. Whole vectors are written, so a row needs room for its columns rounded up.</summary>
    public float* C;

    public nint CStride;

    /// <summary>One number per column, one per row, and a matrix with the layout of C, or C itself; each may be null.</summary>
    public float* ColumnBias, RowBias, Residual;
}
