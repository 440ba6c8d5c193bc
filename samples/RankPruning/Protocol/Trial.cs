using static TorchSharp.torch;

namespace MLNet.Pruning.Samples.RankPruning.Protocol;

/// <summary>One run while it happens: the data, the plan, and trainings that continue from their checkpoints.</summary>
sealed class Trial(Study study, Split split, RunPlan plan, string folder, CancellationToken cancellation)
{
    readonly List<TrainingHistory> histories = [];
    readonly List<string> checkpoints = [];

    public Study Study => study;

    public Split Split => split;

    public RunPlan Plan => plan;

    public CancellationToken Cancellation => cancellation;

    public double this[string choice] => plan.Setting[choice];

    public IReadOnlyList<TrainingHistory> Histories => histories;

    public TrainingOptions Options => new()
    {
        Epochs = plan.Epochs,
        Seed = plan.Seed,
        LearningRate = this["learningRate"],
        WeightDecay = plan.Setting.GetValueOrDefault("weightDecay"),
    };

    /// <summary>Half of the epochs, for methods that prune a trained network.</summary>
    public int Half => Math.Max(1, plan.Epochs / 2);

    /// <summary>The network with the initial weights of the seed.</summary>
    public nn.Module<Tensor, Tensor> Build(bool norms = false)
    {
        random.manual_seed(plan.Seed);
        return study.Build(norms);
    }

    public TrainingTask Task(nn.Module<Tensor, Tensor> model, Func<nn.Module>? copy) => new()
    {
        Model = model,
        Copy = copy,
        Examples = split.Train,
        Objective = new CrossEntropy(study.Classes),
    };

    /// <summary>Trains; a part that was interrupted continues, and one that is over is read from its checkpoint.</summary>
    /// <param name="part">Its name among the run's parts.</param>
    /// <param name="task">What to train.</param>
    /// <param name="options">How.</param>
    public TrainingResult Train(string part, TrainingTask task, TrainingOptions options)
    {
        var result = new TrainingLoop(Checkpointed(part, options)).Run(task, cancellation);
        histories.Add(result.History);
        return result;
    }

    public TrainingOptions Checkpointed(string part, TrainingOptions options)
    {
        checkpoints.Add(Path.Combine(folder, $"{plan.Key}-{part}.ckpt"));
        return options with { Checkpoint = new CheckpointOptions(checkpoints[^1]) { Keep = 1 } };
    }

    public void Add(IEnumerable<TrainingHistory> more) => histories.AddRange(more);

    /// <summary>
    /// The trained network, half of the epochs. Runs of other methods and fractions that train it alike read its checkpoint.
    /// </summary>
    public nn.Module<Tensor, Tensor> Trained()
    {
        var model = Build();
        var options = Options with { Epochs = Half };
        var same = RunPlan.Digest(FormattableString.Invariant(
            $"{plan.Study} {plan.Seed} {Half} {plan.Rows} {plan.Validation} {options.LearningRate} {options.WeightDecay}"));
        var path = Path.Combine(folder, FormattableString.Invariant($"{plan.Study}-dense-seed{plan.Seed}-{same}.ckpt"));
        var task = Task(model, () => study.Build(false));
        var loop = new TrainingLoop(options with { Checkpoint = new CheckpointOptions(path) { Keep = 1 } });
        histories.Add(loop.Run(task, cancellation).History);
        return model;
    }

    /// <summary>Deletes the checkpoints of this run alone.</summary>
    public void Clear()
    {
        foreach (var path in checkpoints)
            File.Delete(path);
    }

    /// <summary>The groups of a network that are to be pruned, as a map.</summary>
    public NeuronMap Map(nn.Module<Tensor, Tensor> model)
    {
        using var example = zeros([1, .. study.Shape]);
        return NeuronMap.Discover(model, example);
    }
}
