using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using MLNet.Pruning.Persistence;
using MLNet.Pruning.Scoring;
using MLNet.Pruning.Training;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using static System.FormattableString;
using static TorchSharp.torch;

namespace MLNet.Pruning.Trainers;

/// <summary>
/// The part that all trainers share: checks options and data, builds the module, trains it, and makes a transformer of it.
/// </summary>
sealed class TrainerCore
{
    readonly IHost host;
    readonly string name;
    readonly PrunedTrainerOptions options;
    readonly TrainingOptions training;
    readonly ConditionalWeakTable<ITrainingHook, object> used = [];

    /// <param name="environment">The MLContext.</param>
    /// <param name="name">The trainer's name.</param>
    /// <param name="options">From <see cref="PrunedTrainerOptions.Checked"/>.</param>
    /// <param name="task">What to learn; null for a reconstruction.</param>
    /// <exception cref="ArgumentException">An option is wrong; the message names it, its value and what it may be.</exception>
    public TrainerCore(IHostEnvironment environment, string name, PrunedTrainerOptions options, LearningTask? task = null)
    {
        ArgumentNullException.ThrowIfNull(environment);
        host = environment.Register(name);
        (this.name, this.options) = (name, options);
        // The seed is drawn once, so that fitting twice gives the same model twice.
        training = options.ToTrainingOptions(options.Seed ?? host.Rand.Next());
        training.Validate();
        training.RequireMeasured(options.ValidationSet is not null, task?.HasClasses == true);
        if (options is PrunedModelOptions supervised)
            task?.Check(supervised);
        options.Pruning?.Validate(training);
        _ = options.Burden?.Begin();
        Loaders.Register(environment);
    }

    /// <summary>The schema shape after the trained model.</summary>
    /// <exception cref="ArgumentOutOfRangeException">One of the columns is missing or of another type.</exception>
    public static SchemaShape Shape(SchemaShape input, PrunedModelOptions names, LearningTask task)
    {
        ArgumentNullException.ThrowIfNull(input);
        var output = task.Shape(input, names.LabelColumnName);
        ShapeColumns.FindFeatures(input, names.FeatureColumnName);
        CheckWeight(input, names);
        return output;
    }

    /// <summary>Checks the column of weights, if there is one.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is missing or of another type.</exception>
    public static void CheckWeight(SchemaShape input, PrunedTrainerOptions names)
    {
        if (names.ExampleWeightColumnName is { } weight)
            ShapeColumns.FindScalar(input, weight, TrainingRows.WeightRole, NumberDataViewType.Single);
    }

    /// <summary>Trains a model on all of <paramref name="input"/>.</summary>
    /// <param name="input">The training set.</param>
    /// <param name="previous">A model or pipeline to continue from; null for none.</param>
    /// <param name="names">Options with the names of the columns.</param>
    /// <param name="task">What to learn.</param>
    /// <param name="blueprint">Makes the blueprint from the features, the number of the network's outputs, and the previous model's
    /// blueprint if there is one.</param>
    /// <param name="find">Finds the features by the name of the feature column; by default that column alone.</param>
    public PrunedModelTransformer Fit<TBlueprint>(
        IDataView input,
        ITransformer? previous,
        PrunedModelOptions names,
        LearningTask task,
        Func<FeatureColumns, int, TBlueprint?, TBlueprint> blueprint,
        Func<DataViewSchema, string, FeatureColumns>? find = null)
        where TBlueprint : Blueprint
    {
        ArgumentNullException.ThrowIfNull(input);
        var model = previous is null ? null : TrainingStart.Find<PrunedModelTransformer>(previous, name);
        var rows = Read(input, "training set");
        var prediction = task.Predicts(rows.Label!.Value);
        if (model is not null)
            TrainingStart.CheckTask(model.Task, prediction, names.LabelColumnName);
        if (prediction is MulticlassTask { Labels: var labels })
            names.Distillation?.Check(input.Schema, rows.Features, labels);
        using var teacher = names.Distillation?.Copy(host, ComputeDevice.Choose(host, options.Device));
        return Fit<TBlueprint, SupervisedModel, PrunedModelTransformer>(
            model,
            was => blueprint(rows.Features, prediction.Outputs, was),
            built => task.Begin(built, rows, names, teacher),
            rows,
            Read,
            CheckpointModel.Metadata(prediction.Kind, SupervisedModel.PartsOf(names.FeatureColumnName, prediction)),
            network => new SupervisedModel(network, names.FeatureColumnName, prediction),
            SingleFeatureTransformer.Create);

        TrainingRows Read(IDataView data, string role)
        {
            var label = task.FindLabel(data.Schema, names.LabelColumnName);
            var features = (find ?? FeatureColumns.Find)(data.Schema, names.FeatureColumnName);
            return new TrainingRows(data, role, features, label, TrainingRows.FindWeight(data.Schema, names.ExampleWeightColumnName));
        }
    }

