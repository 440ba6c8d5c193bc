using System.Text.Json.Serialization;
using MLNet.Pruning.Plans;

namespace MLNet.Pruning.Persistence;

/// <summary>Reads descriptions of networks from the blueprints' JSON; <c>kind</c> is the kind of network.</summary>
static class SavedDescription
{
    const int DefaultDepth = 4, DefaultHeads = 4;

    /// <summary>The network; null for a user module.</summary>
    public static NetworkDescription? Read(byte[] json)
    {
        if (Module(json).Kind == "module")
            return null;
        var saved = GuardedStream.Description(json, SavedJson.Default.Saved) ?? throw new InvalidDataException("it is null.");
        NetworkDescription description = saved.Kind switch
        {
            "feed-forward" => new FeedForwardDescription(saved.Sizes ?? [], saved.Activation ?? Activation.Relu),
            "conv-net" => new ConvNetDescription(saved.Image ?? [], saved.Channels ?? [], saved.Hidden ?? [], saved.Classes,
                saved.Activation ?? Activation.Relu, saved.BatchNorm),
            "vae" => new VaeDescription(saved.Image ?? [], saved.Channels ?? [], saved.Hidden ?? [], saved.Latent,
                saved.Activation ?? Activation.Relu, saved.DecoderHidden, saved.DecoderChannels),
            "vit" => Vit(saved),
            _ => throw new InvalidDataException($"there is no network of kind '{saved.Kind}'."),
        };
        description.Validate();
        return description;
    }

    /// <summary>The number of input values per row of a user module.</summary>
    public static int ModuleInputs(byte[] json)
    {
        var shape = Module(json).Shape;
        var count = shape?.Aggregate((Int128)1, (product, size) => size < 1 || product > int.MaxValue ? Int128.MaxValue : product * size);
        return shape is { Length: > 0 } && count <= int.MaxValue
            ? (int)count
            : throw new InvalidDataException($"the module's inputs have the shape [{string.Join(", ", shape ?? [])}]; "
                + "wanted at least one dimension, each at least 1.");
    }

    /// <summary>Adds the weights of the loss, which are stored with the names of columns.</summary>
    public static NetworkDescription WithLoss(NetworkDescription description, byte[] json)
    {
        var loss = GuardedStream.Description(json, SavedJson.Default.SavedLoss) ?? throw new InvalidDataException("it is null.");
        return WithLoss(description, loss.ReconstructionWeight, loss.DivergenceWeight);
    }

    /// <summary>Adds the weights of the loss.</summary>
    public static VaeDescription WithLoss(NetworkDescription? description, double reconstruction, double divergence)
    {
        if (description is not VaeDescription vae)
            throw new InvalidDataException("the network is no autoencoder.");
        vae = vae with { ReconstructionWeight = reconstruction, DivergenceWeight = divergence };
        vae.Validate();
        return vae;
    }

    public static SavedMerging ReadMerging(byte[] json) =>
        GuardedStream.Description(json, SavedJson.Default.SavedMerging) ?? throw new InvalidDataException("it is null.");

    static SavedModule Module(byte[] json) =>
        GuardedStream.Description(json, SavedJson.Default.SavedModule) ?? throw new InvalidDataException("it is null.");

    static VitDescription Vit(Saved saved)
    {
        int depth = saved.Heads?.Length ?? saved.Hidden?.Length ?? saved.LayerMerges?.Length ?? DefaultDepth;
        int[] heads = saved.Heads ?? [.. Enumerable.Repeat(DefaultHeads, depth)];
        int[] hidden = saved.Hidden ?? [.. Enumerable.Repeat(2 * saved.Dim, depth)];
        return new(saved.Image ?? [], saved.PatchSize, saved.Classes, saved.Dim, heads, saved.HeadSize, hidden,
            saved.Activation ?? Activation.Gelu, saved.Pooling, saved.Merge, saved.LayerMerges, saved.Input,
            saved.NormEpsilon);
    }
}

/// <summary>The properties of all kinds of blueprint.</summary>
sealed record Saved(
    string? Kind,
    int[]? Sizes,
    int[]? Image,
    int[]? Channels,
    int[]? Hidden,
    int[]? DecoderHidden,
    int[]? DecoderChannels,
    int[]? Heads,
    double[]? LayerMerges,
    Activation? Activation,
    VitPooling Pooling,
    VitInput Input,
    double Merge,
    int PatchSize,
    int Classes,
    int Latent,
    bool BatchNorm,
    int Dim = 64,
    int HeadSize = 16,
    double NormEpsilon = 1e-5);

/// <summary>The properties of a user module's blueprint.</summary>
sealed record SavedModule(string? Kind, long[]? Shape);

sealed record SavedLoss(double ReconstructionWeight = 1, double DivergenceWeight = 1);

/// <summary>A saved <c>MergeTokens</c> step of a pipeline.</summary>
sealed record SavedMerging(string? Output, int Height, int Width, int Channels, int PatchSize, int Merge)
{
    /// <summary>Whether a network reads these tokens as its feature column, from images without padding.</summary>
    public bool Makes(VitDescription vit, string features) => Output == features && vit.Image.SequenceEqual([Channels, Height, Width])
        && PatchSize == vit.PatchSize && vit.Grid.Count - vit.Tokens == Merge;
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true)]
[JsonSerializable(typeof(Saved))]
[JsonSerializable(typeof(SavedModule))]
[JsonSerializable(typeof(SavedLoss))]
[JsonSerializable(typeof(SavedMerging))]
sealed partial class SavedJson : JsonSerializerContext;
