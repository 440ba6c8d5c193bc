namespace MLNet.Pruning;

/// <summary>How an ONNX file holds the weights of layers.</summary>
public enum OnnxWeights
{
    /// <summary>As they are.</summary>
    Float32,

    /// <summary>In half precision, half the file; they are computed with in single precision.</summary>
    Float16,

    /// <summary>In 8 bits with a scale for each output, a quarter of the file; they are computed with in single precision.</summary>
    Int8,
}

/// <summary>What of an autoencoder goes into an ONNX file.</summary>
public enum OnnxPart
{
    /// <summary>Images to latents, reconstruction and loss.</summary>
    All,

    /// <summary>Images to latents.</summary>
    Encoder,

    /// <summary>Latents to images.</summary>
    Decoder,
}

/// <summary>How a model is written as an ONNX file.</summary>
public sealed record OnnxOptions
{
    /// <summary>How the file holds weights. Biases and norms stay in single precision.</summary>
    public OnnxWeights Weights { get; init; }

    /// <summary>What of an autoencoder is written.</summary>
    public OnnxPart Part { get; init; }

    /// <summary>The name of the graph.</summary>
    public string Name { get; init; } = "network";

    internal void Validate()
    {
        if (!Enum.IsDefined(Weights))
        {
            throw new ArgumentException(
                $"{nameof(Weights)} is {Weights}; wanted one of {string.Join(", ", Enum.GetNames<OnnxWeights>())}.");
        }
        if (!Enum.IsDefined(Part))
            throw new ArgumentException($"{nameof(Part)} is {Part}; wanted one of {string.Join(", ", Enum.GetNames<OnnxPart>())}.");
        if (string.IsNullOrEmpty(Name))
            throw new ArgumentException($"{nameof(Name)} is {(Name is null ? "null" : "empty")}; wanted a name.");
    }
}

/// <summary>What was written as ONNX.</summary>
/// <param name="Bytes">The size of the file.</param>
/// <param name="RowsChecked">Rows that ONNX Runtime has scored too; 0 where none were given, or the program has no ONNX Runtime.</param>
/// <param name="LargestDifference">The largest difference between its scores and ours on these rows; null without any.</param>
public sealed record OnnxExport(long Bytes, int RowsChecked, double? LargestDifference);
