using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.ML;
using Microsoft.ML.Runtime;
using MLNet.Pruning.Persistence;
using MLNet.Pruning.Scoring;
using static TorchSharp.torch;

namespace MLNet.Pruning.Trainers;

/// <summary>What all trainers share: checked options, a module built from its blueprint, the loop, and the context's log.</summary>
sealed class PrunedRun
{
    readonly IHost host;
    readonly TrainingOptions options;
    readonly string? device;
    readonly ITrainingPruning? pruning;
    readonly BurdenMonitor? burden;
    readonly CancellationToken cancellation;
    readonly SparseScoring scoring;

    public PrunedRun(IHostEnvironment environment, string name, PrunedTrainerOptions options)
    {
        host = environment.Register(name);
        device = options.Device;
        ValidationSet = options.ValidationSet;
        pruning = options.Pruning;
        burden = options.Burden;
        cancellation = options.Cancellation;
        scoring = Enum.IsDefined(options.SparseScoring)
            ? options.SparseScoring
            : throw new ArgumentException($"{nameof(options.SparseScoring)} is {options.SparseScoring}; wanted one of {string.Join(", ", Enum.GetNames<SparseScoring>())}.", nameof(options));
        this.options = new TrainingOptions
        {
            Epochs = options.Epochs,
            BatchSize = options.BatchSize,
            Optimizer = options.Optimizer,
            LearningRate = options.LearningRate,
            Schedule = options.LearningRateSchedule,
            WeightDecay = options.WeightDecay,
            GradientClipNorm = options.GradientClipNorm,
            Momentum = options.Momentum,
            Nesterov = options.Nesterov,
            // Drawn once, so that fitting twice gives the same model twice.
            Seed = options.Seed ?? host.Rand.Next(),
            Device = options.Device ?? "cpu",
            Replicas = options.Replicas,
            MemoryLimit = options.MemoryLimit,
            Progress = options.Progress,
            Checkpoint = options.Checkpoint,
        };
        this.options.Validate();
        pruning?.Validate(this.options);
        _ = burden?.Begin();
        Loaders.Register(environment);
    }

    /// <summary>The rows to validate on, still unchecked; null for none.</summary>
    public IDataView? ValidationSet { get; }

    /// <summary>Where the run computes.</summary>
    public string ChooseDevice() => ComputeDevice.Choose(host, device);

