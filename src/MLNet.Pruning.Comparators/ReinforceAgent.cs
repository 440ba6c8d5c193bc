using static TorchSharp.torch;

namespace MLNet.Pruning.Comparators;

/// <summary>
/// Filter pruning by the policy gradient of Williams (REINFORCE, 1992), in the manner of He et al., AMC (2018): an agent goes through the
/// groups of a model and decides for each, from a few numbers about it, which fraction of its neurons to remove. The result is tried by
/// masking; the reward is the accuracy minus the remaining cost. The decisions of the best episode are then carried out permanently.
/// FPRL as Feng et al. describe it is <see cref="DdpgAgent"/>.
/// </summary>
public sealed record ReinforceAgent
{
    /// <summary>The number of episodes; at least 1.</summary>
    public int Episodes { get; init; } = 200;

    /// <summary>The number of episodes between updates of the agent; at least 2.</summary>
    public int EpisodesPerUpdate { get; init; } = 5;

    /// <summary>
    /// The cost of all multiplications of the model, in accuracy: 0.5 trades half a point of accuracy for a point of cost. At least 0.
    /// </summary>
    public double CostWeight { get; init; } = 0.5;

    /// <summary>The maximum fraction of a group that may be removed; above 0 and below 1.</summary>
    public double MaximumRatio { get; init; } = 0.8;

    /// <summary>
    /// The fraction of all neurons to remove, which then bounds each choice so that it is met (as AMC meets a budget); above 0, at most
    /// <see cref="MaximumRatio"/>. Null to leave it to the agent.
    /// </summary>
    public double? NeuronFraction { get; init; }

    /// <summary>Neurons to keep in every group; at least 1.</summary>
    public int MinimumNeurons { get; init; } = 1;

    /// <summary>
    /// The initial standard deviation of decisions, before the logistic function that turns them into fractions; above 0.
    /// </summary>
    public double Exploration { get; init; } = 1.0;

    /// <summary>The final standard deviation of decisions; above 0 and at most <see cref="Exploration"/>.</summary>
    public double FinalExploration { get; init; } = 0.2;

    /// <summary>The learning rate of the agent (Adam); above 0.</summary>
    public double LearningRate { get; init; } = 0.02;

    /// <summary>The seed of the agent's initial weights and exploration; at least 0.</summary>
    public int Seed { get; init; }

    /// <summary>The importance of each neuron of a group, larger stays; null for the L1 norm of the weights that compute it.</summary>
    public Func<NeuronGroup, IReadOnlyList<double>>? Importance { get; init; }

    /// <summary>Throws an <see cref="ArgumentException"/> that names a wrong value.</summary>
    public void Validate()
    {
        TrainingOptions.Require(Episodes >= 1, nameof(Episodes), Episodes, "at least 1");
        TrainingOptions.Require(EpisodesPerUpdate >= 2, nameof(EpisodesPerUpdate), EpisodesPerUpdate, "at least 2");
        TrainingOptions.Require(CostWeight is >= 0 and < double.PositiveInfinity, nameof(CostWeight), CostWeight, "0 or more");
        TrainingOptions.Require(
            MaximumRatio is > 0 and < 1, nameof(MaximumRatio), MaximumRatio, "above 0 and below 1" + Fractions.Hint(MaximumRatio));
        TrainingOptions.Require(NeuronFraction is null || (NeuronFraction > 0 && NeuronFraction <= MaximumRatio), nameof(NeuronFraction),
            NeuronFraction, $"above 0 and at most {nameof(MaximumRatio)}, {MaximumRatio}, or null");
        TrainingOptions.Require(MinimumNeurons >= 1, nameof(MinimumNeurons), MinimumNeurons, "at least 1");
        TrainingOptions.Require(Exploration is > 0 and < double.PositiveInfinity, nameof(Exploration), Exploration, "above 0");
        TrainingOptions.Require(FinalExploration > 0 && FinalExploration <= Exploration, nameof(FinalExploration), FinalExploration,
            $"above 0 and at most {nameof(Exploration)}, {Exploration}");
        TrainingOptions.Require(LearningRate is > 0 and < double.PositiveInfinity, nameof(LearningRate), LearningRate, "above 0");
        TrainingOptions.Require(Seed >= 0, nameof(Seed), Seed, "0 or more");
    }

    /// <summary>Learns what to remove, and removes it permanently.</summary>
    /// <param name="map">The groups of the model, which shrink.</param>
    /// <param name="model">The model.</param>
    /// <param name="example">An input of the model; one row is enough.</param>
    /// <param name="accuracy">
    /// Measures the present accuracy, from 0 to 1, on examples outside the training set. Called in evaluation mode, once per episode.
    /// </param>
    /// <param name="optimizer">The optimizer of the model's parameters, if there is one.</param>
    /// <param name="cancellation">Stops before the next episode; nothing is removed.</param>
    public FilterSearchResult Run(NeuronMap map, nn.Module<Tensor, Tensor> model, Tensor example, Func<double> accuracy,
        optim.Optimizer? optimizer = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(map);
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(example);
        ArgumentNullException.ThrowIfNull(accuracy);
        Validate();
        if (map.Groups.Count == 0)
            throw new ArgumentException("The map has no groups, so there is nothing to decide.", nameof(map));
        using var norms = new WeightNorm(1).Watch(map);
        IReadOnlyList<IReadOnlyList<double>> scores = Importance is null ? norms.Scores() : [.. map.Groups.Select(Importance)];
        for (var g = 0; g < scores.Count; g++)
            if (scores[g].Count != map.Groups[g].Size)
                throw new InvalidOperationException($"{nameof(Importance)} gives {scores[g].Count} scores for the {map.Groups[g].Size} "
                    + $"neurons of '{map.Groups[g].Name}'.");
        FilterSearchResult result;
        using (new SingleThreaded()) // the agent's networks are small
        using (new EvaluationMode(model))
            result = Search(new FilterSearch(map, model, example, accuracy, scores, CostWeight, MinimumNeurons,
                MaximumRatio, NeuronFraction), cancellation);
        map.Remove(result.Selections(map), optimizer, verify: example);
        return result;
    }

    FilterSearchResult Search(FilterSearch search, CancellationToken cancellation)
    {
        var before = search.Accuracy();
        using var policy = new ReinforcePolicy(GroupCosts.Features, LearningRate, Seed);
        var episodes = new List<FilterEpisode>();
        var batch = new List<(double Reward, float[][] States, double[] Choices)>();
        for (var e = 0; e < Episodes; e++)
        {
            cancellation.ThrowIfCancellationRequested();
            var progress = Episodes > 1 ? (double)e / (Episodes - 1) : 1;
            var spread = Exploration * Math.Pow(FinalExploration / Exploration, progress);
            var (states, choices) = (new List<float[]>(), new List<double>());
            var episode = search.Try(state =>
            {
                states.Add(state);
                choices.Add(policy.Draw(state, spread));
                return Ratio(choices[^1]);
            });
            episodes.Add(episode);
            batch.Add((episode.Reward, [.. states], [.. choices]));
            if (batch.Count == EpisodesPerUpdate)
            {
                policy.Learn(batch, spread);
                batch.Clear();
            }
        }
        // Finally the best decisions of the trained agent.
        episodes.Add(search.Try(state => Ratio(policy.Mean(state))));
        return search.Result(episodes, before);
    }

    double Ratio(double choice) => MaximumRatio / (1 + Math.Exp(-choice));
}
