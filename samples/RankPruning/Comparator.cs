using MLNet.Pruning.Comparators;
using Microsoft.ML;
using Microsoft.ML.Data;
using static System.FormattableString;
using static TorchSharp.torch;

namespace MLNet.Pruning.Samples.RankPruning;

/// <summary>
/// A method that compresses a trained network. It trains for half of the epochs as usual, compresses, and trains on for the rest, so that
/// all methods see their examples about equally often. Every part has at least one epoch.
/// </summary>
sealed record Comparator(string Name, Func<Comparator.Work, (nn.Module<Tensor, Tensor> Model, string Gone)> Compress)
{
    public static IReadOnlyList<Comparator> All { get; } = [new("pqh", Quantized), new("fprl", Searched), new("reinforce", Reinforced)];

    /// <summary>The input of one run.</summary>
    /// <param name="Blueprint">The network.</param>
    /// <param name="Train">The rows to learn from.</param>
    /// <param name="Options">How all parts train, the seed, and the number of epochs.</param>
    /// <param name="Cancellation">Stops it.</param>
    public sealed record Work(Blueprint Blueprint, IDataView Train, TrainingOptions Options, CancellationToken Cancellation)
    {
        /// <summary>Options for a fraction of the epochs.</summary>
        public TrainingOptions Part(double part) => Options with { Epochs = Math.Max(1, (int)Math.Round(part * Options.Epochs)) };

        public TrainingTask Task(nn.Module model, Func<nn.Module> copy, IDataView rows) => new()
        {
            Model = model,
            Copy = copy,
            Examples = Rows(rows),
            Objective = new CrossEntropy((int)((KeyDataViewType)Train.Schema["Label"].Type).Count),
        };

        public LabelledImages Rows(IDataView rows) => new(rows, Blueprint.InputShape);

        public void Learn(TrainingOptions options, TrainingTask task) => Learnt(new TrainingLoop(options).Run(task, Cancellation).History);

        /// <summary>Keeps the running training accuracy of the last epoch: the figure of all other methods, and of the paper.</summary>
        public void Learnt(TrainingHistory history) => Accuracies.Add(history.Epochs[^1].Accuracy ?? double.NaN);

        public List<double> Accuracies { get; } = [];
    }

    public Compressed Run(Work work, IDataView test, int seed)
    {
        var began = System.Diagnostics.Stopwatch.GetTimestamp();
        random.manual_seed(seed);
        var (model, gone) = Compress(work);
        using (model)
            return new(Name, seed, work.Accuracies[^1], Answers.Accuracy(model, work.Rows(test)), gone,
                System.Diagnostics.Stopwatch.GetElapsedTime(began).TotalSeconds);
    }

    // Deep compression in three rounds. Han et al. remove nine weights in ten from wide layers, and fewer from small ones and from
    // convolutions. Their L2 term matters: without it, weights of pixels that are always black keep their initial values.
    static (nn.Module<Tensor, Tensor>, string) Quantized(Work work)
    {
        using var model = (nn.Module<Tensor, Tensor>)work.Blueprint.Build();
        var task = work.Task(model, work.Blueprint.Build, work.Train);
        work = work with { Options = work.Options with { WeightDecay = 1e-4 } };
        work.Learn(work.Part(0.5), task);
        var compressed = new PruneQuantizeCode
        {
            Sparsity = 0.9,
            LayerSparsity = model.named_parameters()
                .Where(p => p.parameter.dim() == 4 || (p.parameter.dim() == 2 && p.parameter.NumberOfElements < 10_000))
                .ToDictionary(p => p.name, _ => 0.5),
            Rounds = 3,
            Retraining = work.Part(0.125),
            FineTuning = work.Part(0.125) with { LearningRate = work.Options.LearningRate / 10 },
            Trained = work.Learnt,
        }.Run(task, work.Cancellation);
        var (all, kept) = (compressed.Layers.Sum(l => l.Weights), compressed.Layers.Sum(l => l.Kept));
        // Measure what the file decodes to.
        return ((nn.Module<Tensor, Tensor>)compressed.Build(),
            Invariant($"{100 - 100.0 * kept / all:0} % of the weights; {compressed.Ratio:0.0}x smaller file"));
    }

    static (nn.Module<Tensor, Tensor>, string) Searched(Work work) => Searched(work, (model, map, ranked, chosen) =>
        new DdpgAgent { CostWeight = 0.2, WarmUp = 50, Episodes = 150, Seed = work.Options.Seed }
            .Run(map, work.Task(model, work.Blueprint.Build, ranked), chosen, cancellation: work.Cancellation));

    static (nn.Module<Tensor, Tensor>, string) Reinforced(Work work) => Searched(work, (model, map, _, chosen) =>
    {
        using var example = zeros([1, .. work.Blueprint.InputShape]);
        return new ReinforceAgent { CostWeight = 0.2, Seed = work.Options.Seed }
            .Run(map, model, example, chosen, cancellation: work.Cancellation);
    });

    // The agent chooses with rows that the network was not trained on. The smaller network then trains on all rows.
    static (nn.Module<Tensor, Tensor>, string) Searched(Work work,
        Func<nn.Module<Tensor, Tensor>, NeuronMap, IDataView, Func<double>, FilterSearchResult> search)
    {
        var data = new MLContext().Data;
        var held = Math.Clamp(work.Train.GetColumn<uint>("Label").LongCount() / 10, 1, 5_000);
        var model = (nn.Module<Tensor, Tensor>)work.Blueprint.Build();
        var rest = data.SkipRows(work.Train, held);
        work.Learn(work.Part(0.5), work.Task(model, work.Blueprint.Build, rest));
        using var example = zeros([1, .. work.Blueprint.InputShape]);
        var chosen = work.Rows(data.TakeRows(work.Train, held));
        var result = search(model, NeuronMap.Discover(model, example), rest, () => Answers.Accuracy(model, chosen));
        work.Learn(work.Part(0.5), work.Task(model, work.Blueprint.Now(model).Build, work.Train));
        var gone = (double)result.Groups.Sum(g => g.Removed.Count) / result.Groups.Sum(g => g.Size);
        return (model, Invariant($"{100 * gone:0} % of all neurons; {100 - 100 * result.Best.RemainingCost:0} % of the multiplications"));
    }
}
