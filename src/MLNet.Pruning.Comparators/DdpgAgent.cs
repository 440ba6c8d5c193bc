using static TorchSharp.torch;

namespace MLNet.Pruning.Comparators;

/// <summary>
/// Filter pruning by reinforcement learning (FPRL; Feng et al., A Novel Filter-Level Deep Convolutional Neural Network Pruning Method Based
/// on Deep Reinforcement Learning, 2022). An agent of deep deterministic policy gradients (DDPG; Lillicrap et al., 2016) sets the pruning
/// rate of each group in turn. The reward of a rate is the change of accuracy that it makes plus the complexity that it saves. Within a
/// group, the neurons with the lowest Taylor scores go. The decisions of the best episode are then carried out permanently.
/// </summary>
/// <remarks>
/// The paper's state, the weights in its reward and the sizes of its networks are not public. The state here is that of
/// <see cref="ReinforceAgent"/>; sizes, rates and noise are those of AMC (He et al., 2018), whose agent is of the same kind.
/// </remarks>
public sealed record DdpgAgent
{
    /// <summary>The number of episodes after <see cref="WarmUp"/>; at least 1.</summary>
    public int Episodes { get; init; } = 300;

    /// <summary>Episodes of random rates before the agent learns; at least 0.</summary>
    public int WarmUp { get; init; } = 100;

    /// <summary>
    /// The cost of all multiplications of the model, in accuracy: 0.5 trades half a point of accuracy for a point of cost. At least 0.
    /// </summary>
    public double CostWeight { get; init; } = 0.5;

    /// <summary>The maximum pruning rate of a group; above 0 and below 1.</summary>
    public double MaximumRatio { get; init; } = 0.8;

    /// <summary>
    /// The fraction of all neurons to remove, which then bounds each choice so that it is met (as AMC meets a budget); above 0, at most
    /// <see cref="MaximumRatio"/>. Null to leave it to the agent.
    /// </summary>
    public double? NeuronFraction { get; init; }

    /// <summary>Neurons to keep in every group; at least 1.</summary>
    public int MinimumNeurons { get; init; } = 1;

    /// <summary>The criterion within a group: by default the Taylor expansion, as in the paper.</summary>
    public IImportance Importance { get; init; } = new Taylor();

    /// <summary>The maximum number of the task's examples that the criterion sees; at least 1.</summary>
    public int RankingRows { get; init; } = 2_000;

    /// <summary>The neurons of both hidden layers of the actor and of the critic; at least 1.</summary>
    public int HiddenSize { get; init; } = 300;

    /// <summary>The choices that the agent remembers; at least <see cref="BatchSize"/>.</summary>
    public int ReplaySize { get; init; } = 2_000;

    /// <summary>The remembered choices from which it learns at a time; at least 1.</summary>
    public int BatchSize { get; init; } = 64;

    /// <summary>
    /// Updates for each choice; at least 1. More than DDPG's one, as small networks have few groups, and so an episode few choices.
    /// </summary>
    public int UpdatesPerChoice { get; init; } = 4;

    /// <summary>What the reward of the next choice counts; above 0, at most 1.</summary>
    public double Discount { get; init; } = 1;

    /// <summary>The fraction by which target networks follow at each update; above 0, at most 1.</summary>
    public double TargetRate { get; init; } = 0.01;

    /// <summary>The learning rate of the actor (Adam); above 0.</summary>
    public double ActorLearningRate { get; init; } = 1e-4;

    /// <summary>The learning rate of the critic (Adam); above 0.</summary>
    public double CriticLearningRate { get; init; } = 1e-3;

    /// <summary>
    /// The standard deviation of the noise on actions, which are fractions of <see cref="MaximumRatio"/>; truncated to these; above 0.
    /// </summary>
    public double Noise { get; init; } = 0.5;

    /// <summary>What is left of the noise after each episode; above 0, at most 1.</summary>
    public double NoiseDecay { get; init; } = 0.99;

    /// <summary>The seed of the agent's initial weights and exploration; at least 0.</summary>
    public int Seed { get; init; }

