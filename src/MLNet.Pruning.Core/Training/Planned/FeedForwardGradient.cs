using MLNet.Pruning.Plans.Kernels;

namespace MLNet.Pruning.Training;

/// <summary>A <see cref="FeedForward"/> forward and backward.</summary>
sealed unsafe class FeedForwardGradient : GradientPlan
{
    const int Part = 128;

    readonly Activation activation;
    readonly PlannedLinear[] layers;
    readonly PlanRows[] sums, values, gradients; // of each layer's outputs: before the activation, after it, and backward
    readonly bool reads; // rows as they lie, without a copy
    PlanRows input;

    public FeedForwardGradient(FeedForward network, PlanParameters parameters) : base(network, parameters)
    {
        var blueprint = network.Blueprint;
        activation = blueprint.Activation;
        layers = [.. Enumerable.Range(1, blueprint.Sizes.Count - 1).Select(number => Linear($"layers.linear{number}"))];
        values = [.. layers.Select(layer => Memory.Rows(Part, layer.Outputs))];
        bool keeps = KernelSet.KeepsInput(activation);
        sums = [.. layers.Select((layer, i) => keeps && i < layers.Length - 1 ? Memory.Rows(Part, layer.Outputs) : values[i])];
        gradients = [.. layers.Select((layer, i) => i < layers.Length - 1 ? Memory.Rows(Part, layer.Outputs) : values[i])];
        reads = layers[0].Inputs % Kernels.Lanes == 0;
        input = reads ? default : Memory.Rows(Part, layers[0].Inputs);
    }

    protected override int RowsOfPart => Part;

    protected override PlanRows Forward(float* inputs, int rows)
    {
        var given = new PlanRows(inputs, layers[0].Inputs, layers[0].Inputs);
        for (int row = 0; !reads && row < rows; row++)
            Buffer.MemoryCopy(given.Row(row), input.Row(row), given.Width * sizeof(float), given.Width * sizeof(float));
        if (reads)
            input = given;
        for (int i = 0; i < layers.Length; i++)
        {
            layers[i].Forward(Read(i), rows, sums[i]);
            if (i < layers.Length - 1)
            {
                Kernels.Activate(activation, sums[i].First, values[i].First, rows * values[i].Stride);
                Show(layers[i + 1], values[i], rows);
            }
        }
        return values[^1];
    }

    PlanRows Read(int layer) => layer == 0 ? input : values[layer - 1];

    protected override void Backward(int rows)
    {
        for (int i = layers.Length - 1; i >= 0; i--)
        {
            layers[i].Backward(Read(i), gradients[i], rows);
            if (i == 0)
                break;
            layers[i].Backward(gradients[i], rows, gradients[i - 1]);
            Show(layers[i], values[i - 1], gradients[i - 1], gradients[i], rows);
            Kernels.ActivateBack(activation, sums[i - 1].First, gradients[i - 1].First, rows * gradients[i - 1].Stride);
        }
    }
}