    /// <summary>Trains a module built from <paramref name="plan"/>; it is the caller's to dispose of.</summary>
    /// <param name="plan">What to build.</param>
    /// <param name="device">From <see cref="ChooseDevice"/>.</param>
    /// <param name="examples">The rows to learn from.</param>
    /// <param name="validation">The rows to validate on; null for none.</param>
    /// <param name="objective">What is minimised.</param>
    /// <param name="warn">Called after the run to tell what was passed over.</param>
    public TrainingResult Train(Blueprint plan, string device, IExampleSource examples, IExampleSource? validation, IObjective objective, Action<IChannel> warn)
    {
        using var generator = new RandomState(); // as it is after the fit again
        random.manual_seed(this.options.Seed);
        var model = Build(plan);
        try
        {
            using var channel = host.Start("Training");
            var task = new TrainingTask
            {
                Model = model,
                Copy = plan.Build,
                Examples = examples,
                Validation = validation,
                Objective = objective,
            };
            var options = this.options with { Device = device, Warn = message => channel.Warning(MessageSensitivity.None, message), Progress = new LoggedProgress(channel, this.options.Progress), Hooks = [.. new[] { pruning?.Begin(), burden?.Begin() }.OfType<ITrainingHook>()] };
            var result = new TrainingLoop(options).Run(task, cancellation);
            warn(channel);
            if (!ReferenceEquals(result.Model, model))
                model.Dispose();
            return result;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Makes a transformer of what was trained, whose module it takes over.</summary>
    /// <param name="result">Of <see cref="Train"/>.</param>
    /// <param name="device">Where it computes.</param>
    /// <param name="plan">What the module was built from.</param>
    /// <param name="make">What is known of the model beside its network, and the transformer with a scorer of both.</param>
    public T Finish<T>(TrainingResult result, string device, Blueprint plan, Func<Archive, (ScoredModel Model, Func<IModelScorer, T> Transformer)> make)
        where T : PrunedTransformer
    {
        var (model, history) = (result.Model, result.History);
        var blueprint = plan.Now(model);
        var network = FollowedModule.Write(blueprint, model, scoring);
        var (scored, transformer) = make(network);
        var made = transformer(ModelScorers.Trained(scored, blueprint, model, network, device, host));
        if (made.Scoring is { Count: > 0 } layers)
            history.Scoring = layers;
        (made.Training, made.Measured) = (history, speed => history.ScoringSpeed = speed);
        return made;
    }

    /// <summary>The name of a column, which an option gives.</summary>
    public static string Named(string? column, string option) => string.IsNullOrEmpty(column)
        ? throw new ArgumentException($"{option} is {(column is null ? "null" : "empty")}; wanted the name of a column.", option)
        : column;

    /// <summary>Says how many rows were passed over, if any.</summary>
    public static void Warn(IChannel channel, long skipped, string what, string column)
    {
        if (skipped > 0)
            channel.Warning(MessageSensitivity.Schema, "Skipped {0} {1} with missing {2} (column '{3}') during training", skipped, skipped == 1 ? "row" : "rows", what, column);
    }

    static nn.Module Build(Blueprint plan)
    {
        try
        {
            var model = plan.Build();
            // Whatever dispose scope the caller is in, the model outlives it.
            ModuleScope.Detach(model);
            return model;
        }
        catch (Exception failure) when (plan is FeedForwardBlueprint && (failure is ExternalException or OutOfMemoryException))
        {
            // A layer has a weight for each pair of neurons and a bias for each output; decimal holds any number of them.
            var sizes = ((FeedForwardBlueprint)plan).Sizes;
            decimal bytes = sizes.Zip(sizes.Skip(1), (from, to) => ((decimal)from + 1) * to).Sum() * sizeof(float);
            throw new InvalidOperationException(
                string.Create(CultureInfo.InvariantCulture, $"{nameof(PrunedFeedForwardTrainer.Options.HiddenSizes)} is [{string.Join(", ", sizes.Skip(1).SkipLast(1))}]: the weights alone need {bytes:0} bytes, which could not be allocated. Use smaller layers."),
                failure);
        }
        catch (Exception failure) when (plan is ConvNetBlueprint or VaeBlueprint or VitBlueprint && (failure is ExternalException or OutOfMemoryException))
        {
            throw new InvalidOperationException($"The weights of the network {plan.ToJson()} could not be allocated. Use smaller layers.", failure);
        }
    }

    /// <summary>An epoch a line in the context's log, and everything to who asked for it.</summary>
    sealed class LoggedProgress(IChannel channel, IProgress<TrainingProgress>? listener) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            if (value.Finished is { } epoch)
            {
                channel.Info(MessageSensitivity.None, string.Create(
                    CultureInfo.InvariantCulture,
                    $"Epoch {epoch.Epoch} of {value.Epochs}: loss {epoch.Loss:0.####}{Share("accuracy", epoch.Accuracy)}{(epoch.ValidationLoss is { } loss && epoch.Accuracy is null ? string.Create(CultureInfo.InvariantCulture, $", validation loss {loss:0.####}") : "")}{Share("validation accuracy", epoch.ValidationAccuracy)}, {epoch.RowsPerSecond:N0} rows/s"));
            }
            listener?.Report(value);
        }

        static string Share(string what, double? share) => share is { } value ? string.Create(CultureInfo.InvariantCulture, $", {what} {value:P2}") : "";
    }
}
