using Microsoft.ML.Transforms;
using MLNet.Pruning;
using MLNet.Pruning.Onnx;
using MLNet.Pruning.Persistence;
using MLNet.Pruning.Plans;

namespace Microsoft.ML;

/// <summary>Trained models as ONNX files.</summary>
public static class OnnxExtensions
{
    /// <summary>
    /// Writes a trained model as an ONNX file, of operator set 17: from the column that the pipeline reads, merging of tokens included, to
    /// <c>Score</c> and <c>PredictedLabel</c>, or to an autoencoder's columns, for any number of rows. Steps that map labels are left out;
    /// other steps are refused by name.
    /// </summary>
    /// <param name="catalog"><c>mlContext.Model</c>.</param>
    /// <param name="model">The fitted or loaded pipeline, or one of its transformers.</param>
    /// <param name="path">The file; written whole or not at all.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <param name="checkWith">Rows on which ONNX Runtime's scores are compared with ours, the first thousand of them; null for none.</param>
    /// <exception cref="NotSupportedException">The pipeline has a step that an ONNX file cannot have, or a module of your own that plans cannot compute.</exception>
    public static OnnxExport ExportOnnx(
        this ModelOperationsCatalog catalog, ITransformer model, string path, OnnxOptions? options = null, IDataView? checkWith = null)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        ArgumentNullException.ThrowIfNull(model);
        ArgumentException.ThrowIfNullOrEmpty(path);
        var onnx = Find(model);
        WholeFile.Write(path, stream => OnnxModel.Write(onnx, stream, options ?? new()));
        return Result(path, onnx, model, options, checkWith);
    }

    /// <summary>Writes a trained model as ONNX into a stream.</summary>
    /// <param name="catalog"><c>mlContext.Model</c>.</param>
    /// <param name="model">The fitted or loaded pipeline, or one of its transformers.</param>
    /// <param name="stream">Where to; left open.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <param name="checkWith">Rows on which ONNX Runtime's scores are compared with ours, the first thousand of them; null for none.</param>
    /// <exception cref="NotSupportedException">The pipeline has a step that an ONNX file cannot have, or a module of your own that plans cannot compute.</exception>
    public static OnnxExport ExportOnnx(
        this ModelOperationsCatalog catalog, ITransformer model, Stream stream, OnnxOptions? options = null, IDataView? checkWith = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        string file = Path.GetTempFileName();
        try
        {
            var export = catalog.ExportOnnx(model, file, options, checkWith);
            using var written = File.OpenRead(file);
            written.CopyTo(stream);
            return export;
        }
        finally
        {
            File.Delete(file);
        }
    }

    static OnnxExport Result(string path, OnnxModel onnx, ITransformer model, OnnxOptions? options, IDataView? data)
    {
        long bytes = new FileInfo(path).Length;
        return data is not null && options?.Part != OnnxPart.Decoder && OnnxCheck.Compare(path, model, data, onnx.Input) is var (rows, difference)
            ? new(bytes, rows, rows == 0 ? null : difference)
            : new(bytes, 0, null);
    }

    static OnnxModel Find(ITransformer model)
    {
        var steps = Flat(model).ToArray();
        if (steps.FirstOrDefault(step => step is not (PrunedTransformer or TokenMergingTransformer or ValueToKeyMappingTransformer or KeyToValueMappingTransformer)) is { } other)
            throw new NotSupportedException($"The pipeline has a {other.GetType().Name}; ONNX files are written of MergeTokens and one trained model. Export these by themselves, and do in front of the file what the rest does.");
        var trained = steps.OfType<PrunedTransformer>().ToArray();
        var mergings = steps.OfType<TokenMergingTransformer>().ToArray();
        if (trained.Length == 0 && mergings is [var alone])
            return new(null, new NetworkWeights(), alone.InputColumnName, [], alone.Grid, alone.Grid.Count - alone.Survivors, alone.OutputColumnName);
        if (trained is not [var network])
            throw new NotSupportedException($"The pipeline has {trained.Length} trained models; an ONNX file is of one.");
        var (description, weights) = network.Describe();
        if (network is PrunedVaeTransformer vae)
            return new(description, weights, vae.InputColumnName, []);
        var classifier = (PrunedModelTransformer)network;
        string[] labels = classifier.Labels.Values?.Names.Select(name => name.ToString()).ToArray() ?? [];
        var merging = mergings.LastOrDefault(step => step.OutputColumnName == classifier.FeatureColumnName);
        return merging is null
            ? new(description, weights, classifier.FeatureColumnName, labels)
            : new(description, weights, merging.InputColumnName, labels, merging.Grid, merging.Grid.Count - merging.Survivors);
    }

    static IEnumerable<ITransformer> Flat(ITransformer model) => model is IEnumerable<ITransformer> chain ? chain.SelectMany(Flat) : [model];
}
