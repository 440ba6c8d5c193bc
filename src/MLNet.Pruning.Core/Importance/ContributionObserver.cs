using MLNet.Pruning.Neurons;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning.Importance;

/// <summary>Observes each layer that reads a group once, and combines the shares by group.</summary>
sealed class ContributionObserver : IImportanceObserver
{
    readonly Contribution criterion;
    readonly NeuronMap map;
    readonly ReaderShares[] shares;
    readonly ForwardWatch watch;
    string? failure;

    public ContributionObserver(Contribution criterion, NeuronMap map, int threads)
    {
        (this.criterion, this.map) = (criterion, map);
        var readers = Reader.Of(map);
        shares = [.. readers.Select(r => new ReaderShares(r, criterion.Mode, threads))];
        var byReader = shares.ToDictionary(s => s.Reader);
        watch = new ForwardWatch(readers, (reader, input) => Observe(byReader[reader], input));
    }

    void Observe(ReaderShares seen, Tensor input)
    {
        if (failure is not null)
            return;
        try
        {
            seen.Observe(input);
        }
        catch (ArgumentException e)
        {
            // If training has diverged, let the loss report it; otherwise Scores does.
            failure = $"{seen.Reader.Layer.Label}: {e.Message}";
        }
    }

    public void Add(IImportanceObserver other)
    {
        if (other is not ContributionObserver alike || alike.shares.Length != shares.Length || alike.criterion != criterion)
            throw Criterion.NotAlike(this, other);
        failure ??= alike.failure;
        for (var i = 0; i < shares.Length; i++)
            shares[i].Accumulator.Add(alike.shares[i].Accumulator);
    }

    public IReadOnlyList<double[]> Scores()
    {
        if (failure is not null)
            throw new InvalidOperationException(failure);
        if (shares.All(s => s.Accumulator.Denominators == 0))
            throw new InvalidOperationException("No batch was observed, so there are no contributions to score. "
                + "Did the model run in training, with gradients recorded?");
        return [.. Enumerable.Range(0, map.Groups.Count).Select(Of)];
    }

    // Several readers: their weighted sums are one row of many. A neuron that one of them does not read has no share there.
    double[] Of(int group)
    {
        var total = new ContributionAccumulator(map.Groups[group].Size, criterion.Mode);
        var parts = shares.SelectMany(s => s.SlotsOf(group).Select(slots => (s.Accumulator, slots))).ToArray();
        foreach (var (accumulator, slots) in parts)
            total.Add(accumulator, slots);
        if (total.Denominators > 0)
            return criterion.Importance(total.Scores());
        var scores = new double[total.Neurons]; // Its readers were not called.
        if (parts.Length == 0)
            Array.Fill(scores, double.NaN);
        return scores;
    }

    public void Dispose() => watch.Dispose();
}

/// <summary>Shares in the weighted sums of one layer, over everything that it reads.</summary>
/// <remarks>
/// The accumulator counts slots of equally many features. Where every neuron owns one feature, or as many as all others side by side, slots
/// are the features as they lie, and nothing is copied. Elsewhere features are gathered: each neuron's in a slot, filled up with zeros,
/// which have no share, and then those that belong to nobody.
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
        var owned = reader.Parts.SelectMany(p => p.Indices).Where(i => i.Count > 0).ToArray();
        block = owned.Max(i => i.Count);
        if (features % block != 0 || !owned.All(i => i.Count == block && i[0] % block == 0 && i[^1] - i[0] == block - 1))
            gathered = Gather(owned, features, block);
        var places = gathered?.Index().Where(p => p.Item < features).ToDictionary(p => (int)p.Item, p => p.Index);
        foreach (var part in reader.Parts)
            slots[part] = [.. part.Indices.Select(i => i.Count == 0 ? -1 : (places is null ? i[0] : places[i[0]]) / block)];
        Accumulator = new((gathered?.Length ?? features) / block, mode) { Threads = threads };
        if (reader.Layer.Kind != LayerKind.Linear)
            (shape, border, borderMode) = Shape(reader.Layer);
    }

    public Reader Reader { get; }

    public ContributionAccumulator Accumulator { get; }

    /// <summary>
    /// Where a group's neurons are counted, for each time that the layer reads the group; -1 for a neuron that it does not read.
    /// </summary>
    public IEnumerable<int[]> SlotsOf(int group) => slots.Where(s => s.Key.Group == group).Select(s => s.Value);

    public void Observe(Tensor input)
    {
        // Asked for in every pass, as a run points parameters at other memory when it begins; of linear layers without a search, which
        // would take longer than small ones do.
        var weight = Reader.Layer.Module is Linear linear ? linear.weight! : Reader.Layer.Own("weight")!;
        var axis = Reader.Layer.FeatureAxis(input);
        if (axis == 0)
            (input, axis) = (input.unsqueeze(0), 1);
        if (border is not null)
            input = nn.functional.pad(input, border, borderMode);
        if (shape is null)
            Accumulator.ObserveLinear(Gathered(input, axis), Gathered(weight, 1), block);
        else
            Accumulator.ObserveConvolution(Gathered(input, axis), Gathered(weight, shape.Transposed ? 0 : 1), shape, block);
    }

    static long[] Gather(IReadOnlyList<IReadOnlyList<int>> owned, int features, int block)
    {
        var places = new List<long>();
        foreach (var neuron in owned)
            Fill(neuron);
        Fill(Enumerable.Range(0, features).Except(owned.SelectMany(n => n)));
        return [.. places];

        void Fill(IEnumerable<int> own)
        {
            places.AddRange(own.Select(feature => (long)feature));
            while (places.Count % block != 0)
                places.Add(features);
        }
    }

    Tensor Gathered(Tensor tensor, long dimension)
    {
        if (gathered is null)
            return tensor;
        long[] zero = [.. tensor.shape];
        zero[dimension] = 1;
        var padded = cat([tensor, zeros(zero, dtype: tensor.dtype, device: tensor.device)], dimension);
        return padded.index_select(dimension, torch.tensor(gathered, device: tensor.device));
    }

    /// <summary>How a convolution slides, and what it pads with where that is not zeros, or is uneven.</summary>
    internal static (ConvolutionShape Shape, long[]? Border, PaddingModes Mode) Shape(Layer layer)
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
