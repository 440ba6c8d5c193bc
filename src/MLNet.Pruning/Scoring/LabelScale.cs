using System.Buffers.Binary;
using MLNet.Pruning.Models;
using static TorchSharp.torch;

namespace MLNet.Pruning.Scoring;

/// <summary>
/// The mean and the deviation of a regressor's labels. While it trains, the network computes (label - mean) / deviation; a trained network
/// computes the label itself.
/// </summary>
sealed record LabelScale(double Mean, double Deviation)
{
    /// <summary>The entry of a checkpoint's metadata.</summary>
    public const string Entry = "label scale";

    /// <summary>Whether a network can have its scale in its last layer; one that ends with an activation chooses its own range.</summary>
    public bool Fits(nn.Module network, IReadOnlyList<long> shape) =>
        OutputLayer.Find((nn.Module<Tensor, Tensor>)network, shape, Deviation, Mean) is not null;

    /// <summary>Makes a network that was trained compute labels.</summary>
    public void Apply(nn.Module network, IReadOnlyList<long> shape) => Change(network, shape, Deviation, Mean);

    /// <summary>Makes a network that computes labels ready to be trained further.</summary>
    public void Remove(nn.Module network, IReadOnlyList<long> shape) => Change(network, shape, 1 / Deviation, -Mean / Deviation);

    /// <summary>Adds the scale to the metadata of checkpoints.</summary>
    public void Add(Dictionary<string, byte[]> metadata)
    {
        var bytes = new byte[2 * sizeof(double)];
        BinaryPrimitives.WriteDoubleLittleEndian(bytes, Mean);
        BinaryPrimitives.WriteDoubleLittleEndian(bytes.AsSpan(sizeof(double)), Deviation);
        metadata[Entry] = bytes;
    }

    /// <summary>The scale in the metadata of a checkpoint; null if there is none.</summary>
    /// <exception cref="InvalidDataException">It is damaged.</exception>
    public static LabelScale? Of(IReadOnlyDictionary<string, byte[]> metadata)
    {
        if (!metadata.TryGetValue(Entry, out var bytes))
            return null;
        if (bytes.Length == 2 * sizeof(double))
        {
            double mean = BinaryPrimitives.ReadDoubleLittleEndian(bytes);
            double deviation = BinaryPrimitives.ReadDoubleLittleEndian(bytes.AsSpan(sizeof(double)));
            if (double.IsFinite(mean) && deviation is > 0 and < double.PositiveInfinity)
                return new(mean, deviation);
        }
        throw new InvalidDataException($"The checkpoint's {Entry} is damaged.");
    }

    static void Change(nn.Module network, IReadOnlyList<long> shape, double scale, double offset) =>
        OutputLayer.Scale(OutputLayer.Find((nn.Module<Tensor, Tensor>)network, shape, scale, offset)
            ?? throw new InvalidOperationException("The network does not end with the linear layer that it began with."), scale, offset);
}
