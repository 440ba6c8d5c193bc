namespace MLNet.Pruning.Training;

/// <summary>A <see cref="ConvNet"/> forward and backward: blocks an image at a time, then linear layers over all images.</summary>
sealed unsafe class ConvNetGradient : GradientPlan
{
    const int Part = 128;

    readonly PlannedBlocks features;
    readonly PlannedChain classifier;

    public ConvNetGradient(ConvNet network, PlanParameters parameters) : base(network, parameters)
    {
        var blueprint = network.Blueprint;
        features = new(this, "features.conv", blueprint.Image, blueprint.Channels.Count, blueprint.Activation, Part);
        string[] names = [.. Enumerable.Range(1, blueprint.Hidden.Count).Select(i => $"classifier.linear{i}"), "classifier.logits"];
        classifier = new(this, names, blueprint.Activation, Part, first: false, blueprint.Dropout);
    }

    /// <summary>Why no plan trains such a network; null if one does.</summary>
    public static string? WhyNot(ConvNetBlueprint blueprint) => blueprint.BatchNorm ? "the convolutions have batch norms" : null;

    protected override int RowsOfPart => Part;

    protected override void Begin()
    {
        base.Begin();
        features.Begin();
    }

    protected override PlanRows Forward(float* inputs, int rows)
    {
        features.Forward(inputs, rows);
        return classifier.Forward(features.Features, rows);
    }

    protected override void Backward(int rows) => features.Backward(classifier.Backward(rows), rows);

    protected override void End()
    {
        base.End();
        features.End();
    }
}
