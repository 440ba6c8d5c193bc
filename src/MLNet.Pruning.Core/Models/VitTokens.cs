using static TorchSharp.torch;

namespace MLNet.Pruning.Models;

/// <summary>The tokens of a batch between two blocks.</summary>
/// <param name="Values">[B, N, D]</param>
/// <param name="Sizes">[B, N]: how many patches each token stands for; null where each is one.</param>
/// <param name="Apart">Tokens at the front that never merge: 1 where there is a class token.</param>
readonly record struct VitTokens(Tensor Values, Tensor? Sizes, int Apart)
{
    /// <summary>Merges the most similar tokens.</summary>
    /// <param name="merge">How many merge away.</param>
    /// <param name="compared">[B, N, ...] what is compared.</param>
    public VitTokens Merged(int merge, Tensor compared)
    {
        var assignments = TokenAssignments.Match(compared, merge, Apart);
        return this with { Values = assignments.Merge(Values, Sizes), Sizes = assignments.MergeSizes(Sizes) };
    }
}
