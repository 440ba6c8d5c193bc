using static TorchSharp.torch;

namespace MLNet.Pruning.Comparators;

/// <summary>One search of a <see cref="FilterAgent"/>.</summary>
sealed class FilterSearch(FilterAgent settings, NeuronMap map, nn.Module<Tensor, Tensor> model, Tensor example, Func<double> accuracy)
{
    readonly IReadOnlyList<NeuronGroup> groups = map.Groups;
    readonly GroupCosts costs = GroupCosts.Measure(model, example, map);

    // In ascending order of importance; ties by higher index first.
    readonly int[][] order = Order(map, settings.Importance);

    public FilterAgentResult Run(CancellationToken cancellation)
    {
        var before = Measured();
        using var policy = new FilterPolicy(GroupCosts.Features, settings.LearningRate, settings.Seed);
        var episodes = new List<FilterEpisode>();
        var batch = new List<(double Reward, float[][] States, double[] Choices)>();
        for (var e = 0; e < settings.Episodes; e++)
        {
            cancellation.ThrowIfCancellationRequested();
            var progress = settings.Episodes > 1 ? (double)e / (settings.Episodes - 1) : 1;
            var spread = settings.Exploration * Math.Pow(settings.FinalExploration / settings.Exploration, progress);
            var (episode, states, choices) = Try(state => policy.Draw(state, spread));
            episodes.Add(episode);
            batch.Add((episode.Reward, states, choices));
            if (batch.Count == settings.EpisodesPerUpdate)
            {
                policy.Learn(batch, spread);
                batch.Clear();
            }
        }
        // Finally the best decisions of the trained agent.
        episodes.Add(Try(policy.Mean).Episode);
        var best = episodes.MaxBy(episode => episode.Reward)!;
        var decisions = groups.Select((g, i) => new FilterDecision(g.Name, g.Size, best.Ratios[i], Bottom(i, best.Ratios[i]))).ToArray();
        return new(decisions, episodes, best, before);
    }

    (FilterEpisode Episode, float[][] States, double[] Choices) Try(Func<float[], double> choose)
    {
        var (states, choices, ratios) = (new float[groups.Count][], new double[groups.Count], new double[groups.Count]);
        var selections = new List<NeuronSelection>();
        for (var i = 0; i < groups.Count; i++)
        {
            states[i] = costs.State(i, costs.Remaining(selections), i > 0 ? ratios[i - 1] : 0);
            choices[i] = choose(states[i]);
            ratios[i] = settings.MaximumRatio / (1 + Math.Exp(-choices[i]));
            if (Bottom(i, ratios[i]) is { Length: > 0 } bottom)
                selections.Add(new(groups[i], bottom));
        }
        double found;
        using (map.Mask(selections))
            found = Measured();
        var cost = costs.Remaining(selections);
        return (new(found - settings.CostWeight * cost, found, cost, ratios), states, choices);
    }

    int[] Bottom(int group, double ratio)
    {
        var size = groups[group].Size;
        var count = Math.Clamp((int)(ratio * size), 0, Math.Max(0, size - settings.MinimumNeurons));
        return [.. order[group].Take(count).Order()];
    }

    double Measured()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var measured = accuracy();
        return double.IsFinite(measured) ? measured : throw new InvalidOperationException($"The accuracy was measured as {measured}; it "
            + "must be a finite number.");
    }

    static int[][] Order(NeuronMap map, Func<NeuronGroup, IReadOnlyList<double>>? importance)
    {
        using var norms = new WeightNorm(1).Watch(map);
        IReadOnlyList<IReadOnlyList<double>> scores = importance is null ? norms.Scores() : [.. map.Groups.Select(importance)];
        return [.. map.Groups.Select((group, g) => scores[g].Count == group.Size
            ? Ranking.BestFirst([.. scores[g]]).Reverse().ToArray()
            : throw new InvalidOperationException($"{nameof(FilterAgent.Importance)} gives {scores[g].Count} scores for the {group.Size} "
                + $"neurons of '{group.Name}'."))];
    }
}
