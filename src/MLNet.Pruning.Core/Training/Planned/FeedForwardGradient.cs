namespace MLNet.Pruning.Training;

/// <summary>A <see cref="FeedForward"/> forward and backward.</summary>
sealed unsafe partial class FeedForwardGradient : GradientPlan
{
    const int Part = 128;

    readonly PlannedChain layers;
    readonly bool reads; // rows as they lie, without a copy
    readonly PlanRows input;

    public FeedForwardGradient(FeedForward network, PlanParameters parameters) : base(network, parameters)
    {
        var blueprint = network.Blueprint;
        var names = Enumerable.Range(1, blueprint.Sizes.Count - 1).Select(number => $"layers.linear{number}");
        layers = new(this, names, blueprint.Activation, Part, first: true);
        reads = layers.Inputs % Kernels.Lanes == 0;
        input = reads ? default : Memory.Rows(Part, layers.Inputs);
    }

    protected override int RowsOfPart => Part;

    protected override PlanRows Forward(float* inputs, int rows)
    {
        if (lanes is not null)
            return lanes.Forward(inputs, rows);
        var given = new PlanRows(inputs, layers.Inputs, layers.Inputs);
        for (int row = 0; !reads && row < rows; row++)
            Buffer.MemoryCopy(given.Row(row), input.Row(row), given.Width * sizeof(float), given.Width * sizeof(float));
        return layers.Forward(reads ? given : input, rows);
    }

    protected override void Backward(int rows)
    {
        if (lanes is not null)
            lanes.Backward(rows);
        else
            layers.Backward(rows);
    }
}
