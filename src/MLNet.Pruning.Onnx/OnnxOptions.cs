namespace MLNet.Pruning;

/// <summary>The format of layers' weights in an ONNX file.</summary>
public enum OnnxWeights
{
    /// <summary>Single precision.</summary>
    Float32,

    /// <summary>Half precision, half the file size; computed in single precision.</summary>
    Float16,

    /// <summary>8 bits with a scale per output, a quarter of the file size; computed in single precision.</summary>
    Int8,
}

/// <summary>The part of an autoencoder to export.</summary>
public enum OnnxPart
{
    /// <summary>Images to latents, reconstruction and loss.</summary>
    All,

    /// <summary>Images to latents.</summary>
    Encoder,

    /// <summary>Latents to images.</summary>
    Decoder,
}

/// <summary>Options for exporting a model as an ONNX file.</summary>
public sealed record OnnxOptions
{
    /// <summary>The format of weights. Biases and norms stay in single precision.</summary>
    public OnnxWeights Weights { get; init; }

    /// <summary>The part of an autoencoder to export.</summary>
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

/// <summary>The result of an export.</summary>
/// <param name="Bytes">The size of the file in bytes.</param>
/// <param name="RowsChecked">Rows that ONNX Runtime scored too; 0 if none were given, or if the program has no ONNX Runtime.</param>
/// <param name="LargestDifference">The largest difference between scores on these rows; null if there were none.</param>
public sealed record OnnxExport(long Bytes, int RowsChecked, double? LargestDifference);
