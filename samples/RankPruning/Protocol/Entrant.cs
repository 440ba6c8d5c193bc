using MLNet.Pruning.Comparators;
using static TorchSharp.torch;

namespace MLNet.Pruning.Samples.RankPruning.Protocol;

/// <summary>What an entrant hands in: the network, what is gone of it, and the epochs that it saw.</summary>
sealed record Entry(nn.Module<Tensor, Tensor> Model, double Pruned, string Unit);

/// <summary>A method that takes part, and what it lets one choose.</summary>
/// <param name="Name">Short, as on the command line.</param>
/// <param name="Paper">Whose method it is, and where this differs from it.</param>
/// <param name="Choices">The values to choose from, by name. A setting has one of each.</param>
/// <param name="Run">Trains, prunes, and hands in.</param>
sealed record Entrant(string Name, string Paper, IReadOnlyDictionary<string, double[]> Choices, Func<Trial, Entry> Run)
{
    const string Neurons = "neurons", AllNeurons = "neurons of all groups", Weights = "weights";

    static readonly double[] rates = [0.0005, 0.001, 0.002];

    public static IReadOnlyList<Entrant> All { get; } =
    [
        new("unpruned", "nothing is pruned", With(("weightDecay", [0, 1e-5, 1e-4])), trial => Whole(trial, false)),
        new("unpruned-bn", "the same with batch norms, as ns has them", With(("weightDecay", [0, 1e-5, 1e-4])),
            trial => Whole(trial, true)),
        Gradual("random", "a control", (trial, p) => p with { Importance = new RandomImportance(trial.Plan.Seed) }),
        Gradual("rank", "the rank-based paper; lambda2 is 1 - lambda1", (trial, p) => p with
        {
            Importance = new Contribution(trial["lambda1"], 1 - trial["lambda1"]),
        }, ("lambda1", [0.1, 0.5, 0.9])),
        Gradual("mean", "Dong et al.: mean activation", (_, p) => p with { Importance = new ActivationMean() }),
        Gradual("apoz", "Hu et al. (2016)", (_, p) => p with { Importance = new Apoz() }),
        Gradual("taylor", "Molchanov et al. (2017)", (trial, p) => Ranked(trial, p with { Importance = new Taylor() }),
            ("global", [0, 1])),
        Gradual("lrp", "Yeom et al. (2021): alpha 1, beta 0", (trial, p) => Ranked(trial, p with { Importance = new Lrp() }),
            ("global", [0, 1])),
        Once("pfec", "Li et al. (2017): once, then fine-tuning", (_, p) => p with { Importance = new WeightNorm(1) }),
        Once("ns", "Liu et al. (2017): one threshold after training with the penalty, then fine-tuning; needs batch norms",
            (trial, p) => p with
            {
                Importance = new NetworkSlimming(trial["penalty"]), Scope = PruningScope.Global, Normalization = ScoreNormalization.None,
            }, true, ("penalty", [1e-5, 1e-4, 1e-3])),
        Gradual("ns-train", "the same score while training", (trial, p) => p with { Importance = new NetworkSlimming(trial["penalty"]) },
            true, ("penalty", [1e-5, 1e-4, 1e-3])),
        Soft("sfp", "He et al. (2018), soft filter pruning", trial => Schedule.Constant(trial.Plan.Fraction, start: 1)),
        Soft("psfp", "He et al. (2018), progressive soft filter pruning",
            trial => Schedule.Asymptotic(1, Math.Max(2, trial.Plan.Epochs - 1), trial.Plan.Fraction)),
        new("channel", "He, Zhang and Sun (2017): LASSO and least squares, then fine-tuning", With(("rows", [1_000, 5_000])),
            Reconstructed),
        new("fprl", "Feng et al. (2022): DDPG, Taylor; held to the fraction as AMC is", With(("costWeight", [0.1, 0.3, 1])), Searched),
        new("reinforce", "REINFORCE on the same task", With(("costWeight", [0.1, 0.3, 1])), Reinforced),
        new("pqh", "Han et al. (2016): their quotas, scaled to the fraction", With(("rounds", [1, 3]), ("weightDecay", [1e-5, 1e-4])),
            Quantized),
        new("ticket", "Frankle et al. (2020), weights; every round is a training of half of the epochs",
            With(("rounds", [2, 4]), ("rewind", [0.05, 0.2])), Drawn),
        new("surgery", "Guo et al. (2016); thresholds where the fraction lies", With(("margin", [0.05, 0.1, 0.2])), Operated),
    ];

    /// <summary>The settings to try: as many as the budget allows, the same draw for everyone who runs it.</summary>
    public IReadOnlyList<SortedDictionary<string, double>> Settings(int budget)
    {
        IEnumerable<SortedDictionary<string, double>> all = [[]];
        foreach (var (name, values) in Choices)
            all = [.. all.SelectMany(_ => values, (setting, value) => new SortedDictionary<string, double>(setting) { [name] = value })];
        var drawn = all.ToArray();
        new Random(1).Shuffle(drawn);
        return [.. drawn.Take(budget)];
    }

