using System.Text.RegularExpressions;
using MLNet.Pruning.Persistence;
using static TorchSharp.torch;

namespace MLNet.Pruning.Models;

/// <summary>
/// The tensors of a vision transformer of timm, torchvision or Hugging Face under the names of a <see cref="Vit"/>. Lives in the caller's
/// dispose scope.
/// </summary>
/// <remarks>
/// All three cut patches by a convolution, [D, C, P, P], where ours is a linear layer over pixels with adjacent channels, [D, P x P x C].
/// Their positions may include one for the class token, which becomes part of ours. LayerScale becomes part of the layer before it.
/// </remarks>
sealed partial class PretrainedVit
{
    const string Embedding = "embedding.weight", EmbeddingBias = "embedding.bias", Positions = "positions.weight",
        Class = "classToken.weight", MeanNorm = "meanNorm";

    // The convolution over patches, and what the library's norms add to the variance.
    static readonly (string Convolution, double Epsilon)[] Libraries =
        [("patch_embed.proj.weight", 1e-6), ("conv_proj.weight", 1e-6), ("embeddings.patch_embeddings.projection.weight", 1e-12)];

    // By our names; in this order those of timm, torchvision and Hugging Face.
    static readonly Dictionary<string, string> Names = ByTheirs(
        ("embedding", ["patch_embed.proj", "conv_proj", "embeddings.patch_embeddings.projection"]),
        (Class, ["cls_token", "class_token", "embeddings.cls_token"]),
        (Positions, ["pos_embed", "encoder.pos_embedding", "embeddings.position_embeddings"]),
        ("norm", ["norm", "encoder.ln", "layernorm"]),
        (MeanNorm, ["fc_norm"]),
        ("logits", ["head", "heads.head", "classifier"]));

    static readonly Dictionary<string, string> BlockNames = ByTheirs(
        ("attentionNorm", ["norm1", "ln_1", "layernorm_before"]),
        ("attention.qkv", ["attn.qkv", "self_attention.in_proj"]),
        ("query", ["attention.attention.query"]),
        ("key", ["attention.attention.key"]),
        ("value", ["attention.attention.value"]),
        ("attention.projection", ["attn.proj", "ls1", "self_attention.out_proj", "attention.output.dense"]),
        ("hiddenNorm", ["norm2", "ln_2", "layernorm_after"]),
        ("hidden", ["mlp.fc1", "mlp.linear_1", "mlp.0", "intermediate.dense"]),
        ("output", ["mlp.fc2", "ls2", "mlp.linear_2", "mlp.3", "output.dense"]));

    // Used in pretraining only, or a second answer beside the first.
    static readonly string[] Idle = ["mask_token", "embeddings.mask_token", "pooler.dense.weight", "pooler.dense.bias"];

    readonly string path;
    readonly Dictionary<string, Tensor> tensors = new(StringComparer.Ordinal);
    readonly List<string> unknown = [];

    PretrainedVit(IReadOnlyList<(string Name, StoredTensor Tensor)> stored, string path, string prefix, double epsilon)
    {
        (this.path, Epsilon) = (path, epsilon);
        foreach (var (name, tensor) in stored)
        {
            var shortened = name.StartsWith(prefix, StringComparison.Ordinal) ? name[prefix.Length..] : name;
            if (Idle.Contains(shortened))
                continue;
            if (Own(shortened) is { } own)
                tensors[own] = StateFile.ToTensor(tensor).to_type(ScalarType.Float32);
            else
                unknown.Add(name);
        }
        Depth = 1 + tensors.Keys.Select(name => Block().Match(name)).Where(m => m.Success).Max(m => (int?)Number(m)) ?? 0;
        if (Depth == 0 || !tensors.ContainsKey(Positions) || tensors[Embedding].Dimensions != 4
            || tensors[Embedding].shape[2] != tensors[Embedding].shape[3])
            throw new InvalidDataException($"'{path}' is of a vision transformer without blocks, without positions, or with patches that "
                + "are not square.");
        Join();
    }

    /// <summary>What norms add to the variance.</summary>
    public double Epsilon { get; }

    /// <summary>The number of blocks.</summary>
    public int Depth { get; }

    /// <summary>The tensors whose meaning is not known, by their names in the file.</summary>
    public IReadOnlyList<string> Unknown => unknown;

    public int Dim => (int)tensors[Embedding].shape[0];

    public int Channels => (int)tensors[Embedding].shape[1];

    public int PatchSize => (int)tensors[Embedding].shape[2];

