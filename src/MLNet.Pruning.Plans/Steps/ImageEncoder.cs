using MLNet.Pruning.Plans.Kernels;

namespace MLNet.Pruning.Plans.Steps;

/// <summary>
/// Convolution blocks in sequence, one image at a time. The output is a row of features per image: the last block's channels, one after
/// the other.
/// </summary>
sealed unsafe class ImageEncoder
{
    readonly ConvolutionBlock[] blocks;
    readonly int imageWidth;
    readonly int buffer, other;

    /// <param name="image">Channels, height and width.</param>
    /// <param name="weights">The blocks' weights, batch norm taken in.</param>
    public ImageEncoder(
        KernelSet kernels, IReadOnlyList<int> image, IEnumerable<LinearWeights> weights, Activation activation, KernelChoice choice,
        WorkspaceLayout layout)
    {
        imageWidth = image[0] * image[1] * image[2];
        blocks = [.. weights.Select((w, i) => new ConvolutionBlock(kernels, w, activation, choice, image[1] >> i, image[2] >> i, layout))];
        buffer = layout.Add(blocks.Max(block => block.Outputs));
        other = layout.Add(blocks.Max(block => block.Outputs));
    }

    public IEnumerable<PlanStep> Steps => blocks.Select(block => block.Step);

    /// <summary>The number of features of an image.</summary>
    public int Features => blocks[^1].Outputs;

    /// <param name="images">[count][channels][height][width]</param>
    /// <param name="features">[count][<see cref="Features"/>]; written.</param>
    public void Compute(Workspace workspace, float* images, int count, float* features)
    {
        for (int image = 0; image < count; image++, images += imageWidth, features += Features)
        {
            float* from = images, to = workspace.At(buffer), next = workspace.At(other);
            for (int b = 0; b < blocks.Length; b++)
            {
                float* target = b == blocks.Length - 1 ? features : to;
                blocks[b].Compute(workspace, from, target);
                from = target;
                to = next;
                next = target;
            }
        }
    }
}
