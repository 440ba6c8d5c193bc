using System.Globalization;
using System.Text.Json;
using Google.Protobuf;
using MLNet.Pruning.Onnx.Format;
using MLNet.Pruning.Plans;
using MLNet.Pruning.Tokens;
using DataType = MLNet.Pruning.Onnx.Format.TensorProto.Types.DataType;

namespace MLNet.Pruning.Onnx;

/// <summary>What goes into an ONNX file.</summary>
/// <param name="Description">The network; null for merging alone.</param>
/// <param name="Weights">Its weights.</param>
/// <param name="Input">The name of the input.</param>
/// <param name="Labels">The classes' names; empty for none.</param>
/// <param name="Merging">The merging of tokens in front of the network; null for none.</param>
/// <param name="Merge">Tokens that it merges.</param>
/// <param name="Tokens">The name of its tokens.</param>
sealed record OnnxModel(
    NetworkDescription? Description,
    NetworkWeights Weights,
    string Input,
    IReadOnlyList<string> Labels,
    PatchGrid? Merging = null,
    int Merge = 0,
    string Tokens = "Tokens")
{
    // What ONNX Runtime has read since 2021.
    const int IrVersion = 8, Opset = 17;

    public const string Score = "Score", PredictedLabel = "PredictedLabel";

    public static void Write(OnnxModel model, Stream stream, OnnxOptions options)
    {
        options.Validate();
        model.Description?.Validate();
        var graph = new GraphBuilder(options.Weights);
        model.Build(graph, options.Part);
        graph.Graph.Name = options.Name;
        var proto = new ModelProto
        {
            IrVersion = IrVersion,
            ProducerName = "MLNet.Pruning",
            ProducerVersion = typeof(OnnxModel).Assembly.GetName().Version!.ToString(3),
            Graph = graph.Graph,
            OpsetImport = { new OperatorSetIdProto { Version = Opset } },
        };
        foreach (var (key, value) in model.Facts())
            proto.MetadataProps.Add(new StringStringEntryProto { Key = key, Value = value });
        try
        {
            _ = proto.CalculateSize();
        }
        catch (OverflowException failure)
        {
            throw new InvalidOperationException("The network has more than 2 GB of weights, which an ONNX file cannot hold by itself. Ask for fewer bits by OnnxOptions.Weights.", failure);
        }
        proto.WriteTo(stream);
    }

    void Build(GraphBuilder graph, OnnxPart part)
    {
        if (Description is null)
        {
            Merged(graph);
            return;
        }
        if (Description is VaeDescription vae)
        {
            NetworkGraphs.Vae(graph, vae, Weights, part, Input);
            return;
        }
        if (part != OnnxPart.All)
            throw new ArgumentException($"{nameof(OnnxOptions.Part)} is {part}; the network is no autoencoder.");
        string x = graph.Input(Input, DataType.Float, Merging?.ImageValues ?? Description.InputWidth);
        var (logits, classes) = Description switch
        {
            FeedForwardDescription network => (NetworkGraphs.FeedForward(graph, network, Weights, x), network.Sizes[^1]),
            ConvNetDescription network => (NetworkGraphs.ConvNet(graph, network, Weights, x), network.Classes),
            GraphDescription network => Row(network),
            VitDescription network => (new VitGraph(graph, network, Weights, Merging).Logits(x), network.Classes),
            _ => throw new ArgumentException($"There is no ONNX graph for a {Description.GetType().Name}."),
        };
        (string, int) Row(GraphDescription network)
        {
            var shape = network.Nodes[^1].Shape;
            string result = new OperationGraph(graph, network, Weights).Result(x);
            int count = shape.Aggregate(1, (product, size) => product * size);
            return (shape.Count == 1 ? result : graph.Reshape(result, -1, count), count);
        }
        string scores = graph.Softmax(logits);
        graph.Output(scores, Score, DataType.Float, classes);
        string best = graph.Add("ArgMax", [scores], ("axis", 1L), ("keepdims", 0L));
        if (Labels.Count > 0)
            graph.Output(graph.Add("Gather", [graph.Texts("labels", Labels), best]), PredictedLabel, DataType.String);
        else
            graph.Output(best, PredictedLabel, DataType.Int64);
    }

    void Merged(GraphBuilder graph)
    {
        var grid = Merging!;
        int left = grid.Count - Merge;
        string x = graph.Input(Input, DataType.Float, grid.ImageValues);
        var (values, sizes, _, sources) = MergingGraph.Merge(graph, grid, left, x);
        graph.Output(graph.Reshape(values, -1, left * grid.TokenWidth), Tokens, DataType.Float, left * grid.TokenWidth);
        graph.Output(graph.Reshape(sizes, -1, left), $"{Tokens}.Sizes", DataType.Float, left);
        graph.Output(graph.Add("Cast", [sources], ("to", (long)DataType.Int32)), $"{Tokens}.Sources", DataType.Int32, grid.Count);
    }

    /// <summary>What a reader of the file may want to know.</summary>
    IEnumerable<(string Key, string Value)> Facts()
    {
        if (Labels.Count > 0)
            yield return ("labels", JsonSerializer.Serialize(Labels.ToArray(), OnnxJson.Default.StringArray));
        long all = 0, active = 0;
        foreach (float[] values in Weights.Names.Select(name => Weights.Array(name).Values))
        {
            all += values.LongLength;
            active += values.LongLength - values.AsSpan().Count(0f);
        }
        yield return ("weights", all.ToString(CultureInfo.InvariantCulture));
        yield return ("active_weights", active.ToString(CultureInfo.InvariantCulture));
    }
}

[System.Text.Json.Serialization.JsonSerializable(typeof(string[]))]
sealed partial class OnnxJson : System.Text.Json.Serialization.JsonSerializerContext;
