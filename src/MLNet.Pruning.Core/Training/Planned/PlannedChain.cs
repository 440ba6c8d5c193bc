using MLNet.Pruning.Plans.Kernels;

namespace MLNet.Pruning.Training;

/// <summary>Linear layers one after the other, with an activation between them.</summary>
sealed unsafe class PlannedChain
{
    readonly GradientPlan plan;
    readonly Activation activation;
    readonly PlannedLinear[] layers;
    readonly PlannedDropout[] dropouts;
    readonly PlanRows[] sums, values, gradients; // of each layer's outputs: before the activation, after it, and backward
    readonly PlanRows inputGradients;
    readonly int activations;
    PlanRows input;

    /// <param name="plan">The plan that they are part of.</param>
    /// <param name="names">Their names.</param>
    /// <param name="activation">The activation.</param>
    /// <param name="rows">The most rows of a part.</param>
    /// <param name="first">Whether nothing that is trained stands in front of them: backward ends here.</param>
    /// <param name="dropout">The fraction of each activation's values that is dropped out.</param>
    /// <param name="activatesLast">Whether there is an activation after the last one too.</param>
    public PlannedChain(GradientPlan plan, IEnumerable<string> names, Activation activation, int rows, bool first, double dropout = 0,
        bool activatesLast = false)
    {
        (this.plan, this.activation, IsFirst) = (plan, activation, first);
        layers = [.. names.Select(name => plan.Linear(name))];
        activations = activatesLast ? layers.Length : Last;
        dropouts = dropout > 0 ? [.. layers.Select((_, i) => new PlannedDropout(dropout, i))] : [];
        values = [.. layers.Select(layer => plan.Memory.Rows(rows, layer.Outputs))];
        // What the derivative is computed from: the activation's own input or output, as neither is what dropout leaves.
        bool keeps = KernelSet.KeepsInput(activation) || dropout > 0;
        sums = [.. layers.Select((layer, i) => keeps && i < activations ? plan.Memory.Rows(rows, layer.Outputs) : values[i])];
        gradients = [.. layers.Select((layer, i) => i < activations ? plan.Memory.Rows(rows, layer.Outputs) : values[i])];
        inputGradients = first ? default : plan.Memory.Rows(rows, layers[0].Inputs);
    }

    public IReadOnlyList<PlannedLinear> Layers => layers;

    public Activation Activation => activation;

    /// <summary>The outputs, and then their gradient.</summary>
    public PlanRows Outputs => values[^1];

    int Last => layers.Length - 1;

    bool IsFirst { get; }

    /// <summary>The numbers of a row that the first layer reads.</summary>
    public int Inputs => layers[0].Inputs;

    /// <summary>Computes the outputs of rows, which stay where they are until backward has read them.</summary>
    public PlanRows Forward(PlanRows rows, int count)
    {
        input = rows;
        for (int i = 0; i <= Last; i++)
        {
            if (i > 0 || !IsFirst)
                plan.Show(layers[i], Read(i), count);
            layers[i].Forward(Read(i), count, sums[i]);
            if (i < activations)
                Activate(i, count);
        }
        return values[^1];
    }

    PlanRows Read(int layer) => layer == 0 ? input : values[layer - 1];

    void Activate(int layer, int count)
    {
        var (from, to) = (sums[layer], values[layer]);
        nint length = count * to.Stride;
        if (dropouts.Length == 0 || KernelSet.KeepsInput(activation))
        {
            plan.Kernels.Activate(activation, from.First, to.First, length);
            from = to;
        }
        else
        {
            plan.Kernels.Activate(activation, from.First, from.First, length);
        }
        if (dropouts.Length == 0)
            return;
        if (plan.Trains)
            dropouts[layer].Apply(plan.Draws, from, count, 1, to);
        else if (from.First != to.First)
            Buffer.MemoryCopy(from.First, to.First, length * sizeof(float), length * sizeof(float));
    }

    /// <summary>Where the gradient of the outputs goes: in their place, unless they are activated.</summary>
    public PlanRows OutputGradients => gradients[^1];

    /// <summary>
    /// Adds to the gradients of the parameters, from that of the outputs, which is overwritten. Returns the gradient of what was
    /// read, if something that is trained has computed it.
    /// </summary>
    public PlanRows Backward(int count)
    {
        for (int i = Last; i >= 0; i--)
        {
            if (i < activations)
                ActivateBack(i, count);
            layers[i].Backward(Read(i), gradients[i], count);
            if (i == 0 && IsFirst)
                break;
            var passed = i == 0 ? inputGradients : gradients[i - 1];
            layers[i].Backward(gradients[i], count, passed);
            plan.Show(layers[i], Read(i), passed, gradients[i], count);
        }
        return inputGradients;
    }

    void ActivateBack(int layer, int count)
    {
        var gradient = gradients[layer];
        if (dropouts.Length > 0)
            dropouts[layer].Apply(plan.Draws, gradient, count, 1, gradient);
        plan.Kernels.ActivateBack(activation, sums[layer].First, gradient.First, count * gradient.Stride);
    }
}
