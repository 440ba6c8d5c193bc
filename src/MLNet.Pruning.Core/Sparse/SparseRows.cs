using System.Numerics;

namespace MLNet.Pruning.Sparse;

/// <summary>A matrix by its entries that are not zero, row by row: of a layer, a row for each neuron and a column for each input.</summary>
sealed class SparseRows
{
    /// <summary>From this many columns on, numbers of columns need four bytes instead of two.</summary>
    public const int NarrowColumns = 1 << 16;

    /// <param name="dense">The matrix, one row behind the other.</param>
    /// <param name="rows">Its rows.</param>
    /// <param name="columns">Its columns.</param>
    public SparseRows(ReadOnlySpan<float> dense, int rows, int columns)
    {
        if (dense.Length != (long)rows * columns)
            throw new ArgumentException($"There are {dense.Length} values for {rows} rows of {columns}.", nameof(dense));
        (Rows, Columns) = (rows, columns);
        var count = CountOn(dense);
        Starts = new int[rows + 1];
        Values = new float[count];
        NarrowIndices = columns <= NarrowColumns ? new ushort[count] : [];
        WideIndices = columns <= NarrowColumns ? [] : new int[count];
        var at = 0;
        for (var r = 0; r < rows; r++)
        {
            var row = dense.Slice(r * columns, columns);
            for (var c = 0; c < columns; c++)
            {
                if (row[c] == 0)
                    continue;
                Values[at] = row[c];
                if (columns <= NarrowColumns)
                    NarrowIndices[at] = (ushort)c;
                else
                    WideIndices[at] = c;
                at++;
            }
            Starts[r + 1] = at;
        }
    }

    public int Rows { get; }

    public int Columns { get; }

    /// <summary>Where each row begins among the entries, and behind the last where it ends.</summary>
    public int[] Starts { get; }

    public float[] Values { get; }

    /// <summary>The columns of the entries, ascending within a row; empty where there are too many columns.</summary>
    public ushort[] NarrowIndices { get; }

    /// <summary>The same where <see cref="NarrowIndices"/> is empty.</summary>
    public int[] WideIndices { get; }

    public int Count => Values.Length;

    /// <summary>Bytes held.</summary>
    public long Bytes => sizeof(int) * (long)Starts.Length + (sizeof(float) + (Columns <= NarrowColumns ? sizeof(ushort) : sizeof(int))) * (long)Count;

    /// <summary>Whether a dense matrix of this shape has these entries and no others.</summary>
    public bool AreOf(ReadOnlySpan<float> dense)
    {
        if (CountOn(dense) != Count)
            return false;
        for (var r = 0; r < Rows; r++)
            for (var n = Starts[r]; n < Starts[r + 1]; n++)
                if (dense[r * Columns + (Columns <= NarrowColumns ? NarrowIndices[n] : WideIndices[n])] != Values[n])
                    return false;
        return true;
    }

    /// <summary>How many values are not zero.</summary>
    public static int CountOn(ReadOnlySpan<float> values)
    {
        var zeros = Vector<int>.Zero;
        var i = 0;
        for (; i <= values.Length - Vector<float>.Count; i += Vector<float>.Count)
            zeros -= Vector.Equals(new Vector<float>(values[i..]), Vector<float>.Zero);
        var on = i - Vector.Sum(zeros);
        for (; i < values.Length; i++)
            on += values[i] != 0 ? 1 : 0;
        return on;
    }
}
