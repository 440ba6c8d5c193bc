using static TorchSharp.torch;

namespace MLNet.Pruning.Models;

/// <summary>
/// Positions of a square grid of patches for another grid, as timm resamples them: bicubic with a = -0.5, smoothed where the grid shrinks.
/// </summary>
static class PositionResampling
{
    /// <param name="places">[side x side, D], row by row</param>
    /// <param name="side">Rows and columns of the grid.</param>
    /// <param name="rows">Rows of the wanted grid.</param>
    /// <param name="columns">Columns of the wanted grid.</param>
    public static Tensor Resize(Tensor places, int side, int rows, int columns)
    {
        if (places.shape[0] == (long)rows * columns)
            return places;
        var width = places.shape[1];
        var resized = Bicubic(side, rows).matmul(places.reshape(side, -1)).reshape(rows, side, width);
        return Bicubic(side, columns).matmul(resized).reshape(-1, width);
    }

    /// <summary>[to, from]: the weights of the old rows in each new one.</summary>
    static Tensor Bicubic(int from, int to)
    {
        var weights = new float[to * from];
        var scale = (double)from / to;
        double wide = Math.Max(scale, 1), reach = 2 * wide;
        for (var i = 0; i < to; i++)
        {
            var center = scale * (i + 0.5);
            var first = Math.Max((int)(center - reach + 0.5), 0);
            var row = Enumerable.Range(first, Math.Min((int)(center + reach + 0.5), from) - first)
                .Select(j => Cubic(Math.Abs((j - center + 0.5) / wide))).ToArray();
            for (var j = 0; j < row.Length; j++)
                weights[(i * from) + first + j] = (float)(row[j] / row.Sum());
        }
        return tensor(weights, [to, from]);
    }

    static double Cubic(double x) => x < 1 ? (((1.5 * x) - 2.5) * x * x) + 1 : x < 2 ? (((((-0.5 * x) + 2.5) * x) - 4) * x) + 2 : 0;
}
