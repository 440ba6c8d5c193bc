using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning.Neurons;

enum LayerKind { Linear, Convolution, Transposed, Embedding, BatchNorm, LayerNorm, GroupNorm, InstanceNorm }

/// <summary>
/// The number of features that a layer reads and computes, and its number of groups (for a convolution or a group norm).
/// </summary>
sealed record LayerSize(int In, int Out, int Groups)
{
    public int Count(NeuronSide side) => side == NeuronSide.Out ? Out : In;
}

/// <summary>A tensor of a layer. For each dimension, the side whose features it counts, or null.</summary>
sealed record LayerTensor(string Name, Tensor Tensor, NeuronSide?[] Sides);

/// <summary>A layer whose features are known by index: its outputs, its inputs, and the tensors that hold them.</summary>
sealed class Layer
{
    Layer(string path, nn.Module<Tensor, Tensor> module, LayerKind kind) => (Path, Module, Kind) = (path, module, kind);

    public string Path { get; }

    public nn.Module<Tensor, Tensor> Module { get; }

    public LayerKind Kind { get; }

    public bool Produces => Kind <= LayerKind.Embedding;

    public bool Consumes => Kind < LayerKind.Embedding;

    public bool Follows => Kind > LayerKind.Embedding;

    // Found by the trace.
    public LayerSize Size { get; set; } = new(0, 0, 1);

    public int In => Size.In;

    public int Out => Size.Out;

    public int Groups => Size.Groups;

    public int InputDimensions { get; set; }

    /// <summary>Whether the layer accepts an empty input, and computes nothing then.</summary>
    public bool TakesNoRows { get; set; }

    /// <summary>The first of the layer's nodes in <see cref="Links"/>. For a layer that passes features through, both are equal.</summary>
    public int FirstIn { get; set; }
    public int FirstOut { get; set; }

    public string Label => Path.Length > 0 ? Path : Module.GetType().Name;

    public static Layer? Of(string path, nn.Module module)
    {
        LayerKind? kind = module switch
        {
            Linear => LayerKind.Linear,
            Conv1d or Conv2d => LayerKind.Convolution,
            ConvTranspose1d or ConvTranspose2d => LayerKind.Transposed,
            Embedding => LayerKind.Embedding,
            BatchNorm1d or BatchNorm2d => LayerKind.BatchNorm,
            LayerNorm => LayerKind.LayerNorm,
            GroupNorm => LayerKind.GroupNorm,
            InstanceNorm1d or InstanceNorm2d => LayerKind.InstanceNorm,
            _ => null,
        };
        return kind is { } known ? new Layer(path, (nn.Module<Tensor, Tensor>)module, known) : null;
    }

    /// <summary>The same layer of another instance of the model.</summary>
    public Layer Of(nn.Module<Tensor, Tensor> other) => new(Path, other, Kind)
    {
        Size = Size,
        InputDimensions = InputDimensions,
        FirstIn = FirstIn,
        FirstOut = FirstOut,
    };

    public int Count(NeuronSide side) => Size.Count(side);

    /// <summary>The dimension of the layer's input or output that counts features.</summary>
    public int FeatureAxis(Tensor tensor) => FeatureAxis((int)tensor.Dimensions);

    public int FeatureAxis(int dimensions) => Module switch
    {
        Conv1d or ConvTranspose1d or InstanceNorm1d => dimensions - 2,
        Conv2d or ConvTranspose2d or InstanceNorm2d => dimensions - 3,
        BatchNorm1d or BatchNorm2d or GroupNorm => 1,
        _ => dimensions - 1,
    };

    public Tensor? Own(string name) => Tensors.FirstOrDefault(t => t.Name == name)?.Tensor;

    public IEnumerable<LayerTensor> Tensors
    {
        get
        {
            foreach (var (name, parameter) in Module.named_parameters(false))
                yield return new(name, parameter, Sides(name, parameter));
            foreach (var (name, buffer) in Module.named_buffers(false))
                if (buffer.Dimensions > 0)
                    yield return new(name, buffer, Sides(name, buffer));
        }
    }

    NeuronSide?[] Sides(string name, Tensor tensor)
    {
        var sides = new NeuronSide?[tensor.Dimensions];
        if (Follows)
            sides[0] = NeuronSide.Through;
        else if (name == "bias")
            sides[0] = NeuronSide.Out;
        else if (Kind == LayerKind.Embedding)
            sides[1] = NeuronSide.Out;
        else if (Kind == LayerKind.Transposed)
            (sides[0], sides[1]) = (NeuronSide.In, Groups == 1 ? NeuronSide.Out : null);
        else
            (sides[0], sides[1]) = (NeuronSide.Out, Groups == 1 ? NeuronSide.In
                : null); // within a group, the second dimension counts the group's inputs
        return sides;
    }
}

static class LayerFacts
{
    /// <summary>Whether the layer is supported; a layer norm, for example, must be over the last dimension alone.</summary>
    public static bool Read(Layer layer, Tensor input, Tensor output)
    {
        layer.InputDimensions = (int)input.Dimensions;
        var countIn = layer.Kind == LayerKind.Embedding ? 0 : (int)input.shape[layer.FeatureAxis(input)];
        var groups = layer.Module switch
        {
            Convolution convolution => convolution.groups,
            GroupNorm norm => norm.num_groups,
            _ => 1,
        };
        layer.Size = new(countIn, (int)output.shape[layer.FeatureAxis(output)], (int)groups);
        return layer.Module is not LayerNorm { normalized_shape.Length: not 1 };
    }

    public static bool TakesNoRows(Layer layer, Tensor input)
    {
        using var scope = NewDisposeScope();
        try
        {
            return input.Dimensions > 1 && layer.Module.forward(input.narrow(0, 0, 0)).NumberOfElements == 0;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            return false; // for example an image without a batch, whose first dimension is the channels
        }
    }
}

/// <summary>TorchSharp's own layers with weights that cannot be pruned by neuron.</summary>
static class UnknownLayers
{
    /// <summary>Finds them, with the reason for each.</summary>
    public static IEnumerable<SkippedNeurons> Of(nn.Module model)
    {
        var seen = new HashSet<nn.Module>(ReferenceEqualityComparer.Instance);
        foreach (var (path, module) in model.named_modules().Prepend(("", model)))
            if (seen.Add(module) && module.GetType().Assembly == typeof(Linear).Assembly && module is not (ParameterList or ParameterDict)
                && Layer.Of(path, module) is null && module.named_parameters(false).Any(p => p.parameter.NumberOfElements > 1))
                yield return new(path.Length > 0 ? path : module.GetType().Name, Reason(module)) { IsUnknown = true };
    }

    static string Reason(nn.Module module) => module switch
    {
        LSTM or GRU or RNN or LSTMCell or GRUCell or RNNCell =>
            $"this {module.GetType().Name} reads its own outputs at the next step, so that its neurons cannot be removed one by one",
        MultiheadAttention or Transformer or TransformerEncoder or TransformerEncoderLayer or TransformerDecoder
            or TransformerDecoderLayer =>
            $"this {module.GetType().Name} is computed by LibTorch as a whole, so that its neurons cannot be removed one by one; "
                + "attention that is built of linear layers can be pruned",
        _ => $"layers of type {module.GetType().Name} are not followed, so that their neurons cannot be removed",
    };
}