    /// <summary>The number of classes; null if the file has no last layer.</summary>
    public int? Classes => tensors.TryGetValue("logits.weight", out var weight) ? (int)weight.shape[0] : null;

    public VitPooling Pooling => tensors.ContainsKey(Class) ? VitPooling.ClassToken : VitPooling.Mean;

    public IReadOnlyList<int> Hidden => [.. Enumerable.Range(0, Depth).Select(b => Rows($"blocks.{b}.hidden.weight"))];

    /// <summary>The width of the queries of each block.</summary>
    public IReadOnlyList<int> Queries => [.. Enumerable.Range(0, Depth).Select(b => Rows($"blocks.{b}.attention.qkv.weight") / 3)];

    /// <summary>Rows and columns of the patches that the positions are of; 0 if they are of no square.</summary>
    public int Side => Square(Prefix) is > 0 and var side ? side : Square(0);

    /// <summary>Finds a known vision transformer among tensors; null if there is none.</summary>
    public static PretrainedVit? Find(IReadOnlyList<(string Name, StoredTensor Tensor)> stored, string path)
    {
        foreach (var (convolution, epsilon) in Libraries)
            if (stored.FirstOrDefault(s => s.Name == convolution || s.Name.EndsWith($".{convolution}", StringComparison.Ordinal)).Name
                is { } name)
                return new(stored, path, name[..^convolution.Length], epsilon);
        return null;
    }

    /// <summary>The tensors of a <see cref="Vit"/> with this blueprint.</summary>
    /// <exception cref="InvalidDataException">The transformer computes another function, or its positions do not fit.</exception>
    public IReadOnlyList<(string Name, StoredTensor Tensor)> For(VitBlueprint blueprint)
    {
        if (blueprint.Pooling != Pooling)
            throw new InvalidDataException($"{nameof(VitBlueprint.Pooling)} is {blueprint.Pooling}; wanted {Pooling}, as '{path}' is of a "
                + $"transformer {(Pooling == VitPooling.Mean ? "without" : "with")} a class token.");
        var weights = new Dictionary<string, Tensor>(tensors, StringComparer.Ordinal);
        weights[Embedding] = weights[Embedding].permute(0, 2, 3, 1).reshape(Dim, -1);
        var places = weights[Positions].reshape(-1, Dim);
        var grid = blueprint.Grid;
        var apart = places.shape[0] == grid.Count ? 0 : places.shape[0] == grid.Count + Prefix || Square(Prefix) > 0 ? Prefix : 0;
        if (weights.TryGetValue(Class, out var token))
            weights[Class] = apart > 0 ? token.reshape(1, Dim).Plus(places.narrow(0, 0, 1)) : token.reshape(1, Dim);
        places = places.narrow(0, apart, places.shape[0] - apart);
        var fits = places.shape[0] == grid.Count || Side > 0;
        weights[Positions] = fits ? PositionResampling.Resize(places, Side, grid.Rows, grid.Columns) : throw new InvalidDataException(
            $"'{path}' has positions for {places.shape[0]} patches: no square, and not the {grid.Rows}x{grid.Columns} of the images.");
        return [.. weights.Select(w => (w.Key, StateFile.ToStored(w.Value, w.Key)))];
    }

    /// <summary>Makes (pixels - mean) / std a part of the embedding, which is exact: patches have no padding.</summary>
    public static IReadOnlyList<(string Name, StoredTensor Tensor)> Normalized(
        IReadOnlyList<(string Name, StoredTensor Tensor)> stored, long channels, IReadOnlyList<double>? mean, IReadOnlyList<double>? std)
    {
        foreach (var (values, name) in new[] { (mean, nameof(PretrainedWeights.Mean)), (std, nameof(PretrainedWeights.Std)) })
            if (values is not null && values.Count != channels)
                throw new ArgumentException($"{name} has {values.Count} numbers; wanted one for each of the {channels} channels.");
        var weights = stored.ToDictionary(s => s.Name, s => s.Tensor, StringComparer.Ordinal);
        if (!weights.TryGetValue(Embedding, out var weight) || !weights.TryGetValue(EmbeddingBias, out var bias))
            return stored;
        var scaled = StateFile.ToTensor(weight).to_type(ScalarType.Float64).reshape(weight.Shape[0], -1, channels);
        if (std is not null)
            scaled = scaled.div(tensor(std.ToArray()));
        var shifted = StateFile.ToTensor(bias).to_type(ScalarType.Float64);
        if (mean is not null)
            shifted = shifted.Plus(scaled.sum(1L).mv(tensor(mean.ToArray())).neg());
        weights[Embedding] = StateFile.ToStored(scaled.reshape(weight.Shape).to_type(ScalarType.Float32), Embedding);
        weights[EmbeddingBias] = StateFile.ToStored(shifted.to_type(ScalarType.Float32), EmbeddingBias);
        return [.. weights.Select(w => (w.Key, w.Value))];
    }

