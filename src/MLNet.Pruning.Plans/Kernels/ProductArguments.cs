namespace MLNet.Pruning.Plans.Kernels;

/// <summary>
/// C[m, n] = column bias[n] + sum over k of A(k, m) B[k, n], + row bias[m] + residual[m, n]: a linear layer over rows (A the rows, B
/// packed weights), the same over
/// lanes (A packed weights, B lanes of tokens), a convolution (B the taps of an image), and both products of attention.
/// </summary>
unsafe struct ProductArguments
{
    /// <summary>A(k, m) stands at A + m * RowStride + k * DepthStride.</summary>
    public float* A;

    public nint RowStride, DepthStride;

    /// <summary>m, n and k each run from 0 to these.</summary>
    public int Rows, Columns, Depth;

    /// <summary>
    /// B lies in panels of two vectors' columns; a vector that is left over makes the last panel one of three. B[k, n] stands k * BStride
    /// (in a panel of three k * TripleStride), or Offsets[k] where there are any, behind the start of its panel.
    /// </summary>
    public float* B;

    public nint BStride, TripleStride, PanelStride;

    public int* Offsets;

    /// <summary>
    /// Where rows of zeros are left out: the k of the rows of each panel, one panel's behind the other's, and where each panel's begin.
    /// Such
    /// a panel has <see cref="DenseProduct{TVectors,TVector}.BlockWidth"/> columns, and B has the rows in the same order.
    /// </summary>
    public int* PanelDepths, PanelStarts;

    /// <summary>Rows of B before k = 0: those of earlier parts of the sums.</summary>
    public int Done;

    /// <summary>Rows of C; whole vectors are written, so that a row needs room for its columns rounded up.</summary>
    public float* C;

    public nint CStride;

    /// <summary>A number a column, a number a row, and a matrix whose rows lie like C's, or C itself; each may be null.</summary>
    public float* ColumnBias, RowBias, Residual;
}
