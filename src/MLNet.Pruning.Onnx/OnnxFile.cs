using MLNet.Pruning.Onnx;
using MLNet.Pruning.Persistence;
using MLNet.Pruning.Plans;
using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>Exports networks as ONNX files without ML.NET.</summary>
public static class OnnxFile
{
    /// <summary>
    /// Writes a <see cref="FeedForward"/>, <see cref="ConvNet"/>, <see cref="Vit"/> or <see cref="Vae"/>: from <c>Features</c>, a row of
    /// numbers, to <c>Score</c> and <c>PredictedLabel</c>, or to an autoencoder's outputs. The <c>Score</c> of a network with one output is
    /// the number itself, without a label.
    /// </summary>
    /// <param name="path">The file; written whole or not at all.</param>
    /// <param name="network">The network, on any device. It may have shrunk since it was built.</param>
    /// <param name="options">Export options; null for the defaults.</param>
    /// <exception cref="ArgumentException">The module is not one of these.</exception>
    public static void Write(string path, nn.Module network, OnnxOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(network);
        var model = Model(NetworkPlans.Describe(Blueprint.Of(network))!, NetworkPlans.Weights(network));
        WholeFile.Write(path, stream => OnnxModel.Write(model, stream, options ?? new()));
    }

    /// <summary>
    /// Writes a user module, or one of TorchSharp's, whose layers plans support: from <c>Features</c>, the values of a row, to
    /// <c>Score</c>, the softmax of the module's output, and <c>PredictedLabel</c>. A module of one output gives <c>Score</c> alone: the
    /// number itself.
    /// </summary>
    /// <param name="path">The file; written whole or not at all.</param>
    /// <param name="module">The module, on the CPU, as it scores in evaluation mode.</param>
    /// <param name="inputShape">The shape of one row, such as [3, 32, 32].</param>
    /// <param name="options">Export options; null for the defaults.</param>
    /// <exception cref="NotSupportedException">The module's graph could not be found, or a layer has no operator.</exception>
    public static void Write(string path, nn.Module<Tensor, Tensor> module, IReadOnlyList<long> inputShape, OnnxOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(module);
        ArgumentNullException.ThrowIfNull(inputShape);
        if (module is FeedForward or ConvNet or Vit)
        {
            Write(path, module, options);
            return;
        }
        var traced = NetworkPlans.Trace(module, inputShape);
        var description = traced.Description
            ?? throw new NotSupportedException($"The {module.GetType().Name} cannot be written as ONNX: {traced.Reason}");
        var model = Model(description, NetworkPlans.Weights(module));
        WholeFile.Write(path, stream => OnnxModel.Write(model, stream, options ?? new()));
    }

    /// <summary>Writes a network from its description and weights, with the same outputs.</summary>
    /// <param name="stream">The stream; left open.</param>
    /// <param name="description">The structure of the network.</param>
    /// <param name="weights">Its weights.</param>
    /// <param name="options">Export options; null for the defaults.</param>
    /// <exception cref="ArgumentException">The description is wrong, or weights are missing or of another shape.</exception>
    public static void Write(Stream stream, NetworkDescription description, NetworkWeights weights, OnnxOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(description);
        ArgumentNullException.ThrowIfNull(weights);
        OnnxModel.Write(Model(description, weights), stream, options ?? new());
    }

    static OnnxModel Model(NetworkDescription description, NetworkWeights weights) => new(
        description, weights, "Features", [], null, 0, null, description is VaeDescription ? ["Latent", "Reconstruction", "Loss"] : []);
}
