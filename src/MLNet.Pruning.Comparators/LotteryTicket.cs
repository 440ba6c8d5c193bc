using static TorchSharp.torch;

namespace MLNet.Pruning.Comparators;

/// <summary>
/// Lottery tickets by iterative magnitude pruning with late rewinding (Frankle and Carbin, 2019; Frankle et al., Linear Mode Connectivity
/// and the Lottery Ticket Hypothesis, 2020): trains to the end, removes the smallest of the weights that are left, sets the others back to
/// what they were after a few epochs, and trains again from there, until the sparsity is reached.
/// </summary>
public sealed record LotteryTicket
{
    /// <summary>The fraction of all weights that is gone in the end; above 0 and below 1.</summary>
    public double Sparsity { get; init; } = 0.8;

    /// <summary>
    /// How often weights are removed, each time the same fraction of those that are left; at least 1. The papers remove a fifth each time,
    /// which is 7 rounds for 80 %.
    /// </summary>
    public int Rounds { get; init; } = 7;

    /// <summary>
    /// The epoch after which weights are stored, to which they go back; at least 0, which is the first paper's reset, and less than the
    /// training's epochs.
    /// </summary>
    public int Rewind { get; init; } = 1;

    /// <summary>
    /// The training: all of its epochs at first, and after each round those from <see cref="Rewind"/> on. A schedule of the learning rate
    /// is computed for the number of epochs of each part.
    /// </summary>
    public TrainingOptions Training { get; init; } = new();

    /// <summary>
    /// Other settings of a part: the number of the round, 0 for the first training, and the options that it would have; for checkpoints,
    /// for example. Null for none.
    /// </summary>
    public Func<int, TrainingOptions, TrainingOptions>? EachRound { get; init; }

    /// <summary>Throws an <see cref="ArgumentException"/> that names a wrong value.</summary>
    public void Validate()
    {
        TrainingOptions.Require(Sparsity is > 0 and < 1, nameof(Sparsity), Sparsity, "above 0 and below 1" + Fractions.Hint(Sparsity));
        TrainingOptions.Require(Rounds >= 1, nameof(Rounds), Rounds, "at least 1");
        TrainingOptions.Require(Training is not null, nameof(Training), Training, "options");
        Training!.Validate();
        TrainingOptions.Require(Rewind >= 0 && Rewind < Training.Epochs, nameof(Rewind), Rewind,
            $"at least 0 and less than the training's {Training.Epochs} epochs");
    }

    /// <summary>Trains the task's model, which is the winning ticket afterwards.</summary>
    /// <param name="task">The model, and the data to train on.</param>
    /// <param name="cancellation">Stops at the next batch.</param>
    /// <returns>The masks, and the history of each training.</returns>
    public LotteryTicketResult Run(TrainingTask task, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(task);
        Validate();
        var names = PruneQuantizeCode.Weights(task.Model).Keys.ToArray();
        if (names.Length == 0)
            throw new ArgumentException($"{task.Model.GetType().Name} has no linear layer and no convolution, so there is nothing to "
                + "prune.", nameof(task));
        var histories = new List<TrainingHistory>();
        using var store = new Stored();
        // Two parts, so that the weights in between are those of this very training: the second one continues at the stored point.
        if (Rewind > 0)
            Train(Training with { Epochs = Rewind }, -1);
        store.Take(task.Model);
        Train(Training with { Epochs = Training.Epochs - Rewind }, 0);
        var left = names.ToDictionary(name => name, name => Array.ConvertAll(PruneQuantizeCode.Values(Parameter(name)), _ => true));
        for (var round = 1; round <= Rounds; round++)
        {
            left = Smaller(left, 1 - Math.Pow(1 - Sparsity, (double)round / Rounds));
            store.Restore(task.Model);
            foreach (var name in names)
                PruneQuantizeCode.Zero(Parameter(name), left[name]);
            Train(Training with
            {
                Epochs = Training.Epochs - Rewind,
                Hooks = [.. Training.Hooks, new ZerosStay(left)],
            }, round);
        }
        return new(new(names.Select(name => new WeightMask(name, Parameter(name).shape, left[name]))), histories);

        TorchSharp.Modules.Parameter Parameter(string name) => task.Model.get_parameter(name)!;

        void Train(TrainingOptions options, int round)
        {
            var result = new TrainingLoop(EachRound?.Invoke(round, options) ?? options).Run(task, cancellation);
            if (!ReferenceEquals(result.Model, task.Model))
                throw new InvalidOperationException("A hook has put another model in place while tickets were drawn.");
            histories.Add(result.History);
        }

        // One ranking over all layers: of equals, those with the lower index stay.
        Dictionary<string, bool[]> Smaller(Dictionary<string, bool[]> before, double sparsity)
        {
            var scores = names.SelectMany(name => PruneQuantizeCode.Values(Parameter(name))
                .Zip(before[name], (value, stays) => stays ? Math.Abs(value) : -1)).ToArray();
            var active = new sbyte[scores.Length];
            TopScores.Keep(scores, scores.Length - (int)Math.Round(sparsity * scores.Length), active);
            var at = 0;
            return names.ToDictionary(name => name, name =>
            {
                var count = before[name].Length;
                at += count;
                return Array.ConvertAll(active[(at - count)..at], bit => bit != 0);
            });
        }
    }

    /// <summary>A model's parameters and buffers at an earlier time.</summary>
    sealed class Stored : IDisposable
    {
        readonly Dictionary<string, Tensor> values = [];

        public void Take(nn.Module model)
        {
            using var off = no_grad();
            foreach (var (name, value) in model.state_dict())
                values[name] = value.detach().clone().DetachFromDisposeScope();
        }

        public void Restore(nn.Module model)
        {
            using var off = no_grad();
            foreach (var (name, value) in model.state_dict())
                value.copy_(values[name]);
        }

        public void Dispose()
        {
            foreach (var value in values.Values)
                value.Dispose();
        }
    }
}

/// <summary>A winning ticket.</summary>
/// <param name="Masks">Which weights are left.</param>
/// <param name="Histories">
/// Of the trainings in order: up to the stored weights (unless that is the beginning), to the end, and after each round.
/// </param>
public sealed record LotteryTicketResult(WeightMasks Masks, IReadOnlyList<TrainingHistory> Histories);
