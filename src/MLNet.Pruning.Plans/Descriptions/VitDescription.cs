using MLNet.Pruning.Tokens;

namespace MLNet.Pruning.Plans;

/// <summary>
/// A vision transformer that can merge similar patches before its first block, and similar tokens within each block. Its weights are named
/// <c>embedding</c>, <c>positions</c>, <c>classToken</c>, <c>blocks.{b}.attentionNorm</c>, <c>.attention.qkv</c>,
/// <c>.attention.projection</c>, <c>.hiddenNorm</c>, <c>.hidden</c> and <c>.output</c> (b from 0), <c>norm</c> and <c>logits</c>.
/// </summary>
/// <param name="Image">Channels, height and width of an image; patches must divide it.</param>
/// <param name="PatchSize">Rows and columns of a patch.</param>
/// <param name="Classes">The number of logits.</param>
/// <param name="Dim">Values per token between the blocks.</param>
/// <param name="Heads">The attention heads of each block.</param>
/// <param name="HeadSize">Values of a head's queries, keys and values.</param>
/// <param name="Hidden">The hidden neurons of each block.</param>
/// <param name="Activation">The activation of the hidden neurons.</param>
/// <param name="Pooling">How the tokens are combined into one vector.</param>
/// <param name="Merge">Patches that merge before the first block: a fraction below 1, or a number from 1; at most half. For
/// <see cref="VitInput.Tokens"/>, the patches that have merged already.</param>
/// <param name="LayerMerges">Tokens that merge after each block's attention, as fractions of those that are left or as numbers; null for
/// none.</param>
/// <param name="Input">What a row of the input holds.</param>
/// <param name="NormEpsilon">What all norms add to the variance; above 0.</param>
public sealed record VitDescription(
    IReadOnlyList<int> Image,
    int PatchSize,
    int Classes,
    int Dim,
    IReadOnlyList<int> Heads,
    int HeadSize,
    IReadOnlyList<int> Hidden,
    Activation Activation = Activation.Gelu,
    VitPooling Pooling = VitPooling.Mean,
    double Merge = 0,
    IReadOnlyList<double>? LayerMerges = null,
    VitInput Input = VitInput.Pixels,
    double NormEpsilon = 1e-5) : NetworkDescription
{
    /// <summary>The number of blocks.</summary>
    public int Depth => Heads.Count;

    /// <summary>How images are cut into patches.</summary>
    public PatchGrid Grid => new(Image[1], Image[2], Image[0], PatchSize);

    /// <summary>Tokens of an image at the first block, without a class token.</summary>
    public int Tokens => Grid.Count - MergeAmount.Of(Merge, Grid.Count);

    /// <inheritdoc/>
    public override int InputWidth => Input == VitInput.Pixels ? Grid.ImageValues : (Tokens * (Grid.TokenWidth + 1)) + Grid.Count;

    internal int[] BlockMerges()
    {
        var merges = new int[Depth];
        for (int block = 0, left = Tokens; LayerMerges is not null && block < merges.Length; block++)
            left -= merges[block] = MergeAmount.Of(LayerMerges[block], left);
        return merges;
    }

    /// <inheritdoc/>
    public override void Validate()
    {
        CheckImage(Image, "vision transformer");
        if (PatchSize < 1 || Image[1] % PatchSize != 0 || Image[2] % PatchSize != 0)
            throw new ArgumentException($"Patches of {PatchSize}x{PatchSize} do not divide "
                + $"images of {Image[1]}x{Image[2]} (height x width).");
        if ((long)(Image[1] / PatchSize) * (Image[2] / PatchSize) > 1 << 16)
            throw new ArgumentException($"Images of {Image[1]}x{Image[2]} have more than {1 << 16} patches of {PatchSize}x{PatchSize}.");
        CheckAtLeastOne(Classes, "The number of classes");
        CheckAtLeastOne(Dim, "The number of a token's values");
        CheckAtLeastOne(HeadSize, "The size of a head");
        CheckSizes(Heads, "block's head", 1);
        CheckSizes(Hidden, "hidden layer", 1);
        if (Hidden.Count != Depth || (LayerMerges?.Count ?? Depth) != Depth)
            throw new ArgumentException($"The vision transformer has {Depth} blocks, {Hidden.Count} counts of hidden neurons "
                + $"and {LayerMerges?.Count ?? Depth} merges; "
                + "there must be one for each block.");
        CheckActivation(Activation);
        if (!Enum.IsDefined(Pooling))
            throw new ArgumentException($"There is no pooling {Pooling}.");
        if (!Enum.IsDefined(Input))
            throw new ArgumentException($"There is no input {Input}.");
        if (!(NormEpsilon > 0 && double.IsFinite(NormEpsilon)))
            throw new ArgumentException(FormattableString.Invariant($"The epsilon of the norms is {NormEpsilon}; it must be above 0."));
        _ = Tokens;
        BlockMerges();
    }
}
