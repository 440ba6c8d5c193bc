using MLNet.Pruning.Plans;

namespace MLNet.Pruning.Models;

/// <summary>Compares values with what they are expected to be.</summary>
static class ValueMatch
{
    // How many numbers of an example are compared before all are.
    const int Looks = 48;

    const double Estimated = 1e-4, Computed = 2e-6;

    /// <summary>The identity function.</summary>
    public static readonly TracedFunction Itself = new(GraphOperation.Reshape, 0, x => x, x => x, IsExact: true);

    /// <summary>Whether a sample of a value's numbers is close to the expected ones.</summary>
    public static bool IsLikely(TracedValue value, Func<int, int, double> expected)
    {
        for (int e = 0; e < value.Rows.Length; e++)
        {
            var rows = value.Rows[e];
            int step = Math.Max(1, rows.Length / Looks);
            for (int i = 0; i < rows.Length; i += step)
            {
                if (!(Math.Abs(expected(e, i) - rows[i]) <= Estimated * Math.Max(1, Math.Abs(rows[i]))))
                    return false;
            }
        }
        return true;
    }

    /// <summary>Whether all numbers agree: bit for bit, or up to rounding if their last bits depend on their position.</summary>
    public static bool Agrees(TracedValue found, TracedValue value, bool isExact)
    {
        if (found.Count != value.Count)
            return false;
        for (int e = 0; e < value.Rows.Length; e++)
        {
            var (a, b) = (found.Rows[e], value.Rows[e]);
            if (isExact ? !a.AsSpan().SequenceEqual(b) : a
                .Where((x, i) => !(Math.Abs(x - b[i]) <= Computed * Math.Max(1, Math.Abs(b[i])))).Any())
                return false;
        }
        return true;
    }

    public static float Pair(GraphOperation operation, float a, float b) => operation == GraphOperation.Add ? a + b : a * b;

    public static TracedValue Pair(GraphOperation operation, TracedValue a, TracedValue b) =>
        new(a.Shape, [.. a.Rows.Zip(b.Rows, (x, y) => x.Zip(y, (u, v) => Pair(operation, u, v)).ToArray())]);

    /// <summary>[channels, height, width] times [channels].</summary>
    public static TracedValue Gated(TracedValue image, TracedValue gates)
    {
        int plane = image.Count / gates.Count;
        return new(image.Shape, [.. image.Rows.Zip(gates.Rows, (x, g) => x.Select((v, i) => v * g[i / plane]).ToArray())]);
    }

    /// <summary>Whether each row of a value contains the row of a part at this offset.</summary>
    public static bool IsSlice(TracedValue part, TracedValue value, int offset)
    {
        for (int e = 0; e < value.Rows.Length; e++)
        {
            for (int row = 0; row < value.Rows[e].Length / value.Count; row++)
            {
                var a = part.Rows[e].AsSpan(row * part.Count, part.Count);
                var b = value.Rows[e].AsSpan((row * value.Count) + offset, part.Count);
                for (int i = 0; i < a.Length; i++)
                {
                    if (!(Math.Abs(a[i] - b[i]) <= Computed * Math.Max(1, Math.Abs(b[i]))))
                        return false;
                }
            }
        }
        return true;
    }

    /// <summary>An array whose dimensions of 1 are repeated to a shape; null if that is not possible.</summary>
    public static float[]? Repeated(int[] from, float[] values, IReadOnlyList<int> shape)
    {
        int missing = shape.Count - from.Length;
        if (missing < 0 && from[..-missing].Any(size => size != 1))
            return null;
        int[] sizes = missing >= 0 ? [.. Enumerable.Repeat(1, missing), .. from] : from[-missing..];
        if (sizes.Where((size, d) => size != 1 && size != shape[d]).Any())
            return null;
        var row = new float[shape.Aggregate(1, (product, size) => product * size)];
        for (int i = 0; i < row.Length; i++)
        {
            int at = 0, stride = 1, rest = i;
            for (int d = sizes.Length - 1; d >= 0; d--)
            {
                at += sizes[d] == 1 ? 0 : rest % shape[d] * stride;
                stride *= sizes[d];
                rest /= shape[d];
            }
            row[i] = values[at];
        }
        return row;
    }
}
