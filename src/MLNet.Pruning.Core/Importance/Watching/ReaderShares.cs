using MLNet.Pruning.Neurons;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning.Importance;

/// <summary>Shares in the weighted sums of one layer, over everything that it reads.</summary>
/// <remarks>
/// The accumulator counts slots of equally many features. Where every neuron owns one feature, or as many as all others side by side, slots are the features as they lie, and
/// nothing is copied. Elsewhere features are gathered: each neuron's in a slot, filled up with zeros, which have no share, and then those that belong to nobody.
/// </remarks>
sealed class ReaderShares
{
    readonly int block;
    readonly long[]? gathered; // The feature at each place; one more than the last for a zero.
    readonly Dictionary<ReaderPart, int[]> slots = [];
    readonly ConvolutionShape? shape;
    readonly long[]? border; // As functional.pad takes it: what the convolution pads with other than zeros, or unevenly.
    readonly PaddingModes borderMode;

    public ReaderShares(Reader reader, ContributionMode mode, int threads)
    {
        Reader = reader;
        var features = reader.Layer.In;
        var sizes = reader.Parts.SelectMany(p => p.Indices).Select(i => i.Count).Where(c => c > 0);
        block = sizes.Max();
        var asTheyLie = features % block == 0 && sizes.All(c => c == block) && reader.Parts.All(p => p.Indices.All(AsOneBlock));
        gathered = asTheyLie ? null : Gather(reader, features, block);
        var places = gathered?.Select((feature, place) => (feature, place)).Where(p => p.feature < features).ToDictionary(p => (int)p.feature, p => p.place);
        foreach (var part in reader.Parts)
            slots[part] = [.. part.Indices.Select(i => i.Count == 0 ? -1 : (places is null ? i[0] : places[i[0]]) / block)];
        Accumulator = new((gathered?.Length ?? features) / block, mode) { Threads = threads };
        if (reader.Layer.Kind != LayerKind.Linear)
            (shape, border, borderMode) = Shape(reader.Layer);
    }

    public Reader Reader { get; }

    public ContributionAccumulator Accumulator { get; }

    /// <summary>Where a group's neurons are counted, for each time that the layer reads the group; -1 for a neuron that it does not read.</summary>
    public IEnumerable<int[]> SlotsOf(int group) => slots.Where(s => s.Key.Group == group).Select(s => s.Value);

    public void Observe(Tensor input)
    {
        // Asked for in every pass, as a run points parameters at other memory when it begins; of linear layers without a search, which would take longer than small ones do.
        var weight = Reader.Layer.Module is Linear linear ? linear.weight! : Reader.Layer.Own("weight")!;
        if (shape is null)
        {
            var rows = input.Dimensions == 1 ? input.unsqueeze(0) : input;
            Accumulator.ObserveLinear(Gather(rows, rows.Dimensions - 1), Gather(weight, 1), block);
            return;
        }
        var axis = Reader.Layer.FeatureAxis(input);
        var images = axis == 0 ? input.unsqueeze(0) : input;
        if (border is not null)
            images = nn.functional.pad(images, border, borderMode);
        var (activations, kernel) = (Gather(images, 1), Gather(weight, shape.Transposed ? 0 : 1));
        if (block == 1)
            Accumulator.ObserveConvolution(activations, kernel, shape);
        else if (images.Dimensions == 3)
            DeviceShares.Convolution(Accumulator, activations.unsqueeze(2), kernel.unsqueeze(2), shape, block);
        else
            DeviceShares.Convolution(Accumulator, activations, kernel, shape, block);
    }

    bool AsOneBlock(IReadOnlyList<int> indices) => indices.Count == 0 || indices[0] % block == 0 && indices[^1] - indices[0] == block - 1;

    static long[] Gather(Reader reader, int features, int block)
    {
        var (places, owned) = (new List<long>(), new bool[features]);
        foreach (var neuron in reader.Parts.SelectMany(p => p.Indices).Where(i => i.Count > 0))
        {
            foreach (var feature in neuron)
            {
                places.Add(feature);
                owned[feature] = true;
            }
            Fill();
        }
        for (var feature = 0; feature < features; feature++)
            if (!owned[feature])
                places.Add(feature);
        Fill();
        return [.. places];

        void Fill()
        {
            while (places.Count % block != 0)
                places.Add(features);
        }
    }

    Tensor Gather(Tensor tensor, long dimension)
    {
        if (gathered is null)
            return tensor;
        long[] zero = [.. tensor.shape];
        zero[dimension] = 1;
        return cat([tensor, zeros(zero, dtype: tensor.dtype, device: tensor.device)], dimension).index_select(dimension, torch.tensor(gathered, device: tensor.device));
    }

    static (ConvolutionShape Shape, long[]? Border, PaddingModes Mode) Shape(Layer layer)
    {
        var convolution = (Convolution)layer.Module;
        var dimensions = convolution.stride.Length;
        var shape = new ConvolutionShape
        {
            Stride = Both(convolution.stride, 1),
            Padding = Both(convolution.padding ?? new long[dimensions], 0),
            Dilation = Both(convolution.dilation, 1),
            OutputPadding = Both(convolution.output_padding, 0),
            Groups = layer.Groups,
            Transposed = layer.Kind == LayerKind.Transposed,
        };
        var same = convolution.padding_type == Padding.Same;
        var mode = convolution.padding_mode;
        if (mode == PaddingModes.Zeros && !same)
            return (shape, null, mode);
        // From the last dimension to the first, before and after. An odd border of "same" is wider behind.
        var border = Enumerable.Range(0, dimensions).Select(d =>
        {
            var reach = convolution.dilation[d] * (convolution.kernel_size[d] - 1);
            var padding = convolution.padding?[d] ?? 0;
            return same ? (Before: reach / 2, After: (reach + 1) / 2) : (Before: padding, After: padding);
        });
        mode = mode == PaddingModes.Zeros ? PaddingModes.Constant : mode;
        return (shape with { Padding = (0, 0) }, [.. border.Reverse().SelectMany(b => new[] { b.Before, b.After })], mode);

        // A one-dimensional convolution has height 1.
        static (int, int) Both(long[] values, int height) =>
            values.Length == 1 ? (height, (int)values[0]) : ((int)values[0], (int)values[1]);
    }
}
