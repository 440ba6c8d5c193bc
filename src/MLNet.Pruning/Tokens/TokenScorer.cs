using MLNet.Pruning.Scoring;
using MLNet.Pruning.Tokens;

namespace MLNet.Pruning;

/// <summary>Merges the patches of rows of images, on as many threads as pay: tokens, sizes and sources of a row one after the other.</summary>
sealed unsafe class TokenScorer(TokenColumns columns) : IRowScorer
{
    readonly TokenMerging merging = new(columns.Grid, columns.Merge);

    public void Score(ReadOnlySpan<float> features, int rows, Span<float> output)
    {
        int values = columns.Grid.ImageValues, numbers = columns.RowNumbers;
        ArgumentOutOfRangeException.ThrowIfNotEqual(features.Length, rows * values);
        ArgumentOutOfRangeException.ThrowIfNotEqual(output.Length, rows * numbers);
        fixed (float* images = features, results = output)
        {
            var (from, to) = ((nint)images, (nint)results);
            merging.ForEach(rows, threads: 0, (worker, row) =>
            {
                float* tokens = (float*)to + ((long)row * numbers), sizes = tokens + (columns.Survivors * columns.Grid.TokenWidth), sources = sizes + columns.Survivors;
                foreach (int source in worker.Merge((float*)from + ((long)row * values), tokens, sizes))
                    *sources++ = source;
            });
        }
    }
}
