namespace MLNet.Pruning.Samples.NeuralBurden;

/// <summary>The paper's network: a vision transformer of four blocks over patches of 4 x 4, with half of them merged or none.</summary>
static class Network
{
    const int PatchSize = 4, Classes = 10;

    public static TrainingTask Task(IReadOnlyList<long> image, Extent extent, bool merged, IExampleSource train, IExampleSource test,
        IObjective? objective = null)
    {
        var plan = VitBlueprint.For(image, PatchSize, Classes, extent.Dim, hidden: extent.Hidden) with { Merge = merged ? 0.5 : 0 };
        return new()
        {
            Model = plan.Build(),
            Copy = plan.Build,
            Examples = train,
            Validation = test,
            Objective = objective ?? new CrossEntropy(Classes),
        };
    }
}