    int Prefix => tensors.ContainsKey(Class) ? 1 : 0;

    int Rows(string name) => tensors.TryGetValue(name, out var tensor) ? (int)tensor.shape[0]
        : throw new InvalidDataException($"'{path}' has no weight for '{name}', which a vision transformer of {Depth} blocks has.");

    int Square(int apart)
    {
        if (!tensors.TryGetValue(Positions, out var positions) || positions.NumberOfElements % Dim != 0)
            throw new InvalidDataException($"'{path}' has no positions of {Dim} numbers each, as a vision transformer of that width has.");
        var count = positions.NumberOfElements / Dim - apart;
        var side = (int)Math.Round(Math.Sqrt(count));
        return (long)side * side == count ? side : 0;
    }

    /// <summary>Joins what our layers have in one piece: queries, keys and values; a layer and its LayerScale; the final norm.</summary>
    void Join()
    {
        for (var b = 0; b < Depth; b++)
        {
            string block = $"blocks.{b}", qkv = $"{block}.attention.qkv";
            foreach (var kind in (string[])["weight", "bias"])
            {
                string[] parts = [.. ((string[])["query", "key", "value"]).Select(part => $"{block}.{part}.{kind}")];
                if (parts.All(tensors.ContainsKey))
                    tensors[$"{qkv}.{kind}"] = cat([.. parts.Select(part => tensors[part])]);
                foreach (var part in parts)
                    tensors.Remove(part);
            }
            if (tensors.TryGetValue($"{qkv}.weight", out var weight))
                tensors.TryAdd($"{qkv}.bias", zeros(weight.shape[0]));
            foreach (var layer in (string[])[$"{block}.attention.projection", $"{block}.output"])
            {
                if (!tensors.Remove($"{layer}.gamma", out var scale))
                    continue;
                if (!tensors.TryGetValue($"{layer}.weight", out var own) || !tensors.TryGetValue($"{layer}.bias", out var bias)
                    || scale.Dimensions != 1 || own.Dimensions != 2 || own.shape[0] != scale.shape[0]
                    || !bias.shape.SequenceEqual(scale.shape))
                    throw new InvalidDataException($"'{path}' has a LayerScale for '{layer}' that does not fit its weight and bias.");
                tensors[$"{layer}.weight"] = own.mul(scale.unsqueeze(1));
                tensors[$"{layer}.bias"] = bias.mul(scale);
            }
        }
        // The mean comes before fc_norm as before our norm; after timm's norm, it would be another function.
        var pooled = Pooling == VitPooling.Mean;
        foreach (var kind in (string[])["weight", "bias"])
            if (tensors.Remove($"{MeanNorm}.{kind}", out var norm) && pooled)
                tensors[$"norm.{kind}"] = norm;
            else if (norm is not null)
                unknown.Add($"fc_norm.{kind} beside a class token");
            else if (pooled && tensors.ContainsKey($"norm.{kind}"))
                unknown.Add($"norm.{kind} before a mean");
    }

    static Dictionary<string, string> ByTheirs(params (string Own, string[] Theirs)[] names) => names
        .SelectMany(name => name.Theirs.Select(theirs => (theirs, name.Own))).ToDictionary(StringComparer.Ordinal);

    static string? Own(string name)
    {
        if (Names.TryGetValue(name, out var alone) && alone is Class or Positions)
            return alone;
        name = name.Replace("in_proj_", "in_proj.", StringComparison.Ordinal);
        var dot = name.LastIndexOf('.');
        if (dot < 0)
            return null;
        var (layer, kind) = (name[..dot], name[dot..]);
        if (Names.TryGetValue(layer, out var own))
            return own + kind;
        return Theirs().Match(layer) is { Success: true } block && BlockNames.TryGetValue(block.Groups[2].Value, out var part)
            ? $"blocks.{Number(block)}.{part}{kind}" : null;
    }

    static int Number(Match block) => int.Parse(block.Groups[1].ValueSpan, System.Globalization.CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^(?:blocks\.|encoder\.layers\.encoder_layer_|encoder\.layer\.)(\d{1,4})\.(.+)$", RegexOptions.CultureInvariant)]
    private static partial Regex Theirs();

    [GeneratedRegex(@"^blocks\.(\d{1,4})\.", RegexOptions.CultureInvariant)]
    private static partial Regex Block();
}
