using MLNet.Pruning.Reporting;
using MLNet.Pruning.Tokens;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace MLNet.Pruning.Tool;

/// <summary>A classifier's answers to its test rows, for the page: how often it takes a class for another, and some rows drawn.</summary>
internal static class TestAnswers
{
    const int Drawn = 8, Scale = 4;

    /// <summary>Gathers the answers.</summary>
    /// <param name="model">The pipeline. Rows are drawn if it merges tokens of grey or coloured pictures.</param>
    /// <param name="scored">The test rows after the pipeline.</param>
    /// <param name="label">The column of true labels, a key.</param>
    /// <param name="metrics">ML.NET's metrics of the same rows.</param>
    /// <param name="classes">The names of the classes; null for those of the score's column.</param>
    internal static TestEvaluation Of(ITransformer model, IDataView scored, string label, MulticlassClassificationMetrics metrics,
        IReadOnlyList<string>? classes = null)
    {
        int count = metrics.ConfusionMatrix.NumberOfClasses;
        string[] names = [.. classes ?? Pipelines.SlotNames(scored.Schema["Score"])];
        return new()
        {
            Labels = names.Length == count ? names : [.. Enumerable.Range(0, count).Select(number => $"{number}")],
            Confusion = metrics.ConfusionMatrix.Counts,
            Examples = names.Length == count ? Examples(model, scored, label, names) : [],
        };
    }

    /// <summary>The first right answers and the first wrong ones.</summary>
    static List<TestExample> Examples(ITransformer model, IDataView scored, string label, string[] names)
    {
        var merging = Pipelines.Steps(model).OfType<TokenMergingTransformer>().FirstOrDefault();
        if (merging?.Grid.Channels is not (1 or 3))
            return [];
        var schema = scored.Schema;
        var (labels, scores, images) = (schema[label], schema["Score"], schema[merging.InputColumnName]);
        if (schema.GetColumnOrNull($"{merging.OutputColumnName}.Sources") is not { } sources)
            return [];
        using var cursor = scored.GetRowCursor([labels, scores, images, sources]);
        var (labelOf, scoreOf) = (cursor.GetGetter<uint>(labels), cursor.GetGetter<VBuffer<float>>(scores));
        var (imageOf, sourcesOf) = (cursor.GetGetter<VBuffer<float>>(images), cursor.GetGetter<VBuffer<int>>(sources));
        var (right, wrong) = (new List<TestExample>(), new List<TestExample>());
        while ((right.Count < Drawn || wrong.Count < Drawn) && cursor.MoveNext())
        {
            var (key, score, image, source) = (0u, default(VBuffer<float>), default(VBuffer<float>), default(VBuffer<int>));
            labelOf(ref key);
            scoreOf(ref score);
            float[] chances = [.. score.DenseValues()];
            int best = chances.IndexOf(chances.Max());
            var shown = best == (int)key - 1 ? right : wrong;
            if (key == 0 || shown.Count == Drawn)
                continue;
            imageOf(ref image);
            sourcesOf(ref source);
            float[] planes = [.. image.DenseValues()];
            float scale = planes.Max() > 2 ? 1f / 255 : 1;
            for (int i = 0; i < planes.Length; i++)
                planes[i] *= scale;
            var grid = merging.Grid;
            shown.Add(new(names[key - 1], names[best])
            {
                Probability = chances[best],
                Picture = Picture.FromPlanes(grid.Width, grid.Height, grid.Channels, planes).ToPng(),
                Tokens = TokenPicture.Draw(TokenAssignment.FromSources([.. source.DenseValues()]), grid, planes, Scale).ToPng(),
            });
        }
        return [.. right, .. wrong];
    }
}
