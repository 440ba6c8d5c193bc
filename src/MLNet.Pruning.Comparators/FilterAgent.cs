using static TorchSharp.torch;

namespace MLNet.Pruning.Comparators;

/// <summary>
/// Filter pruning by reinforcement learning (FPRL; in the manner of He et al., AMC, 2018, with the policy gradient of Williams, 1992): an
/// agent goes through the groups of a model and decides from what it sees of each which fraction of its neurons goes. What is left is
/// tried by masking; the reward is the accuracy minus what the model still costs. The decisions of the best try are then carried out for
/// good.
/// </summary>
public sealed record FilterAgent
{
    /// <summary>How many times the agent goes through the model; at least 1.</summary>
    public int Episodes { get; init; } = 200;

    /// <summary>After how many of them it learns from what they brought; at least 2.</summary>
    public int EpisodesPerUpdate { get; init; } = 5;

    /// <summary>
    /// What the whole model's multiplications cost, in accuracy: 0.5 gives up half a point of accuracy for each point of cost. 0 or more.
    /// </summary>
    public double CostWeight { get; init; } = 0.5;

    /// <summary>The largest fraction of a group that may go; above 0 and below 1.</summary>
    public double MaximumRatio { get; init; } = 0.8;

    /// <summary>Neurons that stay in every group; at least 1.</summary>
    public int MinimumNeurons { get; init; } = 1;

    /// <summary>
    /// How far decisions stray from what the agent thinks best at first, before the logistic function that makes fractions of them; above
    /// 0.
    /// </summary>
    public double Exploration { get; init; } = 1.0;

    /// <summary>How far in the end; above 0 and at most <see cref="Exploration"/>.</summary>
    public double FinalExploration { get; init; } = 0.2;

    /// <summary>The learning rate of the agent (Adam); above 0.</summary>
    public double LearningRate { get; init; } = 0.02;

    /// <summary>The seed of the agent, its first weights and its exploration; 0 or more.</summary>
    public int Seed { get; init; }

    /// <summary>How important each neuron of a group is, larger stays; null for the L1 norm of the weights that compute it.</summary>
    public Func<NeuronGroup, IReadOnlyList<double>>? Importance { get; init; }

    /// <summary>Throws an <see cref="ArgumentException"/> that names a wrong value.</summary>
    public void Validate()
    {
        TrainingOptions.Require(Episodes >= 1, nameof(Episodes), Episodes, "at least 1");
        TrainingOptions.Require(EpisodesPerUpdate >= 2, nameof(EpisodesPerUpdate), EpisodesPerUpdate, "at least 2");
        TrainingOptions.Require(CostWeight is >= 0 and < double.PositiveInfinity, nameof(CostWeight), CostWeight, "0 or more");
        TrainingOptions.Require(
            MaximumRatio is > 0 and < 1, nameof(MaximumRatio), MaximumRatio, "above 0 and below 1" + Fractions.Hint(MaximumRatio));
        TrainingOptions.Require(MinimumNeurons >= 1, nameof(MinimumNeurons), MinimumNeurons, "at least 1");
        TrainingOptions.Require(Exploration is > 0 and < double.PositiveInfinity, nameof(Exploration), Exploration, "above 0");
        TrainingOptions.Require(FinalExploration > 0 && FinalExploration <= Exploration, nameof(FinalExploration), FinalExploration,
            $"above 0 and at most {nameof(Exploration)}, {Exploration}");
        TrainingOptions.Require(LearningRate is > 0 and < double.PositiveInfinity, nameof(LearningRate), LearningRate, "above 0");
        TrainingOptions.Require(Seed >= 0, nameof(Seed), Seed, "0 or more");
    }

    /// <summary>Learns what to remove and removes it for good.</summary>
    /// <param name="map">The groups of the model, which are smaller afterwards.</param>
    /// <param name="model">The model.</param>
    /// <param name="example">An input that the model takes; one row is enough.</param>
    /// <param name="accuracy">
    /// Measures the model as it is, from 0 to 1, on examples that it was not trained on. Called in evaluation mode, once an episode.
    /// </param>
    /// <param name="optimizer">The optimizer of the model's parameters, if there is one.</param>
    /// <param name="cancellation">Stops before the next episode; nothing is removed then.</param>
    public FilterAgentResult Run(NeuronMap map, nn.Module<Tensor, Tensor> model, Tensor example, Func<double> accuracy,
        optim.Optimizer? optimizer = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(map);
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(example);
        ArgumentNullException.ThrowIfNull(accuracy);
        Validate();
        if (map.Groups.Count == 0)
            throw new ArgumentException("The map has no groups, so there is nothing to decide.", nameof(map));
        FilterAgentResult result;
        using (new EvaluationMode(model))
            result = new FilterSearch(this, map, model, example, accuracy).Run(cancellation);
        map.Remove(result.Selections(map), optimizer, verify: example);
        return result;
    }
}

/// <summary>What an agent has learnt.</summary>
/// <param name="Groups">What it decided for each group.</param>
/// <param name="Episodes">What each try brought, in order: the learning curve.</param>
/// <param name="Best">The try whose decisions were carried out.</param>
/// <param name="AccuracyBefore">The accuracy of the whole model.</param>
public sealed record FilterAgentResult(IReadOnlyList<FilterDecision> Groups, IReadOnlyList<FilterEpisode> Episodes, FilterEpisode Best,
    double AccuracyBefore)
{
    internal IReadOnlyCollection<NeuronSelection> Selections(NeuronMap map) =>
        [.. Groups.Where(g => g.Removed.Count > 0).Select(g => new NeuronSelection(map[g.Name], [.. g.Removed]))];
}

/// <summary>What was decided for a group.</summary>
/// <param name="Name">The group.</param>
/// <param name="Size">Its neurons before.</param>
/// <param name="Ratio">The fraction that the agent chose.</param>
/// <param name="Removed">Which neurons that is, in ascending order.</param>
public sealed record FilterDecision(string Name, int Size, double Ratio, IReadOnlyList<int> Removed);

/// <summary>What a try brought.</summary>
/// <param name="Reward">The accuracy minus the weighted cost.</param>
/// <param name="Accuracy">The accuracy without the neurons.</param>
/// <param name="RemainingCost">Multiplications that are left, as a share of the whole model's.</param>
/// <param name="Ratios">The fraction chosen for each group, in the order of the map.</param>
public sealed record FilterEpisode(double Reward, double Accuracy, double RemainingCost, IReadOnlyList<double> Ratios);