    static Dictionary<string, double[]> With(params (string Name, double[] Values)[] choices)
    {
        var all = new Dictionary<string, double[]> { ["learningRate"] = rates };
        foreach (var (name, values) in choices)
            all.Add(name, values);
        return all;
    }

    static Entry Whole(Trial trial, bool norms)
    {
        var model = trial.Build(norms);
        trial.Train("all", trial.Task(model, () => trial.Study.Build(norms)), trial.Options);
        return new(model, 0, Neurons);
    }

    // ---- while the network trains

    static Entrant Gradual(string name, string paper, Func<Trial, NeuronPruning, NeuronPruning> pruning,
        params (string, double[])[] choices) => Gradual(name, paper, pruning, false, choices);

    static Entrant Gradual(string name, string paper, Func<Trial, NeuronPruning, NeuronPruning> pruning, bool norms,
        params (string, double[])[] choices) => new(name, paper, With([("start", [0.15, 0.35]), ("events", [3, 8]), .. choices]), trial =>
        {
            // From the start to 70 % of the epochs, each event the same part of what is left, so that the last one comes to the fraction.
            var (epochs, fraction) = (trial.Plan.Epochs, trial.Plan.Fraction);
            var start = Math.Max(1, (int)Math.Round(trial["start"] * epochs));
            var end = Math.Max(start, (int)(0.7 * epochs));
            var every = Math.Max(1, (end - start) / Math.Max(1, (int)trial["events"] - 1));
            var events = (end - start) / every + 1;
            var amount = Math.Min(fraction, Math.Ceiling(1_000 * (1 - Math.Pow(1 - fraction, 1.0 / events))) / 1_000);
            return Train(trial, pruning(trial, new() { Schedule = Schedule.Stepwise(start, every, amount, fraction) }), norms);
        });

    static Entrant Once(string name, string paper, Func<Trial, NeuronPruning, NeuronPruning> pruning, bool norms = false,
        params (string, double[])[] choices) => new(name, paper, With([("at", [0.5, 0.7]), .. choices]), trial =>
            Train(trial, pruning(trial, new()
            {
                Schedule = Schedule.OneShot(Math.Max(1, (int)(trial["at"] * trial.Plan.Epochs)), trial.Plan.Fraction),
            }), norms));

    static Entrant Soft(string name, string paper, Func<Trial, Schedule> schedule) =>
        new(name, paper, With(("norm", [1, 2])), trial => Train(trial, new()
        {
            Importance = new WeightNorm((int)trial["norm"]),
            Soft = true,
            Schedule = schedule(trial),
        }, false));

    static NeuronPruning Ranked(Trial trial, NeuronPruning pruning) => trial["global"] == 0 ? pruning : pruning with
    {
        Scope = PruningScope.Global,
        Normalization = ScoreNormalization.Euclidean,
        MinimumNeurons = 2,
    };

    static Entry Train(Trial trial, NeuronPruning pruning, bool norms)
    {
        var model = trial.Build(norms);
        var result = trial.Train("all", trial.Task(model, () => trial.Study.Build(norms)), trial.Options with
        {
            Hooks = [(pruning with { Groups = trial.Study.Groups }).Begin()],
        });
        var sizes = new Dictionary<string, (int First, int Now)>();
        foreach (var group in result.History.Events.SelectMany(e => e.Groups))
            sizes[group.Name] = (sizes.TryGetValue(group.Name, out var size) ? size.First : group.Before, group.After);
        return new(model, 1 - (double)sizes.Values.Sum(s => s.Now) / sizes.Values.Sum(s => s.First), Neurons);
    }

    // ---- after half of the epochs, with the other half to recover

    static Entry Recovered(Trial trial, nn.Module<Tensor, Tensor> model, double pruned, string unit)
    {
        trial.Train("tuned", trial.Task(model, null), trial.Options with { Epochs = trial.Plan.Epochs - trial.Half });
        return new(model, pruned, unit);
    }

    static Entry Reconstructed(Trial trial)
    {
        var model = trial.Trained();
        var map = trial.Map(model);
        var groups = map.Groups.Where(g => trial.Study.Groups?.Any(pattern =>
            System.IO.Enumeration.FileSystemName.MatchesSimpleExpression(pattern, g.Name)) ?? true).ToArray();
        var results = new ChannelPruning
        {
            Ratio = 0,
            GroupRatio = groups.ToDictionary(g => g.Name, _ => trial.Plan.Fraction),
            Rows = (int)trial["rows"],
        }.Run(map, trial.Split.Train, trial.Cancellation);
        var all = results.Sum(r => r.Size);
        return Recovered(trial, model, (double)results.Sum(r => r.Removed.Count) / all, Neurons);
    }

    static Entry Searched(Trial trial)
    {
        var model = trial.Trained();
        return Judged(trial, model, accuracy => new DdpgAgent
        {
            CostWeight = trial["costWeight"],
            NeuronFraction = trial.Plan.Fraction,
            MaximumRatio = 0.95,
            Seed = trial.Plan.Seed,
        }.Run(trial.Map(model), trial.Task(model, null), accuracy, cancellation: trial.Cancellation));
    }

