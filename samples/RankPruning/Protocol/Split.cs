using Microsoft.ML;

namespace MLNet.Pruning.Samples.RankPruning.Protocol;

/// <summary>
/// Rows to learn from, rows to choose by, and rows to report. Validation rows are drawn from the training set, always the same ones. The
/// test set is read from its files when it is first asked for, which only <c>final</c> does.
/// </summary>
sealed class Split(ArrayExamples train, ArrayExamples validation, Func<ArrayExamples> test)
{
    const int Seed = 20_261_201;

    readonly Lazy<ArrayExamples> test = new(test);

    public ArrayExamples Train => train;

    public ArrayExamples Validation => validation;

    public ArrayExamples Test => test.Value;

    public static Split Of(Study study, string folder, long? rows, int validation)
    {
        var mlContext = new MLContext();
        var all = study.Load(mlContext, folder, DatasetSplit.Train);
        var (features, labels) = Read(rows is { } maximum ? mlContext.Data.TakeRows(all, maximum) : all, study.Shape);
        if (labels.Length <= validation)
            throw new ArgumentException($"{labels.Length} rows were read, of which {validation} are held out: none is left to learn from.");
        var order = Enumerable.Range(0, labels.Length).ToArray();
        new Random(Seed).Shuffle(order);
        return new(Some(order[validation..]), Some(order[..validation]), () =>
        {
            var (features, labels) = Read(study.Load(new MLContext(), folder, DatasetSplit.Test), study.Shape);
            return new(features, study.Shape, labels);
        });

        ArrayExamples Some(int[] chosen)
        {
            var size = features.Length / labels.Length;
            var some = new float[(long)chosen.Length * size];
            for (var i = 0; i < chosen.Length; i++)
                features.AsSpan(chosen[i] * size, size).CopyTo(some.AsSpan(i * size));
            return new(some, study.Shape, [.. chosen.Select(row => labels[row])]);
        }
    }

    static (float[] Features, int[] Labels) Read(IDataView data, IReadOnlyList<long> shape)
    {
        var examples = new LabelledImages(data, shape);
        var size = (int)shape.Aggregate(1L, (product, extent) => product * extent);
        var (features, labels) = (new List<float[]>(), new List<int>());
        using var reader = examples.Open();
        var row = new float[size];
        while (reader.Read(row, out var label))
        {
            features.Add([.. row]);
            labels.Add((int)label);
        }
        var all = new float[features.Count * size];
        for (var i = 0; i < features.Count; i++)
            features[i].CopyTo(all.AsSpan(i * size));
        return (all, [.. labels]);
    }
}