    /// <summary>Throws an <see cref="ArgumentException"/> that names a wrong value.</summary>
    public void Validate()
    {
        TrainingOptions.Require(Importance is not null, nameof(Importance), Importance, "a criterion");
        AtLeast(nameof(Episodes), Episodes, 1);
        AtLeast(nameof(WarmUp), WarmUp, 0);
        TrainingOptions.Require(CostWeight is >= 0 and < double.PositiveInfinity, nameof(CostWeight), CostWeight, "0 or more");
        TrainingOptions.Require(
            MaximumRatio is > 0 and < 1, nameof(MaximumRatio), MaximumRatio, "above 0 and below 1" + Fractions.Hint(MaximumRatio));
        TrainingOptions.Require(NeuronFraction is null || (NeuronFraction > 0 && NeuronFraction <= MaximumRatio), nameof(NeuronFraction),
            NeuronFraction, $"above 0 and at most {nameof(MaximumRatio)}, {MaximumRatio}, or null");
        AtLeast(nameof(MinimumNeurons), MinimumNeurons, 1);
        AtLeast(nameof(RankingRows), RankingRows, 1);
        AtLeast(nameof(HiddenSize), HiddenSize, 1);
        AtLeast(nameof(BatchSize), BatchSize, 1);
        AtLeast(nameof(ReplaySize), ReplaySize, BatchSize);
        AtLeast(nameof(UpdatesPerChoice), UpdatesPerChoice, 1);
        Fraction(nameof(Discount), Discount);
        Fraction(nameof(TargetRate), TargetRate);
        Fraction(nameof(NoiseDecay), NoiseDecay);
        Positive(nameof(ActorLearningRate), ActorLearningRate);
        Positive(nameof(CriticLearningRate), CriticLearningRate);
        Positive(nameof(Noise), Noise);
        AtLeast(nameof(Seed), Seed, 0);

        static void AtLeast(string option, int value, int least) =>
            TrainingOptions.Require(value >= least, option, value, $"at least {least}");
        static void Fraction(string option, double value) =>
            TrainingOptions.Require(value is > 0 and <= 1, option, value, "above 0 and at most 1");
        static void Positive(string option, double value) =>
            TrainingOptions.Require(value is > 0 and < double.PositiveInfinity, option, value, "above 0");
    }

    /// <summary>Learns what to remove, and removes it permanently.</summary>
    /// <param name="map">The groups of the task's model, which shrink.</param>
    /// <param name="task">
    /// The model, which must be of one tensor to one tensor, and the examples and the objective by which neurons are ranked.
    /// </param>
    /// <param name="accuracy">
    /// Measures the present accuracy, from 0 to 1, on examples outside the training set. Called in evaluation mode, before the first group
    /// and after each one in every episode.
    /// </param>
    /// <param name="optimizer">The optimizer of the model's parameters, if there is one.</param>
    /// <param name="cancellation">Stops before the next episode; nothing is removed.</param>
    public FilterSearchResult Run(NeuronMap map, TrainingTask task, Func<double> accuracy, optim.Optimizer? optimizer = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(map);
        ArgumentNullException.ThrowIfNull(task);
        ArgumentNullException.ThrowIfNull(accuracy);
        Validate();
        if (task.Model is not nn.Module<Tensor, Tensor> model)
            throw new ArgumentException($"{task.Model.GetType().Name} is no model of one tensor to one tensor.", nameof(task));
        if (map.Groups.Count == 0)
            throw new ArgumentException("The map has no groups, so there is nothing to decide.", nameof(map));
        var scores = NeuronScores.Of(Importance, map, task.Examples, task.Objective, atMost: RankingRows);
        using var example = zeros([1, .. task.Examples.Shape], device: model.parameters().FirstOrDefault()?.device ?? CPU);
        FilterSearchResult result;
        using (new SingleThreaded()) // the agent's networks are small
        using (new EvaluationMode(model))
            result = Search(new FilterSearch(map, model, example, accuracy, scores, CostWeight, MinimumNeurons,
                MaximumRatio, NeuronFraction), map.Groups.Count,
                cancellation);
        map.Remove(result.Selections(map), optimizer, verify: example);
        return result;
    }

    FilterSearchResult Search(FilterSearch search, int groups, CancellationToken cancellation)
    {
        var before = search.Accuracy();
        using var policy = new DdpgPolicy(this, GroupCosts.Features);
        var episodes = new List<FilterEpisode>();
        for (var e = 0; e < WarmUp + Episodes; e++)
        {
            cancellation.ThrowIfCancellationRequested();
            var noise = Noise * Math.Pow(NoiseDecay, e - WarmUp);
            var steps = new List<(float[] State, double Action, double Reward)>();
            episodes.Add(search.Try(
                state => MaximumRatio * (e < WarmUp ? policy.Uniform() : policy.Draw(state, noise)),
                (state, ratio, reward) => steps.Add((state, ratio / MaximumRatio, reward))));
            for (var i = 0; i < groups; i++)
                policy.Remember(new(steps[i].State, (float)steps[i].Action, (float)steps[i].Reward,
                    i + 1 < groups ? steps[i + 1].State : null));
            for (var i = 0; i < groups * UpdatesPerChoice && e >= WarmUp; i++)
                policy.Learn();
        }
        // Finally the decisions of the trained agent, without noise.
        episodes.Add(search.Try(state => MaximumRatio * policy.Action(state)));
        return search.Result(episodes, before);
    }
}
