using MLNet.Pruning.Plans.Kernels;

namespace MLNet.Pruning.Plans.Steps;

/// <summary>
/// How the weights of a linear layer, [outputs][inputs], lie for products over rows: in panels of two vectors of outputs, each [inputs]
/// [across]; the last panel has three vectors if their number is odd and more than one.
/// </summary>
readonly unsafe struct DensePanels
{
    // Panels of this many inputs stay in the first-level cache while they are filled.
    const int PackedAtOnce = 64;

    readonly int outputs, inputs, width, lanes, last;

    public DensePanels(KernelSet kernels, int outputs, int inputs)
    {
        (this.outputs, this.inputs, width, lanes) = (outputs, inputs, kernels.PanelWidth, kernels.Lanes);
        int padded = kernels.Padded(outputs);
        last = padded > width && padded % width > 0 ? padded - (3 * lanes) : int.MaxValue;
        Count = outputs <= last ? (outputs + width - 1) / width : (last / width) + 1;
        Room = (long)inputs * (padded + lanes);
    }

    /// <summary>The number of panels.</summary>
    public int Count { get; }

    /// <summary>The room for all panels, in numbers.</summary>
    public long Room { get; }

    /// <summary>Packs one panel.</summary>
    public void Pack(int number, float* weights, float* panels)
    {
        int first = number * width, across = first < last ? width : 3 * lanes, present = Math.Min(across, outputs - first);
        float* rows = weights + ((long)first * inputs), panel = panels + ((long)first * inputs);
        for (int input = 0; input < inputs; input += PackedAtOnce)
        {
            Transposition.Transpose(rows + input, present, Math.Min(PackedAtOnce, inputs - input), inputs, panel + ((long)input * across),
                across);
        }
    }
}
