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
            // A prediction engine's: nothing is allocated.
            if (rows == 1)
            {
                var worker = merging.Take();
                Merge(worker, images, results);
                merging.Give(worker);
                return;
            }
            var (from, to) = ((nint)images, (nint)results);
            merging.ForEach(rows, threads: 0, (worker, row) => Merge(worker, (float*)from + ((long)row * values), (float*)to + ((long)row * numbers)));
        }
    }

    void Merge(TokenMerging.Worker worker, float* image, float* tokens)
    {
        float* sizes = tokens + (columns.Survivors * columns.Grid.TokenWidth), sources = sizes + columns.Survivors;
        foreach (int source in worker.Merge(image, tokens, sizes))
            *sources++ = source;
    }
}
