namespace MLNet.Pruning.Samples.RankPruning;

/// <summary>
/// A method to compare: its name and criterion, null to prune nothing. Normalized: the criterion uses the scales of batch norms.
/// </summary>
sealed record Method(string Name, Func<int, IImportance>? Importance, bool Normalized = false)
{
    public static IReadOnlyList<Method> All { get; } =
    [
        new("unpruned", null),
        new("random", seed => new RandomImportance(seed)),
        new("rank", _ => new Contribution(average: 0.5, maximum: 0.5)),
        new("average", _ => new Contribution(average: 1, maximum: 0)),
        new("maximum", _ => new Contribution(average: 0, maximum: 1)),
        new("signed", _ => new Contribution(mode: ContributionMode.Signed)),
        new("pfec", _ => new WeightNorm()),
        new("mean", _ => new ActivationMean()),
        new("apoz", _ => new Apoz()),
        new("taylor", _ => new Taylor()),
        new("lrp", _ => new Lrp()),
        new("lrp-epsilon", _ => new Lrp(LrpRule.Epsilon)),
        new("lasso", _ => new LassoReconstruction()),
        new("ns", _ => new NetworkSlimming(), Normalized: true),
    ];

    public NeuronPruning? Pruning(int seed, Schedule schedule, IReadOnlyList<string>? groups) =>
        Importance is null ? null : new NeuronPruning { Importance = Importance(seed), Schedule = schedule, Groups = groups };
}
