using MLNet.Pruning.Models;
using MLNet.Pruning.Onnx;
using MLNet.Pruning.Persistence;
using MLNet.Pruning.Plans;
using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>Networks as ONNX files, without ML.NET.</summary>
public static class OnnxFile
{
    const string Input = "Features";

    /// <summary>
    /// Writes a <see cref="FeedForward"/>, <see cref="ConvNet"/>, <see cref="Vit"/> or <see cref="Vae"/>: from <c>Features</c>, a row of numbers, to
    /// <c>Score</c> and <c>PredictedLabel</c>, or to an autoencoder's outputs.
    /// </summary>
    /// <param name="path">The file; written whole or not at all.</param>
    /// <param name="network">The network, perhaps smaller than it was built, on any device.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <exception cref="ArgumentException">It is a module of another kind.</exception>
    public static void Write(string path, nn.Module network, OnnxOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(network);
        var model = new OnnxModel(NetworkPlans.Describe(Blueprint.Of(network))!, NetworkPlans.Weights(network), Input, []);
        WholeFile.Write(path, stream => OnnxModel.Write(model, stream, options ?? new()));
    }

    /// <summary>Writes a network of which the description and the weights are known.</summary>
    /// <param name="stream">Where to; left open.</param>
    /// <param name="description">What it is made of.</param>
    /// <param name="weights">Its weights.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <exception cref="ArgumentException">The description is wrong, or weights are missing or of another shape.</exception>
    public static void Write(Stream stream, NetworkDescription description, NetworkWeights weights, OnnxOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(description);
        ArgumentNullException.ThrowIfNull(weights);
        OnnxModel.Write(new OnnxModel(description, weights, Input, []), stream, options ?? new());
    }
}
