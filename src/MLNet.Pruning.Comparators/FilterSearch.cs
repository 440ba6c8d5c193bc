using static TorchSharp.torch;

namespace MLNet.Pruning.Comparators;

/// <summary>What agents try: fractions to remove from each group in turn, carried out by masking and judged by accuracy and cost.</summary>
/// <param name="map">The groups.</param>
/// <param name="model">Their model.</param>
/// <param name="example">An input of the model.</param>
/// <param name="accuracy">Measures the present accuracy.</param>
/// <param name="scores">Per group and neuron; larger stays.</param>
/// <param name="costWeight">The cost of all multiplications of the model, in accuracy.</param>
/// <param name="minimum">Neurons to keep in every group.</param>
/// <param name="maximumRatio">The maximum fraction of a group.</param>
/// <param name="fraction">The fraction of all neurons that goes in the end; null where that is up to the choices.</param>
sealed class FilterSearch(NeuronMap map, nn.Module<Tensor, Tensor> model, Tensor example, Func<double> accuracy,
    IReadOnlyList<IReadOnlyList<double>> scores, double costWeight, int minimum, double maximumRatio,
    double? fraction)
{
    readonly IReadOnlyList<NeuronGroup> groups = map.Groups;
    readonly GroupCosts costs = GroupCosts.Measure(model, example, map);

    // In ascending order of importance; ties by higher index first.
    readonly int[][] order = [.. scores.Select(group => Ranking.BestFirst([.. group]).Reverse().ToArray())];

    /// <summary>One episode.</summary>
    /// <param name="choose">Chooses the fraction to remove of a group from its state.</param>
    /// <param name="after">
    /// Called after each group, with its state, the fraction, and the reward of this one choice: the change of accuracy and the saved cost.
    /// Null to measure the accuracy only once, at the end.
    /// </param>
    public FilterEpisode Try(Func<float[], double> choose, Action<float[], double, double>? after = null)
    {
        var ratios = new double[groups.Count];
        var selections = new List<NeuronSelection>();
        var (found, cost) = (after is null ? double.NaN : Accuracy(), 1.0);
        for (var i = 0; i < groups.Count; i++)
        {
            var state = costs.State(i, costs.Remaining(selections), i > 0 ? ratios[i - 1] : 0);
            ratios[i] = Within(i, choose(state), selections.Sum(s => s.Neurons.Count));
            if (Bottom(i, ratios[i]) is { Length: > 0 } bottom)
                selections.Add(new(groups[i], bottom));
            if (after is null && i < groups.Count - 1)
                continue;
            var (accuracyBefore, costBefore) = (found, cost);
            using (map.Mask(selections))
                found = Accuracy();
            cost = costs.Remaining(selections);
            after?.Invoke(state, ratios[i], found - accuracyBefore + costWeight * (costBefore - cost));
        }
        return new(found - costWeight * cost, found, cost, ratios);
    }

    public FilterSearchResult Result(IReadOnlyList<FilterEpisode> episodes, double before)
    {
        var best = episodes.MaxBy(episode => episode.Reward)!;
        var decisions = groups.Select((g, i) => new FilterDecision(g.Name, g.Size, best.Ratios[i], Bottom(i, best.Ratios[i]))).ToArray();
        return new(decisions, episodes, best, before);
    }

    // As AMC keeps a budget: no more than is still to go, and enough that the groups behind can still take the rest.
    double Within(int group, double ratio, int gone)
    {
        if (fraction is not { } all)
            return ratio;
        var left = Fractions.Of(all, groups.Sum(g => g.Size)) - gone;
        var behind = Enumerable.Range(group + 1, groups.Count - group - 1).Sum(g => Count(g, maximumRatio));
        var most = Math.Min(left, Count(group, maximumRatio));
        return (double)Math.Clamp(Count(group, ratio), Math.Min(most, Math.Max(0, left - behind)), most) / groups[group].Size;
    }

    // A ratio that is itself a quotient must not lose a neuron to rounding.
    int Count(int group, double ratio) =>
        Math.Clamp((int)(ratio * groups[group].Size + 1e-9), 0, Math.Max(0, groups[group].Size - minimum));

    int[] Bottom(int group, double ratio) => [.. order[group].Take(Count(group, ratio)).Order()];

    /// <summary>The accuracy of the model as it is.</summary>
    public double Accuracy()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var measured = accuracy();
        return double.IsFinite(measured) ? measured : throw new InvalidOperationException($"The accuracy was measured as {measured}; it "
            + "must be a finite number.");
    }
}

/// <summary>The result of an agent's search.</summary>
/// <param name="Groups">The decision for each group.</param>
/// <param name="Episodes">All episodes in order: the learning curve.</param>
/// <param name="Best">The episode whose decisions were carried out.</param>
/// <param name="AccuracyBefore">The accuracy of the whole model.</param>
public sealed record FilterSearchResult(IReadOnlyList<FilterDecision> Groups, IReadOnlyList<FilterEpisode> Episodes, FilterEpisode Best,
    double AccuracyBefore)
{
    internal IReadOnlyCollection<NeuronSelection> Selections(NeuronMap map) =>
        [.. Groups.Where(g => g.Removed.Count > 0).Select(g => new NeuronSelection(map[g.Name], [.. g.Removed]))];
}

/// <summary>The decision for a group.</summary>
/// <param name="Name">The group.</param>
/// <param name="Size">The number of its neurons before.</param>
/// <param name="Ratio">The fraction that the agent chose.</param>
/// <param name="Removed">The removed neurons, in ascending order.</param>
public sealed record FilterDecision(string Name, int Size, double Ratio, IReadOnlyList<int> Removed);

/// <summary>One episode.</summary>
/// <param name="Reward">The accuracy minus the weighted cost.</param>
/// <param name="Accuracy">The accuracy with these neurons masked.</param>
/// <param name="RemainingCost">The remaining multiplications, as a fraction of the whole model's.</param>
/// <param name="Ratios">The fraction chosen for each group, in the order of the map.</param>
public sealed record FilterEpisode(double Reward, double Accuracy, double RemainingCost, IReadOnlyList<double> Ratios);