    static Entry Reinforced(Trial trial)
    {
        var model = trial.Trained();
        using var example = zeros([1, .. trial.Study.Shape]);
        return Judged(trial, model, accuracy => new ReinforceAgent
        {
            CostWeight = trial["costWeight"],
            NeuronFraction = trial.Plan.Fraction,
            MaximumRatio = 0.95,
            Seed = trial.Plan.Seed,
        }.Run(trial.Map(model), model, example, accuracy, cancellation: trial.Cancellation));
    }

    // Agents judge by training rows, as validation rows choose their settings: by the last ones, so that ranking sees others.
    static Entry Judged(Trial trial, nn.Module<Tensor, Tensor> model, Func<Func<double>, FilterSearchResult> search)
    {
        const int Rows = 2_000;
        var size = (int)trial.Study.Shape.Aggregate(1L, (product, extent) => product * extent);
        var (pixels, labels) = (new float[Rows * size], new long[Rows]);
        var count = 0;
        using (var reader = trial.Split.Train.Open())
            while (reader.Read(pixels.AsSpan(count % Rows * size, size), out labels[count % Rows]))
                count++;
        count = Math.Min(count, Rows);
        using var images = tensor(pixels[..(count * size)], [count, .. trial.Study.Shape]);
        using var classes = tensor(labels[..count]);
        var result = search(() => model.call(images).argmax(1).eq(classes).to(ScalarType.Float32).mean().item<float>());
        return Recovered(trial, model, Gone(result), AllNeurons);
    }

    static double Gone(FilterSearchResult result) => (double)result.Groups.Sum(g => g.Removed.Count) / result.Groups.Sum(g => g.Size);

    static Entry Quantized(Trial trial)
    {
        var model = trial.Trained();
        var weights = model.named_parameters().Where(p => p.parameter.dim() > 1).ToArray();
        // Each layer's quota to the power that gives the fraction of all weights.
        var left = trial.Study.Quotas.Select(quota => 1 - quota).ToArray();
        var (low, high) = (0.0, 10.0);
        for (var i = 0; i < 60; i++)
        {
            var power = (low + high) / 2;
            (low, high) = Left(power) > 1 - trial.Plan.Fraction ? (power, high) : (low, power);
        }
        var (epochs, rounds) = (trial.Plan.Epochs - trial.Half, (int)trial["rounds"]);
        var fine = Math.Max(1, epochs / 4);
        var part = 0;
        var histories = new List<TrainingHistory>();
        var compressed = new PruneQuantizeCode
        {
            LayerSparsity = weights.Select((w, i) => (w.name, Sparsity: 1 - Math.Pow(left[i], low)))
                .ToDictionary(w => w.name, w => w.Sparsity),
            Rounds = rounds,
            Retraining = trial.Options with { Epochs = Math.Max(1, (epochs - fine) / rounds) },
            FineTuning = trial.Options with { Epochs = fine, LearningRate = trial["learningRate"] / 10 },
            EachTraining = options => trial.Checkpointed(FormattableString.Invariant($"part{++part}"), options),
            Trained = histories.Add,
        }.Run(trial.Task(model, () => trial.Study.Build(false)), trial.Cancellation);
        trial.Add(histories);
        model.Dispose();
        // What the file decodes to.
        return new((nn.Module<Tensor, Tensor>)compressed.Build(),
            1 - (double)compressed.Layers.Sum(l => l.Kept) / compressed.Layers.Sum(l => l.Weights), Weights);

        double Left(double power) => weights.Select((w, i) => w.parameter.NumberOfElements * Math.Pow(left[i], power)).Sum()
            / weights.Sum(w => w.parameter.NumberOfElements);
    }

    static Entry Drawn(Trial trial)
    {
        var model = trial.Build();
        var ticket = new LotteryTicket
        {
            Sparsity = trial.Plan.Fraction,
            Rounds = (int)trial["rounds"],
            Rewind = Math.Min(trial.Half - 1, (int)Math.Round(trial["rewind"] * trial.Half)),
            Training = trial.Options with { Epochs = trial.Half },
            EachRound = (round, options) => trial.Checkpointed(FormattableString.Invariant($"round{round}"), options),
        }.Run(trial.Task(model, () => trial.Study.Build(false)), trial.Cancellation);
        trial.Add(ticket.Histories);
        return new(model, 1 - (double)ticket.Masks.ActiveCount / ticket.Masks.Count, Weights);
    }

    static Entry Operated(Trial trial)
    {
        var model = trial.Build();
        var result = trial.Train("all", trial.Task(model, () => trial.Study.Build(false)), trial.Options with
        {
            Hooks = [new WeightPruning { Sparsity = trial.Plan.Fraction, Rule = MaskRule.Surgery(trial["margin"]) }.Begin()],
        });
        var masks = result.Find<WeightMasks>()!;
        return new(model, 1 - (double)masks.ActiveCount / masks.Count, Weights);
    }
}
