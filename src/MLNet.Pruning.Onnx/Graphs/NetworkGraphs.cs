using MLNet.Pruning.Plans;
using DataType = MLNet.Pruning.Onnx.Format.TensorProto.Types.DataType;

namespace MLNet.Pruning.Onnx;

/// <summary>Fully connected and convolutional networks, and autoencoders, as ONNX graphs.</summary>
static class NetworkGraphs
{
    /// <summary>[batch, inputs] -> logits.</summary>
    public static string FeedForward(GraphBuilder graph, FeedForwardDescription network, NetworkWeights weights, string x)
    {
        for (int i = 1; i < network.Sizes.Count; i++)
        {
            x = graph.Linear(weights, $"layers.linear{i}", x, network.Sizes[i], network.Sizes[i - 1]);
            if (i < network.Sizes.Count - 1)
                x = graph.Activate(network.Activation, x);
        }
        return x;
    }

    /// <summary>[batch, values of an image] -> logits.</summary>
    public static string ConvNet(GraphBuilder graph, ConvNetDescription network, NetworkWeights weights, string x)
    {
        string? norm = network.BatchNorm ? "features.norm" : null;
        var (features, width) = Blocks(graph, weights, "features.conv", norm, network.Image, network.Channels, network.Activation, x);
        x = Hidden(graph, weights, "classifier", network.Hidden, network.Activation, features, ref width);
        return graph.Linear(weights, "classifier.logits", x, network.Classes, width);
    }

    /// <summary>[batch, values of an image] -> latents and, unless only the encoder is wanted, reconstruction and loss.</summary>
    public static void Vae(GraphBuilder graph, VaeDescription network, NetworkWeights weights, bool encodes, string x, string[] outputs)
    {
        int values = network.InputWidth;
        var (features, width) = Blocks(graph, weights, "encoder.conv", null, network.Image, network.Channels, network.Activation, x);
        string hidden = Hidden(graph, weights, "encoder", network.Hidden, network.Activation, features, ref width);
        string mean = graph.Linear(weights, "mean", hidden, network.Latent, width);
        graph.Output(mean, outputs[0], DataType.Float, network.Latent);
        if (encodes)
            return;
        string logVariance = graph.Linear(weights, "logVariance", hidden, network.Latent, width);
        string logits = Decode(graph, network, weights, mean);
        graph.Output(graph.Add("Sigmoid", [logits]), outputs[1], DataType.Float, values);
        graph.Output(Loss(graph, network, x, logits, mean, logVariance), outputs[2], DataType.Float, 1);
    }

    /// <summary>Latents -> images.</summary>
    public static void Decoder(GraphBuilder graph, VaeDescription network, NetworkWeights weights, string[] outputs)
    {
        string latents = graph.Input(outputs[0], DataType.Float, network.Latent);
        graph.Output(graph.Add("Sigmoid", [Decode(graph, network, weights, latents)]), outputs[1], DataType.Float, network.InputWidth);
    }

    static string Decode(GraphBuilder graph, VaeDescription network, NetworkWeights weights, string latents)
    {
        int blocks = network.Channels.Count, width = network.Latent, channels = network.ChannelsBack[0];
        var (height, across) = (network.Image[1] >> blocks, network.Image[2] >> blocks);
        int[] sizes = [.. network.HiddenBack, checked(channels * height * across)];
        string x = Hidden(graph, weights, "expansion", sizes, network.Activation, latents, ref width);
        x = graph.Reshape(x, -1, channels, height, across);
        for (int i = 0; i < blocks; i++)
        {
            int outputs = i < blocks - 1 ? network.ChannelsBack[i + 1] : network.Image[0];
            x = graph.TransposedConvolution(weights, $"decoder.deconv{i + 1}", x, outputs, network.ChannelsBack[i]);
            if (i < blocks - 1)
                x = graph.Activate(network.Activation, x);
        }
        return graph.Reshape(x, -1, network.InputWidth);
    }

    /// <summary>The weighted sums of max(x, 0) - x t + log(1 + e^-|x|) and of (mean^2 + variance - 1 - log variance) / 2.</summary>
    static string Loss(GraphBuilder graph, VaeDescription network, string target, string logits, string mean, string logVariance)
    {
        string linear = graph.Add("Sub", [graph.Add("Relu", [logits]), graph.Add("Mul", [logits, target])]);
        string exponential = graph.Add("Exp", [graph.Add("Neg", [graph.Add("Abs", [logits])])]);
        string rest = graph.Add("Log", [graph.Add("Add", [graph.Float(1), exponential])]);
        string entropy = Sum(graph.Add("Add", [linear, rest]));
        string squares = graph.Add("Add", [graph.Add("Mul", [mean, mean]), graph.Add("Exp", [logVariance])]);
        string divergence = Sum(graph.Add("Sub", [squares, graph.Add("Add", [logVariance, graph.Float(1)])]));
        return graph.Add("Add",
        [
            graph.Add("Mul", [entropy, graph.Float((float)network.ReconstructionWeight)]),
            graph.Add("Mul", [divergence, graph.Float((float)(0.5 * network.DivergenceWeight))]),
        ]);

        string Sum(string x) => graph.Add("ReduceSum", [x, graph.Integers(1)], ("keepdims", 1L));
    }

    static (string Features, int Width) Blocks(GraphBuilder graph, NetworkWeights weights, string convolution, string? norm,
        IReadOnlyList<int> image, IReadOnlyList<int> channels, Activation activation, string x)
    {
        var (inputs, height, width) = (image[0], image[1], image[2]);
        x = graph.Reshape(x, -1, inputs, height, width);
        for (int i = 1; i <= channels.Count; i++)
        {
            x = graph.Convolution(weights, $"{convolution}{i}", x, channels[i - 1], inputs);
            if (norm is not null)
                x = graph.BatchNorm(weights, $"{norm}{i}", x, channels[i - 1]);
            x = graph.MaxPool(graph.Activate(activation, x));
            (inputs, height, width) = (channels[i - 1], height / 2, width / 2);
        }
        int features = checked(inputs * height * width);
        return (graph.Reshape(x, -1, features), features);
    }

    static string Hidden(
        GraphBuilder graph, NetworkWeights weights, string name, IReadOnlyList<int> sizes, Activation activation, string x, ref int width)
    {
        for (int i = 1; i <= sizes.Count; i++)
        {
            x = graph.Activate(activation, graph.Linear(weights, $"{name}.linear{i}", x, sizes[i - 1], width));
            width = sizes[i - 1];
        }
        return x;
    }
}
