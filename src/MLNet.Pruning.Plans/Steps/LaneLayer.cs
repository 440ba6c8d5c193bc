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

    /// <param name="kernels">What to compute with.</param>
    /// <param name="weights">The layer's weights.</param>
    /// <param name="choice">Which kernel.</param>
    /// <param name="ways">The ways in which inputs may lie: where each begins.</param>
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
        (weight, bias) = (new(weights.Weight), new(weights.Bias));
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

    /// <param name="kernels">Vectors that suit the number of lanes.</param>
    /// <param name="way">In which of the ways the inputs lie.</param>
    /// <param name="x">Where they begin.</param>
    /// <param name="lanes">Lanes; whole vectors are computed.</param>
    /// <param name="y">[outputs][stride]; written.</param>
    /// <param name="stride">Numbers from one output to the next, of the residual as well.</param>
    /// <param name="residual">Added; may be y itself, or null.</param>
    public void Compute(KernelSet kernels, int way, float* x, int lanes, float* y, nint stride, float* residual = null)
    {
        if (sparse is not null)
        {
            kernels.SparseLanes(sparse, sparse.Places(way), x, lanes, y, stride, residual);
            return;
        }
        kernels.Product(new()
        {
            A = weight!.Pointer,
            RowStride = Inputs,
            DepthStride = 1,
            Rows = Outputs,
            Columns = lanes,
            Depth = Inputs,
            B = x,
            Offsets = offsets[way].Pointer,
            PanelStride = kernels.PanelWidth,
            C = y,
            CStride = stride,
            RowBias = bias!.Pointer,
            Residual = residual,
        });
    }
}