    /// <summary>Trains a model.</summary>
    /// <param name="previous">The model to continue from; null for none.</param>
    /// <param name="blueprint">Makes the blueprint, from the previous model's if there is one.</param>
    /// <param name="begin">Makes the loss for the blueprint, and the scale of the labels if the network's last layer can have it.</param>
    /// <param name="rows">The training set.</param>
    /// <param name="read">Finds the columns of a data view by the same rules, for the validation set.</param>
    /// <param name="metadata">What a checkpoint keeps, so that <see cref="CheckpointModel"/> can make the same transformer of it.</param>
    /// <param name="describe">Describes the model of a network.</param>
    /// <param name="transform">Makes the transformer from the model and its scorer.</param>
    public TTransformer Fit<TBlueprint, TModel, TTransformer>(
        PrunedTransformer? previous,
        Func<TBlueprint?, TBlueprint> blueprint,
        Func<Blueprint, (IObjective Objective, LabelScale? Scale)> begin,
        TrainingRows rows,
        Func<IDataView, string, TrainingRows> read,
        Dictionary<string, byte[]> metadata,
        Func<Archive, TModel> describe,
        Func<TModel, IModelScorer, TTransformer> transform)
        where TBlueprint : Blueprint
        where TModel : ScoredModel
        where TTransformer : PrunedTransformer
    {
        var network = previous?.Scorer.Network;
        var built = blueprint(network is null ? null : TrainingStart.Structure<TBlueprint>(network, name, rows.Features));
        rows.Shape = built.InputShape;
        CheckImages(rows);
        var pixels = Pixels(built, rows);
        pixels?.Add(metadata);
        var (objective, scale) = begin(built);
        scale?.Add(metadata);
        var start = new TrainingStart(built, options.Pretrained, network, scale, pixels);
        var validation = options.ValidationSet is { } set ? rows.Validation(set, read) : null;
        if (validation is not null)
            CheckImages(validation);
        string device = ComputeDevice.Choose(host, options.Device);
        CheckpointModel.Add(metadata, options.SparseScoring);
        var result = Train(start, device, objective, rows, validation, metadata);
        var (module, history) = (result.Model, result.History);
        try
        {
            scale?.Apply(module);
            pixels?.Apply(module);
            return TrainedModel.Make(built.Now(module), module, history, options.SparseScoring, device, host, describe, transform);
        }
        catch
        {
            module.Dispose(); // does nothing where the scorer that owned it has
            throw;
        }
    }

    /// <exception cref="ArgumentOutOfRangeException">The rows' type says that they hold other images than the network reads.</exception>
    static void CheckImages(TrainingRows rows)
    {
        if (rows.Shape is [var channels, var height, var width])
        {
            var image = new ColumnImage((int)channels, (int)height, (int)width);
            ColumnImage.Check(rows.Features.Columns.First(), image, "the network reads");
        }
    }

    /// <summary>The scale of the training set's pixels, if they need one. The rows are read by it.</summary>
    PixelScale? Pixels(Blueprint blueprint, TrainingRows rows)
    {
        string? layer = PixelScale.LayerOf(blueprint);
        bool image = layer is not null || ColumnImage.AreIn(rows.Features.Columns.First());
        // An autoencoder refuses values above 1.
        if (!image || rows.Label is null)
            return null;
        float largest = rows.Largest(PixelScale.Rows, PixelScale.Threshold);
        if (largest <= PixelScale.Threshold)
            return null;
        using var channel = host.Start("Training");
        string found = Invariant($"Column '{rows.Features.Name}' has pixels of {largest:0.##}");
        if (layer is null)
        {
            channel.Warning(MessageSensitivity.Schema, $"{found}; networks learn better from values of about 1. "
                + "Set scaleImage: 1f / 255 of ExtractPixels.");
            return null;
        }
        channel.Info(
            MessageSensitivity.Schema, $"{found}: training divides them by 256, and the trained model's first layer has the factor.");
        rows.PixelFactor = PixelScale.Factor;
        return new PixelScale(layer);
    }

