using MLNet.Pruning.Plans.Kernels;

namespace MLNet.Pruning.Plans.Steps;

/// <summary>
/// A linear layer over lanes, [inputs x lanes] -> [outputs x lanes]; or a convolution, whose inputs are the taps of an image and whose
/// lanes are its pixels.
/// </summary>
sealed unsafe class LaneLayer
{
    readonly AlignedBuffer<float>? weight, bias;
    readonly AlignedBuffer<int>[] offsets;
    readonly SparseMatrix? sparse;
    readonly ZeroBlocks? blocks;

    /// <param name="ways">The possible layouts of inputs: the offset of each input.</param>
    public LaneLayer(KernelSet kernels, LinearWeights weights, KernelChoice choice, params ReadOnlySpan<Func<int, int>> ways)
    {
        (Inputs, Outputs) = (weights.Inputs, weights.Outputs);
        bool isSparse = KernelRule.SparseLanes(weights, kernels, choice);
        Step = new(weights.Name, isSparse ? "sparse lanes" : "dense lanes", Outputs, Inputs, weights.Density);
        offsets = new AlignedBuffer<int>[isSparse ? 0 : ways.Length];
        if (isSparse)
        {
            sparse = new(weights.Weight, weights.Bias, ways);
            return;
        }
        bias = new(weights.Bias);
        if (KernelRule.SkipsBlocksOfLanes(weights, kernels))
        {
            Step = Step with { Kernel = "zero blocks, lanes" };
            blocks = ZeroBlocks.Of(weights.Weight, Outputs, KernelRule.LaneBlock);
            weight = new((long)blocks.Inputs.Length * blocks.Outputs);
            var all = weights.Weight;
            for (int o = 0; o < Outputs; o++)
            {
                // [block][output][input of the block]
                int block = o / blocks.Outputs, start = blocks.Starts[block], length = blocks.Starts[block + 1] - start;
                float* to = weight.Pointer + ((long)start * blocks.Outputs) + ((long)(o % blocks.Outputs) * length);
                for (int k = 0; k < length; k++)
                    to[k] = all[(o * Inputs) + blocks.Inputs[start + k]];
            }
            for (int way = 0; way < ways.Length; way++)
            {
                offsets[way] = new(blocks.Inputs.Length);
                for (int k = 0; k < blocks.Inputs.Length; k++)
                    offsets[way].Pointer[k] = ways[way](blocks.Inputs[k]);
            }
            return;
        }
        weight = new(weights.Weight);
        for (int way = 0; way < ways.Length; way++)
        {
            offsets[way] = new(Inputs);
            for (int i = 0; i < Inputs; i++)
                offsets[way].Pointer[i] = ways[way](i);
        }
    }

    public int Inputs { get; }

    public int Outputs { get; }

    public PlanStep Step { get; }

    /// <param name="kernels">Kernels for vectors that suit the number of lanes.</param>
    /// <param name="way">The layout of the inputs.</param>
    /// <param name="lanes">Lanes; whole vectors are computed.</param>
    /// <param name="y">[outputs][stride]; written.</param>
    /// <param name="stride">The distance between outputs, also of the residual.</param>
    /// <param name="residual">Added; may be y itself, or null.</param>
    public void Compute(KernelSet kernels, int way, float* x, int lanes, float* y, nint stride, float* residual = null)
    {
        if (sparse is not null)
        {
            kernels.SparseLanes(sparse.Arguments(way), x, lanes, y, stride, residual);
            return;
        }
        if (blocks is null)
        {
            Product(kernels, x, lanes, 0, Outputs, weight!.Pointer, offsets[way].Pointer, Inputs, y, stride, residual);
            return;
        }
        for (int block = 0; block < blocks.Count; block++)
        {
            int first = block * blocks.Outputs, start = blocks.Starts[block];
            Product(kernels, x, lanes, first, Math.Min(blocks.Outputs, Outputs - first), weight!.Pointer + ((long)start * blocks.Outputs),
                offsets[way].Pointer + start, blocks.Starts[block + 1] - start, y, stride, residual);
        }
    }

    void Product(KernelSet kernels, float* x, int lanes, int first, int rows, float* weights, int* offsets, int depth, float* y,
        nint stride, float* residual) => kernels.ProductOfTaps(weights, rows, depth, x, offsets, lanes, y + (first * stride), stride,
            bias!.Pointer + first, residual == null ? null : residual + (first * stride));
}
