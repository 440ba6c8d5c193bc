using MLNet.Pruning.Tokens;
using static TorchSharp.torch;

namespace MLNet.Pruning.Models;

/// <summary>The tokens of a batch between two blocks.</summary>
/// <param name="Values">[B, N, D]</param>
/// <param name="Sizes">[B, N]: how many patches each token stands for; null if none has merged.</param>
/// <param name="Apart">The number of tokens at the front that never merge: 1 if there is a class token.</param>
readonly record struct VitTokens(Tensor Values, Tensor? Sizes, int Apart)
{
    /// <summary>Merges the most similar tokens.</summary>
    /// <param name="merge">How many tokens merge away.</param>
    /// <param name="compared">[B, N, ...]: the values to compare.</param>
    public VitTokens Merged(int merge, Tensor compared)
    {
        var assignments = TokenAssignments.Match(compared, merge, Apart);
        return this with { Values = assignments.Merge(Values, Sizes), Sizes = assignments.MergeSizes(Sizes) };
    }
}

/// <summary>A batch of input before any learnt layer.</summary>
/// <param name="Values">[B, K, values of a patch]; merged tokens are the means of their patches.</param>
/// <param name="Sizes">[B, K]: how many patches each token stands for; null if none has merged.</param>
/// <param name="Shares">[B, K, N]: the share of each patch in each token; null if none has merged.</param>
readonly record struct VitPatches(Tensor Values, Tensor? Sizes, Tensor? Shares)
{
    /// <summary>Cuts images, and merges their most similar patches.</summary>
    /// <param name="input">[B, C, H, W], or flat rows.</param>
    /// <param name="grid">How images are cut.</param>
    /// <param name="merge">How many patches merge away.</param>
    public static VitPatches OfPixels(Tensor input, PatchGrid grid, int merge)
    {
        var (images, p) = (input.shape[0], grid.PatchSize);
        // Order: patches row by row, within a patch pixels row by row, the channels of a pixel side by side.
        var patches = input.reshape(images, grid.Channels, grid.Rows, p, grid.Columns, p).permute(0, 2, 4, 3, 5, 1).reshape(images,
            grid.Count, grid.TokenWidth);
        if (merge == 0)
            return new(patches, null, null);
        using var assignments = TokenAssignments.Match(patches, merge);
        var members = assignments.Members(patches.dtype);
        var sizes = members.sum(2L);
        var shares = members / sizes.unsqueeze(2);
        return new(shares.matmul(patches), sizes, shares);
    }

    /// <summary>Reads rows of tokens, their sizes, and the token that each patch went to.</summary>
    /// <param name="input">[B, K values of a patch + K + N]</param>
    /// <param name="grid">How the images were cut.</param>
    /// <param name="tokens">K</param>
    public static VitPatches OfTokens(Tensor input, PatchGrid grid, int tokens)
    {
        var values = (long)tokens * grid.TokenWidth;
        var rows = input.reshape(-1, values + tokens + grid.Count);
        var sizes = rows.narrow(1, values, tokens);
        // A NaN must not spread from one token to the whole image through the token's size.
        sizes = where(sizes.gt(Scalars.Zero), sizes, ones_like(sizes));
        using var assignments = TokenAssignments.Of(rows.narrow(1, values + tokens, grid.Count), tokens);
        return new(rows.narrow(1, 0, values).reshape(-1, tokens, grid.TokenWidth), sizes,
            assignments.Members(rows.dtype) / sizes.unsqueeze(2));
    }
}
