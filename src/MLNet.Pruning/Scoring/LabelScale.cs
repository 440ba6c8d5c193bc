using System.Buffers.Binary;
using System.Text;
using MLNet.Pruning.Models;
using static TorchSharp.torch;

namespace MLNet.Pruning.Scoring;

/// <summary>
/// The mean and the deviation of a regressor's labels. While it trains, the network computes (label - mean) / deviation; a trained network
/// computes the label itself.
/// </summary>
/// <param name="Mean">The mean.</param>
/// <param name="Deviation">The standard deviation; above 0.</param>
/// <param name="Layer">The name of the linear layer that takes the scale, from <see cref="OutputLayer.Find"/>.</param>
sealed record LabelScale(double Mean, double Deviation, string Layer)
{
    /// <summary>The entry of a checkpoint's metadata.</summary>
    public const string Entry = "label scale";

    const int Numbers = 2 * sizeof(double);

    /// <summary>Makes a network that was trained compute labels.</summary>
    public void Apply(nn.Module network) => OutputLayer.Scale(network, Layer, Deviation, Mean);

    /// <summary>Makes a network that computes labels ready to be trained further.</summary>
    public void Remove(nn.Module network) => OutputLayer.Scale(network, Layer, 1 / Deviation, -Mean / Deviation);

    /// <summary>Adds the scale to the metadata of checkpoints.</summary>
    public void Add(Dictionary<string, byte[]> metadata)
    {
        byte[] bytes = [.. new byte[Numbers], .. Encoding.UTF8.GetBytes(Layer)];
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
        if (bytes.Length >= Numbers)
        {
            double mean = BinaryPrimitives.ReadDoubleLittleEndian(bytes);
            double deviation = BinaryPrimitives.ReadDoubleLittleEndian(bytes.AsSpan(sizeof(double)));
            if (double.IsFinite(mean) && deviation is > 0 and < double.PositiveInfinity)
                return new(mean, deviation, Encoding.UTF8.GetString(bytes.AsSpan(Numbers)));
        }
        throw new InvalidDataException($"The checkpoint's {Entry} is damaged.");
    }
}
