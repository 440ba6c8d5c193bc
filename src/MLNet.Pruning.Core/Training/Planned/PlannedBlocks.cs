using MLNet.Pruning.Plans.Kernels;

namespace MLNet.Pruning.Training;

/// <summary>
/// Blocks of convolution, activation and pooling, forward and backward, one image at a time: what a convolution computes of it stays in
/// the cache. Of each block only the pooled image is kept, and which pixels won.
/// </summary>
sealed unsafe class PlannedBlocks
{
    readonly GradientPlan plan;
    readonly Activation activation;
    readonly Block[] blocks;
    readonly float* computed, activated, passed;
    readonly long imageValues;
    float* inputs;

    /// <param name="plan">The plan that they are part of.</param>
    /// <param name="prefix">Of the names of the convolutions.</param>
    /// <param name="image">Channels, height and width.</param>
    /// <param name="count">The number of blocks.</param>
    /// <param name="activation">The activation.</param>
    /// <param name="images">The most images of a part.</param>
    public PlannedBlocks(GradientPlan plan, string prefix, IReadOnlyList<long> image, int count, Activation activation, int images)
    {
        (this.plan, this.activation, imageValues) = (plan, activation, image[0] * image[1] * image[2]);
        blocks = new Block[count];
        for (int i = 0; i < count; i++)
        {
            int height = (int)image[1] >> i, width = (int)image[2] >> i;
            blocks[i] = new(plan, new(plan.Kernels, plan.Memory, plan.Parameters, $"{prefix}{i + 1}", height, width), height / 2, width / 2,
                images, KernelSet.KeepsInput(activation));
        }
        computed = plan.Memory.Numbers(blocks.Max(block => (long)Math.Max(block.Layer.Outputs, block.Layer.Inputs) * block.Layer.Plane));
        activated = IsLate ? computed : plan.Memory.Numbers(blocks.Max(block => (long)block.Layer.Outputs * block.Layer.Plane));
        passed = plan.Memory.Numbers(blocks.Max(block => block.Pooled.Stride));
    }

    /// <summary>The last block's result, a row for each image.</summary>
    public PlanRows Features => blocks[^1].Pooled;

    // A monotonic activation is applied after pooling, to a quarter of the values.
    bool IsLate => activation is not (Activation.Gelu or Activation.Silu);

    public void Begin()
    {
        foreach (var block in blocks)
            block.Layer.Begin();
    }

    public void End()
    {
        foreach (var block in blocks)
            block.Layer.End();
    }

    /// <summary>Computes <see cref="Features"/> of images, which stay where they are until backward has read them.</summary>
    public void Forward(float* inputs, int images)
    {
        this.inputs = inputs;
        for (int image = 0; image < images; image++)
            for (int i = 0; i < blocks.Length; i++)
                Forward(blocks[i], Read(i, image), image);
        for (int i = 1; i < blocks.Length; i++)
            plan.ShowImages(blocks[i].Layer.Name, blocks[i - 1].Pooled, images, blocks[i - 1].Shape);
    }

    float* Read(int block, int image) => block == 0 ? inputs + (image * imageValues) : blocks[block - 1].Pooled.Row(image);

    void Forward(Block block, float* image, int number)
    {
        var (kernels, layer) = (plan.Kernels, block.Layer);
        layer.Take(image);
        layer.Forward(computed);
        if (!IsLate)
            kernels.Activate(activation, computed, activated, (nint)layer.Outputs * layer.Plane);
        float* pooled = block.Pooled.Row(number);
        for (int o = 0; o < layer.Outputs; o++)
        {
            byte* winners = block.Winners(number) + (o * block.Area);
            WinnerPool.Forward(activated + (o * layer.Plane), block.Height, block.Width, layer.Stride, pooled + (o * block.Area), winners);
            if (!IsLate)
                WinnerPool.Pick(computed + (o * layer.Plane), winners, block.Height, block.Width, layer.Stride,
                    block.Sums.Row(number) + (o * block.Area));
        }
        if (IsLate)
            kernels.Activate(activation, pooled, block.Pooled.Width);
    }

    /// <summary>Adds to the gradients of the parameters.</summary>
    /// <param name="gradients">Of the features; overwritten.</param>
    /// <param name="images">The number of images.</param>
    public void Backward(PlanRows gradients, int images)
    {
        for (int image = 0; image < images; image++)
        {
            float* gradient = gradients.Row(image);
            for (int i = blocks.Length - 1; i >= 0; i--, gradient = passed)
            {
                var block = blocks[i];
                plan.Kernels.ActivateBack(activation, block.Sums.Row(image), gradient, block.Pooled.Stride);
                block.Layer.Take(Read(i, image));
                Spread(block, image, gradient);
                block.Layer.Backward();
                if (i == 0)
                    break;
                block.Layer.Backward(passed, computed);
                plan.ShowProducts(block.Layer.Name, image, Read(i, image), passed, blocks[i - 1].Shape);
            }
        }
    }

    /// <summary>Takes the gradient of a pooled image to the pixels that won.</summary>
    void Spread(Block block, int image, float* gradient)
    {
        for (int o = 0; o < block.Layer.Outputs; o++, gradient += block.Area)
            WinnerPool.Backward(gradient, block.Winners(image) + (o * block.Area), block.Height, block.Width, block.Layer.GradientOf(o),
                block.Layer.Stride);
    }

    /// <summary>A block, and what is kept of each image.</summary>
    sealed class Block
    {
        readonly byte* winners;

        public Block(GradientPlan plan, PlannedConvolution layer, int height, int width, int images, bool keepsInput)
        {
            (Layer, Height, Width, Shape) = (layer, height, width, [layer.Outputs, height, width]);
            Pooled = plan.Memory.Rows(images, layer.Outputs * Area);
            Sums = keepsInput ? plan.Memory.Rows(images, layer.Outputs * Area) : Pooled;
            winners = (byte*)plan.Memory.Numbers((images * (long)Pooled.Width / sizeof(float)) + 1);
        }

        public PlannedConvolution Layer { get; }

        public int Height { get; }

        public int Width { get; }

        public int Area => Height * Width;

        /// <summary>Channels, height and width of the result.</summary>
        public long[] Shape { get; }

        /// <summary>[outputs][height][width] of each image, after the activation.</summary>
        public PlanRows Pooled { get; }

        /// <summary>What the activation's derivative is computed from.</summary>
        public PlanRows Sums { get; }

        public byte* Winners(int image) => winners + ((long)image * Pooled.Width);
    }
}
