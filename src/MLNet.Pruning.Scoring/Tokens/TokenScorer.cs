using MLNet.Pruning.Scoring;
using MLNet.Pruning.Tokens;

namespace MLNet.Pruning;

/// <summary>Merges the patches of rows of images, on as many threads as pay: tokens, sizes and sources of a row one after the other.</summary>
sealed unsafe class TokenScorer(TokenColumns columns) : IRowScorer
{
    readonly TokenMerging merging = new(columns.Grid, columns.Merge);

    public void Score(ReadOnlySpan<float> features, int rows, Span<float> output)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(features.Length, rows * columns.Grid.ImageValues);
        ArgumentOutOfRangeException.ThrowIfNotEqual(output.Length, rows * columns.RowNumbers);
        fixed (float* images = features, results = output)
        {
            if (rows == 1)
                MergeOne(images, results);
            else
                MergeMany(images, rows, results);
        }
    }

    // A prediction engine's: nothing is allocated.
    void MergeOne(float* image, float* result)
    {
        var worker = merging.Take();
        Merge(worker, image, result);
        merging.Give(worker);
    }

    void MergeMany(float* images, int rows, float* results)
    {
        int values = columns.Grid.ImageValues, numbers = columns.RowNumbers;
        merging.ForEach(rows, threads: 0, (worker, row) => Merge(worker, images + ((long)row * values), results + ((long)row * numbers)));
    }

    void Merge(TokenMerging.Worker worker, float* image, float* tokens)
    {
        float* sizes = tokens + (columns.Survivors * columns.Grid.TokenWidth), sources = sizes + columns.Survivors;
        foreach (int source in worker.Merge(image, tokens, sizes))
            *sources++ = source;
    }
}
