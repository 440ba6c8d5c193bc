using Microsoft.ML;
using Microsoft.ML.Data;

namespace MLNet.Pruning.Tool;

/// <summary>Grey pictures of 28 x 28 pixels in ten classes: real ones where they are at hand, drawn digits otherwise.</summary>
/// <param name="Name">What the pictures are.</param>
/// <param name="Train">Those to learn from.</param>
/// <param name="Test">Those to test with.</param>
/// <param name="Classes">The names of the classes, by label.</param>
internal sealed record QuickstartData(string Name, IDataView Train, IDataView Test, IReadOnlyList<string> Classes)
{
    /// <summary>Where Debian's package dataset-fashion-mnist puts Fashion-MNIST.</summary>
    internal const string Fashion = "/usr/share/datasets/fashion-mnist";

    static readonly string[] digits = [.. Enumerable.Range(0, 10).Select(digit => $"{digit}")];

    /// <summary>Loads pictures.</summary>
    /// <param name="mlContext">The context.</param>
    /// <param name="mnist">A folder with MNIST's files; null for what is at hand.</param>
    /// <param name="drawn">Whether to draw digits even where Fashion-MNIST is at hand.</param>
    /// <param name="train">How many pictures to train on; null for all, or for 110,000 drawn ones.</param>
    /// <param name="test">How many to test with; null for all, or for 3,000 drawn ones.</param>
    /// <param name="seed">The seed of drawn digits.</param>
    internal static QuickstartData Load(MLContext mlContext, string? mnist, bool drawn, int? train, int? test, int seed)
    {
        if (mnist is not null)
        {
            return new($"MNIST in {mnist}", Take(mlContext, mlContext.Data.LoadMnist(mnist), train),
                Take(mlContext, mlContext.Data.LoadMnist(mnist, DatasetSplit.Test), test), digits);
        }
        if (!drawn && Directory.Exists(Fashion))
        {
            var all = mlContext.Data.LoadFashionMnist(Fashion);
            var names = all.GetColumn<uint>("Label").Zip(all.GetColumn<string>("ClassName")).DistinctBy(pair => pair.First)
                .OrderBy(pair => pair.First).Select(pair => pair.Second);
            return new("Fashion-MNIST, photos of clothes", Take(mlContext, Numbers(all), train),
                Take(mlContext, Numbers(mlContext.Data.LoadFashionMnist(Fashion, DatasetSplit.Test)), test), [.. names]);
        }
        return new("drawn digits", mlContext.Data.SynthesizeDigits(train ?? 110_000, seed),
            mlContext.Data.SynthesizeDigits(test ?? 3_000, seed + 1), digits);

        IDataView Numbers(IDataView view) => mlContext.Transforms.SelectColumns("Label", "Pixels").Fit(view).Transform(view);
    }

    // A view that was cut short does not know its number of rows.
    internal static long Rows(IDataView pictures) => pictures.GetRowCount() ?? pictures.GetColumn<uint>("Label").LongCount();

    static IDataView Take(MLContext mlContext, IDataView pictures, int? count) =>
        count is { } n && n < pictures.GetRowCount() ? mlContext.Data.TakeRows(pictures, n) : pictures;
}
