using System.Text.Json.Serialization;
using MLNet.Pruning.Models;
using MLNet.Pruning.Tokens;

namespace MLNet.Pruning;

/// <summary>The blueprint of a <see cref="Vit"/>. Its blocks may differ from each other after heads and neurons were pruned.</summary>
/// <param name="Image">Channels, height and width of an image; patches must divide it.</param>
/// <param name="PatchSize">Rows and columns of a patch.</param>
/// <param name="Classes">The number of logits.</param>
/// <param name="Dim">Values per token between the blocks.</param>
/// <param name="Heads">The attention heads of each block; null for 4 in each.</param>
/// <param name="HeadSize">Values of a head's queries, keys and values.</param>
/// <param name="Hidden">The hidden neurons of each block; null for twice <paramref name="Dim"/> in each.</param>
/// <param name="Activation">The activation of the hidden neurons.</param>
/// <param name="Pooling">How the tokens are combined into one vector.</param>
/// <param name="Dropout">The fraction of the output of attention and hidden layers that is dropped out in training; in [0, 1).</param>
/// <param name="Merge">
/// Patches that merge before the first block: a fraction below 1, or a number from 1; at most half. For <see cref="VitInput.Tokens"/>, the
/// patches that have merged already.
/// </param>
/// <param name="LayerMerges">
/// Tokens that merge after each block's attention, as fractions of those that are left or as numbers; null for none.
/// </param>
/// <param name="Input">What a row of the input holds.</param>
/// <param name="NormEpsilon">What all norms add to the variance; above 0.</param>
public sealed record VitBlueprint(
    IReadOnlyList<long> Image,
    int PatchSize,
    int Classes,
    int Dim = 64,
    IReadOnlyList<int>? Heads = null,
    int HeadSize = 16,
    IReadOnlyList<int>? Hidden = null,
    Activation Activation = Activation.Gelu,
    VitPooling Pooling = VitPooling.Mean,
    double Dropout = 0,
    double Merge = 0,
    IReadOnlyList<double>? LayerMerges = null,
    VitInput Input = VitInput.Pixels,
    double NormEpsilon = 1e-5) : Blueprint
{
    const int DefaultDepth = 4, DefaultHeads = 4;

    // What published vision transformers have, from tiny to gigantic.
    const int PublishedHead = 64, LargeDim = 1024, LargeHeads = 16;

    // Positions, and the logits of attention between all pairs of tokens, must keep a reasonable size.
    const int MaximumTokens = 1 << 16;

    /// <summary>Makes a blueprint of a transformer whose blocks are all alike.</summary>
    /// <param name="image">Channels, height and width of an image.</param>
    /// <param name="patchSize">Rows and columns of a patch.</param>
    /// <param name="classes">How many logits there are.</param>
    /// <param name="dim">Values per token; a multiple of <paramref name="heads"/>.</param>
    /// <param name="depth">The number of blocks.</param>
    /// <param name="heads">Attention heads per block.</param>
    /// <param name="hidden">Hidden neurons per block; 0 for twice <paramref name="dim"/>.</param>
    public static VitBlueprint For(IReadOnlyList<long> image, int patchSize, int classes, int dim = 64, int depth = DefaultDepth,
        int heads = DefaultHeads, int hidden = 0)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(depth, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(heads, 1);
        if (dim < 1 || dim % heads != 0)
            throw new ArgumentException($"Tokens of {dim} values cannot be split over {heads} heads; the values must be a multiple of the "
                + "heads.", nameof(dim));
        return new(image, patchSize, classes, dim, [.. Enumerable.Repeat(heads, depth)], dim / heads,
            [.. Enumerable.Repeat(hidden > 0 ? hidden : 2 * dim, depth)]);
    }

    /// <summary>
    /// Makes the blueprint of a vision transformer of timm, torchvision or Hugging Face, as its tensors and their names tell it. Load the
    /// weights into the model with <see cref="PretrainedWeights.LoadInto"/>.
    /// </summary>
    /// <param name="weights">The file.</param>
    /// <param name="classes">How many logits there are; null for those of the file.</param>
    /// <param name="image">Channels, height and width of an image; null for those of the file. Loading resamples the positions.</param>
    /// <param name="heads">
    /// Attention heads per block, which the file does not tell; 0 for what published models have: heads of 64 values up to a width of
    /// 1024, and 16 heads above.
    /// </param>
    /// <exception cref="InvalidDataException">The file is damaged, or of another kind of network.</exception>
    /// <exception cref="ArgumentException">A value does not fit the file; the message names it.</exception>
    public static VitBlueprint OfPretrained(
        PretrainedWeights weights, int? classes = null, IReadOnlyList<long>? image = null, int heads = 0)
    {
        ArgumentNullException.ThrowIfNull(weights);
        return Published(weights, classes, _ => image, heads) ?? throw new InvalidDataException($"'{weights.Path}' has no tensors with the "
            + "names of a vision transformer of timm, torchvision or Hugging Face.");
    }

    /// <summary>As <see cref="OfPretrained"/>; null if the file has other names.</summary>
    internal static VitBlueprint? Published(PretrainedWeights weights, int? classes, Func<int, IReadOnlyList<long>?> imageOfChannels,
        int heads)
    {
        weights.Validate();
        using var scope = TorchSharp.torch.NewDisposeScope();
        if (PretrainedVit.Find(weights.Renamed(), weights.Path) is not { } file)
            return null;
        var (dim, image) = (file.Dim, imageOfChannels(file.Channels));
        if (heads == 0)
            heads = dim > LargeDim ? LargeHeads : dim % PublishedHead == 0 ? dim / PublishedHead : throw new ArgumentException(
                $"Heads is 0, and '{weights.Path}' has tokens of {dim} values, which are not heads of {PublishedHead}; say how many there "
                + "are.");
        if (heads < 1 || dim % heads != 0 || file.Queries.Any(width => width % (dim / heads) != 0))
            throw new ArgumentException($"Heads is {heads}, which does not divide the {dim} values of a token in '{weights.Path}'.");
        if (image is null && file.Side == 0)
            throw new ArgumentException($"The patches of '{weights.Path}' are no square; give the size of its images.");
        var pixels = (long)file.Side * file.PatchSize;
        image ??= [file.Channels, pixels, pixels];
        if (image.Count == 3 && image[0] != file.Channels)
            throw new ArgumentException($"The images have {image[0]} channels; '{weights.Path}' is of images of {file.Channels}.");
        return new(image, file.PatchSize, classes ?? file.Classes ?? throw new ArgumentException(
            $"'{weights.Path}' has no last layer; say how many classes there are."), dim, [.. file.Queries.Select(width => width / (dim
            / heads))], dim / heads, file.Hidden, Pooling: file.Pooling, NormEpsilon: file.Epsilon);
    }

    /// <summary>The number of blocks.</summary>
    [JsonIgnore]
    public int Depth => Heads?.Count ?? Hidden?.Count ?? LayerMerges?.Count ?? DefaultDepth;

    /// <summary>The attention heads of each block.</summary>
    [JsonIgnore]
    public IReadOnlyList<int> BlockHeads => Heads ?? [.. Enumerable.Repeat(DefaultHeads, Depth)];

    /// <summary>The hidden neurons of each block.</summary>
    [JsonIgnore]
    public IReadOnlyList<int> BlockHidden => Hidden ?? [.. Enumerable.Repeat(2 * Dim, Depth)];

    /// <summary>How images are cut into patches.</summary>
    [JsonIgnore]
    public PatchGrid Grid => new((int)Image[1], (int)Image[2], (int)Image[0], PatchSize);

    /// <summary>Tokens of an image at the first block, without a class token.</summary>
    [JsonIgnore]
    public int Tokens => Grid.Count - MergeAmount.Of(Merge, Grid.Count);

    internal int[] BlockMerges()
    {
        var merges = new int[Depth];
        for (int block = 0, left = Tokens; LayerMerges is not null && block < merges.Length; block++)
            left -= merges[block] = MergeAmount.Of(LayerMerges[block], left);
        return merges;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<long> InputShape => Input == VitInput.Pixels ? Image
        : [((long)Tokens * (Grid.TokenWidth + 1)) + Grid.Count];

    /// <inheritdoc/>
    public override Vit Build() => RandomState.Draw(() => new Vit(this));

    internal override Int128 WeightCount => (Int128)Dim * (Grid.TokenWidth + Grid.Count + (long)Classes
        + BlockHeads.Zip(BlockHidden).Aggregate((Int128)0, (sum, block) => sum + (4L * block.First * HeadSize) + (2L * block.Second)));

    /// <inheritdoc/>
    public override void Validate()
    {
        ImageParts.CheckImage(Image, "vision transformer");
        if (PatchSize < 1 || Image[1] % PatchSize != 0 || Image[2] % PatchSize != 0)
            throw new ArgumentException($"Patches of {PatchSize}x{PatchSize} do not divide images of {Image[1]}x{Image[2]} (height x "
                + "width).");
        if (Image[1] / PatchSize * (Image[2] / PatchSize) is > MaximumTokens and var many)
            throw new ArgumentException($"Images of {Image[1]}x{Image[2]} have {many} patches of {PatchSize}x{PatchSize}; a vision "
                + $"transformer takes at most {MaximumTokens}.");
        _ = Grid;
        if (Classes < 1)
            throw new ArgumentException($"The vision transformer has {Classes} classes; it must have at least 1.");
        if (Dim < 1)
            throw new ArgumentException($"The tokens of the vision transformer have {Dim} values; they must have at least 1.");
        if (HeadSize < 1)
            throw new ArgumentException($"The heads of the vision transformer have {HeadSize} values; they must have at least 1.");
        ImageParts.CheckSizes(BlockHeads, "block's head", 1);
        ImageParts.CheckSizes(BlockHidden, "hidden layer", 1);
        CheckBlocks(BlockHeads.Count, "counts of heads");
        CheckBlocks(BlockHidden.Count, "counts of hidden neurons");
        ImageParts.CheckActivation(Activation);
        if (!Enum.IsDefined(Pooling))
            throw new ArgumentException($"There is no pooling {Pooling}.");
        if (!Enum.IsDefined(Input))
            throw new ArgumentException($"There is no input {Input}.");
        if (!(NormEpsilon > 0 && double.IsFinite(NormEpsilon)))
            throw new ArgumentException(FormattableString.Invariant($"The epsilon of the norms is {NormEpsilon}; it must be above 0."));
        if (Dropout is not (>= 0 and < 1))
            throw new ArgumentException(
                FormattableString.Invariant($"Dropout is {Dropout}; it must be at least 0 and below 1{Fractions.Hint(Dropout)}."));
        _ = Tokens;
        CheckBlocks(LayerMerges?.Count ?? Depth, "merges");
        BlockMerges();
    }

    void CheckBlocks(int found, string what)
    {
        if (found != Depth)
            throw new ArgumentException($"The vision transformer has {Depth} blocks and {found} {what}; there must be one for each block.");
    }

    /// <summary>Whether the other blueprint describes the same network.</summary>
    public bool Equals(VitBlueprint? other) => other is not null && Image.SequenceEqual(other.Image)
        && BlockHeads.SequenceEqual(other.BlockHeads) && BlockHidden.SequenceEqual(other.BlockHidden)
        && (PatchSize, Classes, Dim, HeadSize, Activation, Pooling, Dropout, Input) == (other.PatchSize, other.Classes, other.Dim,
            other.HeadSize, other.Activation, other.Pooling, other.Dropout, other.Input) && NormEpsilon.Equals(other.NormEpsilon)
        && Merge.Equals(other.Merge) && (LayerMerges ?? []).SequenceEqual(other.LayerMerges ?? []);

    /// <inheritdoc/>
    public override int GetHashCode() => BlockHeads
        .Concat(BlockHidden).Aggregate(HashCode.Combine(PatchSize, Classes, Dim, HeadSize, Activation, Pooling, Merge, Input),
        HashCode.Combine);
}