    TrainingResult Train(TrainingStart start, string device, IObjective objective, TrainingRows rows, TrainingRows? validation,
        IReadOnlyDictionary<string, byte[]> metadata)
    {
        using var generator = new RandomState(); // as it is after the fit again
        // A program that is started again draws another seed: a run that goes on takes the one that it began with.
        var training = options.Seed is null && this.training.Checkpoint?.SavedSeed() is { } began
            ? this.training with { Seed = began }
            : this.training;
        var model = RandomState.Draw(() => Build(start.Blueprint), training.Seed);
        try
        {
            using var channel = host.Start("Training");
            start.Load(model, channel);
            var pruning = start.Prune(model, options.Pruning, channel);
            var task = new TrainingTask
            {
                Model = model,
                Copy = start.Blueprint.Build,
                Examples = rows,
                Validation = validation,
                Objective = objective,
                Blueprint = start.Blueprint,
                Metadata = metadata,
            };
            var loop = new TrainingLoop(training with
            {
                Device = device,
                Warn = message => channel.Warning(MessageSensitivity.None, message),
                Progress = new LoggedProgress(channel, training.Progress),
                Hooks =
                [
                    new OptionRecorder(options),
                    .. new[] { pruning?.Begin(), options.Burden?.Begin() }.OfType<ITrainingHook>(),
                    .. NewHooks(),
                ],
            });
            var result = Run(loop, task, channel);
            rows.WarnOfSkipped(channel);
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

    /// <summary>Trains; a cancelled run gives the model that it has.</summary>
    TrainingResult Run(TrainingLoop loop, TrainingTask task, IChannel channel)
    {
        try
        {
            return loop.Run(task, options.Cancellation);
        }
        catch (TrainingCanceledException canceled)
        {
            channel.Warning(MessageSensitivity.None, $"The training was cancelled in epoch {canceled.Result.History.Epochs.Count} of "
                + $"{options.Epochs}. The model is as it was after the last whole step.");
            return canceled.Result;
        }
    }

    /// <summary>The user's own hooks for one run. One that keeps state would take it from one run to the next.</summary>
    ITrainingHook[] NewHooks()
    {
        ITrainingHook[] hooks = [.. options.Hooks?.Invoke() ?? []];
        foreach (var hook in hooks)
        {
            if (hook is null)
                throw new ArgumentException($"{nameof(options.Hooks)} gave null among the hooks of a run.");
            if (hook is IStateful && hooks.Count(other => ReferenceEquals(other, hook)) is > 1 and var times)
            {
                throw new ArgumentException($"{nameof(options.Hooks)} gave the same {hook.GetType().Name} {times} times for one run, and "
                    + "it keeps state; give it once.");
            }
            if (!used.TryAdd(hook, hook) && hook is IStateful)
            {
                throw new ArgumentException($"{nameof(options.Hooks)} gave the same {hook.GetType().Name} for two runs, and it keeps "
                    + "state; make a new one with every call.");
            }
        }
        return hooks;
    }

    /// <summary>Validates a blueprint that was made from options.</summary>
    public static T Checked<T>(T blueprint)
        where T : Blueprint
    {
        blueprint.Validate();
        return blueprint;
    }

    /// <summary>Builds a network; if it is too large for the memory, the exception names the option.</summary>
    public static nn.Module Build(Blueprint blueprint)
    {
        try
        {
            var model = blueprint.Build();
            // The model outlives the dispose scope of the caller, if there is one.
            ModuleScope.Detach(model);
            return model;
        }
        catch (Exception failure) when (blueprint is not ModuleBlueprint && failure is ExternalException or OutOfMemoryException)
        {
            throw new InvalidOperationException(blueprint is FeedForwardBlueprint { Sizes: var sizes }
                ? TooLarge(sizes)
                : $"The weights of the network {blueprint.ToJson()} could not be allocated. Use smaller layers.", failure);
        }
    }

    /// <summary>
    /// The message for layers that are too large. A layer has a weight for each pair of neurons and a bias for each output; decimal holds
    /// the count.
    /// </summary>
    static string TooLarge(IReadOnlyList<int> sizes)
    {
        decimal bytes = sizes.Zip(sizes.Skip(1), (from, to) => ((decimal)from + 1) * to).Sum() * sizeof(float);
        string hidden = string.Join(", ", sizes.Skip(1).SkipLast(1));
        return $"{nameof(PrunedFeedForwardTrainer.Options.HiddenSizes)} is [{hidden}]: the weights alone need "
            + Invariant($"{bytes:0} bytes, which could not be allocated. Use smaller layers.");
    }

    /// <summary>Writes the trainer's options and the version of ML.NET to the history, before the loop adds its own.</summary>
    sealed class OptionRecorder(PrunedTrainerOptions options) : ITrainingHook
    {
        public void Started(TrainingRun run)
        {
            OptionText.Add(run.History, options);
            run.History.Environment = TrainingEnvironment.Here();
            run.History.Environment.Versions["Microsoft.ML"] = TrainingEnvironment.VersionOf(typeof(MLContext).Assembly);
        }
    }

    /// <summary>Logs one line per epoch to the context, and passes everything on to the listener.</summary>
    sealed class LoggedProgress(IChannel channel, IProgress<TrainingProgress>? listener) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            if (value.Finished is { } epoch)
            {
                string[] parts =
                [
                    Invariant($"Epoch {epoch.Epoch} of {value.Epochs}: loss {epoch.Loss:0.####}"),
                    Share("accuracy", epoch.Accuracy),
                    epoch.ValidationLoss is { } loss && epoch.Accuracy is null ? Invariant($", validation loss {loss:0.####}") : "",
                    Share("validation accuracy", epoch.ValidationAccuracy),
                    Invariant($", {epoch.RowsPerSecond:N0} rows/s"),
                ];
                channel.Info(MessageSensitivity.None, string.Concat(parts));
            }
            listener?.Report(value);
        }

        static string Share(string what, double? share) => share is { } value ? Invariant($", {what} {value:P2}") : "";
    }
}
