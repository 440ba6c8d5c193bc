using System.Buffers.Binary;
using static TorchSharp.torch;

namespace MLNet.Pruning.Scoring;

/// <summary>
/// Pixels from 0 to 255, as ML.NET's <c>ExtractPixels</c> gives them, are too large to train on. A network for images trains on
/// <see cref="Factor"/> times them; the first layer of the trained network has the factor in its weights, so that it reads the pixels
/// themselves, in plans, files and exports alike.
/// </summary>
/// <param name="Layer">The name of the first layer.</param>
sealed record PixelScale(string Layer)
{
    /// <summary>The entry of a checkpoint's metadata.</summary>
    public const string Entry = "pixel scale";

    /// <summary>A power of two, which weights are multiplied by without rounding: scores are those of the network that trained.</summary>
    public const float Factor = 1f / 256;

    /// <summary>Pixels from 0 to 1, and standardized ones, stay below; 8-bit pixels exceed it in any picture that is not black.</summary>
    public const float Threshold = 16;

    /// <summary>So many rows tell: a picture among them that is not black is enough.</summary>
    public const int Rows = 64;

    /// <summary>The first layer of a network for images; null for other networks, whose features may be anything.</summary>
    public static string? LayerOf(Blueprint blueprint) => blueprint switch
    {
        ConvNetBlueprint => "features.conv1",
        VitBlueprint => "embedding",
        _ => null,
    };

    /// <summary>Makes a network that was trained read the pixels themselves.</summary>
    public void Apply(nn.Module network) => Multiply(network, Factor);

    /// <summary>Makes a network that reads the pixels themselves ready to be trained further.</summary>
    public void Remove(nn.Module network) => Multiply(network, 1 / Factor);

    /// <summary>Adds the scale to the metadata of checkpoints.</summary>
    public void Add(Dictionary<string, byte[]> metadata)
    {
        byte[] factor = new byte[sizeof(float)];
        BinaryPrimitives.WriteSingleLittleEndian(factor, Factor);
        metadata[Entry] = factor;
    }

    /// <summary>The scale in the metadata of a checkpoint; null if there is none.</summary>
    /// <exception cref="InvalidDataException">It is damaged, or of another network.</exception>
    public static PixelScale? Of(IReadOnlyDictionary<string, byte[]> metadata, Blueprint blueprint)
    {
        if (!metadata.TryGetValue(Entry, out var factor))
            return null;
        return factor.Length == sizeof(float) && BinaryPrimitives.ReadSingleLittleEndian(factor) == Factor
            && LayerOf(blueprint) is { } layer ? new(layer) : throw new InvalidDataException($"The checkpoint's {Entry} is damaged.");
    }

    void Multiply(nn.Module network, double factor)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var weight = network.get_parameter($"{Layer}.weight")!;
        weight.copy_(weight.Times(factor));
    }
}
