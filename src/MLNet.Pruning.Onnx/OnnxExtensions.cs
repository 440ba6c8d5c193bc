using MLNet.Pruning;
using MLNet.Pruning.Onnx;
using MLNet.Pruning.Persistence;
using MLNet.Pruning.Plans;
using MLNet.Pruning.Scoring;

namespace Microsoft.ML;

/// <summary>Exports trained models as ONNX files.</summary>
public static class OnnxExtensions
{
    const string Instead = "Export these by themselves, and do in front of the file what the rest does";

    /// <summary>
    /// Writes a trained model as an ONNX file of operator set 17, for any number of rows: from the column that the pipeline reads,
    /// including token merging, to <c>Score</c> and <c>PredictedLabel</c>, or to an autoencoder's columns. Steps that map labels are left
    /// out, and so are ML.NET's image steps: the file begins with the pixels that <c>ExtractPixels</c> gives. For other steps the exception
    /// names the step.
    /// </summary>
    /// <param name="catalog"><c>mlContext.Model</c>.</param>
    /// <param name="model">The fitted or loaded pipeline, or one of its transformers.</param>
    /// <param name="path">The file; written whole or not at all.</param>
    /// <param name="options">Export options; null for the defaults.</param>
    /// <param name="checkWith">Rows to compare; ONNX Runtime scores the first thousand of them. Null for no comparison.</param>
    /// <exception cref="NotSupportedException">The pipeline has a step or a user module that cannot be exported.</exception>
    public static OnnxExport ExportOnnx(
        this ModelOperationsCatalog catalog, ITransformer model, string path, OnnxOptions? options = null, IDataView? checkWith = null)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        ArgumentNullException.ThrowIfNull(model);
        ArgumentException.ThrowIfNullOrEmpty(path);
        var pipeline = ScoredPipeline.Of(model, "an ONNX file", Instead);
        var onnx = Find(pipeline);
        WholeFile.Write(path, stream => OnnxModel.Write(onnx, stream, options ?? new()));
        long bytes = new FileInfo(path).Length;
        return checkWith is not null && options?.Part != OnnxPart.Decoder
            && OnnxCheck.Compare(path, pipeline, checkWith) is var (rows, difference)
            ? new(bytes, rows, difference)
            : new(bytes, 0, null);
    }

    /// <summary>Writes a trained model as ONNX into a stream.</summary>
    /// <param name="catalog"><c>mlContext.Model</c>.</param>
    /// <param name="model">The fitted or loaded pipeline, or one of its transformers.</param>
    /// <param name="stream">The stream; left open.</param>
    /// <param name="options">Export options; null for the defaults.</param>
    /// <param name="checkWith">Rows to compare; ONNX Runtime scores the first thousand of them. Null for no comparison.</param>
    /// <exception cref="NotSupportedException">The pipeline has a step or a user module that cannot be exported.</exception>
    public static OnnxExport ExportOnnx(
        this ModelOperationsCatalog catalog, ITransformer model, Stream stream, OnnxOptions? options = null, IDataView? checkWith = null)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(stream);
        if (checkWith is null)
            return new(OnnxModel.Write(Find(ScoredPipeline.Of(model, "an ONNX file", Instead)), stream, options ?? new()), 0, null);
        // ONNX Runtime reads the file.
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

    static OnnxModel Find(ScoredPipeline pipeline)
    {
        var merging = pipeline.Merging;
        if (pipeline.Model is not { } network)
        {
            string[] names = TokenColumns.Names(merging!.OutputColumnName);
            return new(null, new NetworkWeights(), pipeline.Input, [], merging.Grid, merging.Survivors, null, names);
        }
        var (description, weights) = network.Describe();
        var task = (network as PrunedModelTransformer)?.Task;
        string[] labels = (task as MulticlassTask)?.Labels.Values?.Names.Select(name => name.ToString()).ToArray() ?? [];
        string[] outputs = network is PrunedVaeTransformer { Columns: var columns }
            ? [columns.Latent, columns.Reconstruction, columns.Loss] : [];
        return new(description, weights, pipeline.Input, labels, merging?.Grid, merging?.Survivors ?? 0, task, outputs);
    }
}
