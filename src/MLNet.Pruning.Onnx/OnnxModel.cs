using System.Globalization;
using System.Text.Json;
using Google.Protobuf;
using MLNet.Pruning.Onnx.Format;
using MLNet.Pruning.Plans;
using MLNet.Pruning.Plans.Kernels;
using MLNet.Pruning.Scoring;
using MLNet.Pruning.Tokens;
using DataType = MLNet.Pruning.Onnx.Format.TensorProto.Types.DataType;

namespace MLNet.Pruning.Onnx;

/// <summary>The content of an ONNX file.</summary>
/// <param name="Description">The network; null for merging alone.</param>
/// <param name="Weights">Its weights.</param>
/// <param name="Input">The name of the input.</param>
/// <param name="Labels">The classes' names; empty for none.</param>
/// <param name="Merging">How images are cut whose merged tokens the network reads; null if it reads the input itself.</param>
/// <param name="Survivors">Tokens that remain of an image after merging.</param>
/// <param name="Task">What the network predicts; null if that is not known, or for an autoencoder or merging. A network of one output
/// whose task is not known gives its number.</param>
/// <param name="Columns">The names of an autoencoder's outputs, or of merging's.</param>
sealed record OnnxModel(
    NetworkDescription? Description,
    NetworkWeights Weights,
    string Input,
    IReadOnlyList<string> Labels,
    PatchGrid? Merging,
    int Survivors,
    PredictionTask? Task,
    string[] Columns)
{
    // Versions that ONNX Runtime has supported since 2021.
    const int IrVersion = 8, Opset = 17;

    // Two gigabytes, minus room for everything but weights.
    const long Largest = int.MaxValue - (64L << 20);

    /// <summary>Writes the file, and returns its size.</summary>
    public static long Write(OnnxModel model, Stream stream, OnnxOptions options)
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
        long weights = graph.Graph.Initializer.Sum(tensor => (long)tensor.RawData.Length);
        if (weights > Largest)
        {
            throw new InvalidOperationException($"The network has {weights:N0} bytes of weights; an ONNX file by itself holds 2 GB. "
                + "Ask for fewer bits by OnnxOptions.Weights.");
        }
        proto.WriteTo(stream);
        return proto.CalculateSize();
    }

    void Build(GraphBuilder graph, OnnxPart part)
    {
        if (part != OnnxPart.All && Description is not VaeDescription)
            throw new ArgumentException($"{nameof(OnnxOptions.Part)} is {part}; the network is no autoencoder.");
        if (part == OnnxPart.Decoder)
        {
            NetworkGraphs.Decoder(graph, (VaeDescription)Description!, Weights, Columns);
            return;
        }
        string x = graph.Input(Input, DataType.Float, Merging?.ImageValues ?? Description!.InputWidth);
        if (Description is null)
        {
            Merged(graph, x);
            return;
        }
        // A network that does not read tokens gets their values as a row.
        bool readsTokens = Description is VitDescription { Input: VitInput.Tokens };
        if (Merging is not null && !readsTokens)
            x = graph.Reshape(MergingGraph.Merge(graph, Merging, Survivors, x).Values, -1, Description.InputWidth);
        if (Description is VaeDescription vae)
        {
            NetworkGraphs.Vae(graph, vae, Weights, part == OnnxPart.Encoder, x, Columns);
            return;
        }
        var (logits, classes) = Description switch
        {
            FeedForwardDescription network => (NetworkGraphs.FeedForward(graph, network, Weights, x), network.Sizes[^1]),
            ConvNetDescription network => (NetworkGraphs.ConvNet(graph, network, Weights, x), network.Classes),
            GraphDescription network => Row(network),
            VitDescription network => (new VitGraph(graph, network, Weights, readsTokens ? Merging : null).Logits(x), network.Classes),
            _ => throw new ArgumentException($"There is no ONNX graph for a {Description.GetType().Name}."),
        };
        if (classes == 1)
        {
            One(graph, logits);
            return;
        }
        string scores = graph.Softmax(logits);
        graph.Output(scores, ScoreColumns.Score, DataType.Float, classes);
        string best = graph.Add("ArgMax", [scores], ("axis", 1L), ("keepdims", 0L));
        if (Labels.Count > 0)
            graph.Output(graph.Add("Gather", [graph.Texts("labels", Labels), best]), ScoreColumns.PredictedLabel, DataType.String);
        else
            graph.Output(best, ScoreColumns.PredictedLabel, DataType.Int64);

        (string, int) Row(GraphDescription network)
        {
            var shape = network.Nodes[^1].Shape;
            string result = new OperationGraph(graph, network, Weights).Result(x);
            int count = shape.Aggregate(1, (product, size) => product * size);
            return (shape.Count == 1 ? result : graph.Reshape(result, -1, count), count);
        }
    }

    /// <summary>The number, and for a binary classifier its answer and its probability.</summary>
    void One(GraphBuilder graph, string number)
    {
        graph.Output(number, ScoreColumns.Score, DataType.Float, 1);
        if (Task is not BinaryTask)
            return;
        graph.Output(graph.Add("Greater", [number, graph.Float(0)]), ScoreColumns.PredictedLabel, DataType.Bool, 1);
        graph.Output(graph.Add("Sigmoid", [number]), ScoreColumns.Probability, DataType.Float, 1);
    }

    void Merged(GraphBuilder graph, string x)
    {
        var grid = Merging!;
        var (values, sizes, _, sources) = MergingGraph.Merge(graph, grid, Survivors, x);
        graph.Output(graph.Reshape(values, -1, Survivors * grid.TokenWidth), Columns[0], DataType.Float, Survivors * grid.TokenWidth);
        graph.Output(graph.Reshape(sizes, -1, Survivors), Columns[1], DataType.Float, Survivors);
        graph.Output(graph.Add("Cast", [sources], ("to", (long)DataType.Int32)), Columns[2], DataType.Int32, grid.Count);
    }

    /// <summary>Metadata for readers of the file.</summary>
    IEnumerable<(string Key, string Value)> Facts()
    {
        if (Labels.Count > 0)
            yield return ("labels", JsonSerializer.Serialize(Labels.ToArray(), OnnxJson.Default.StringArray));
        long all = 0, active = 0;
        foreach (var values in Weights.Names.Select(name => Weights.Find(name).Values))
        {
            all += values.Length;
            active += values.Length - ZeroBlocks.CountZeros(values.Span);
        }
        yield return ("weights", all.ToString(CultureInfo.InvariantCulture));
        yield return ("active_weights", active.ToString(CultureInfo.InvariantCulture));
    }
}

[System.Text.Json.Serialization.JsonSerializable(typeof(string[]))]
sealed partial class OnnxJson : System.Text.Json.Serialization.JsonSerializerContext;
