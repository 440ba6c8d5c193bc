using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using MLNet.Pruning.Models;
using MLNet.Pruning.Persistence;
using MLNet.Pruning.Scoring;
using MLNet.Pruning.Training;
using static TorchSharp.torch;

namespace MLNet.Pruning.Trainers;

/// <summary>What all classifiers' trainers share: checked options and columns, rows for the training loop, and a transformer at the end.</summary>
sealed class ClassifierTraining
{
    const string Remedy = "Transform the validation set with the fitted pipeline: fit the steps before the trainer first, and transform both sets with them.";

    readonly IHost host;
    readonly string name;
    readonly TrainingOptions options;
    readonly string? device;
    readonly IDataView? validation;
    readonly CancellationToken cancellation;

    public ClassifierTraining(IHostEnvironment environment, string name, PrunedTrainerOptions options)
    {
        host = environment.Register(name);
        this.name = name;
        Columns = new ClassifierColumns(
            Named(options.LabelColumnName, nameof(options.LabelColumnName)),
            Named(options.FeatureColumnName, nameof(options.FeatureColumnName)));
        device = options.Device;
        validation = options.ValidationSet;
        cancellation = options.Cancellation;
        this.options = new TrainingOptions
        {
            Epochs = options.Epochs,
            BatchSize = options.BatchSize,
            Optimizer = options.Optimizer,
            LearningRate = options.LearningRate,
            Schedule = options.LearningRateSchedule,
            WeightDecay = options.WeightDecay,
            Momentum = options.Momentum,
            // Drawn once, so that fitting twice gives the same model twice.
            Seed = options.Seed ?? host.Rand.Next(),
            Device = options.Device ?? "cpu",
            Replicas = options.Replicas,
            MemoryLimit = options.MemoryLimit,
            Progress = options.Progress,
            Checkpoint = options.Checkpoint,
        };
        this.options.Validate();
        Loaders.Register(environment);
    }

    public ClassifierColumns Columns { get; }

    /// <summary>Trains on all of <paramref name="input"/>.</summary>
    /// <param name="input">The training set.</param>
    /// <param name="blueprint">The model for so many features and so many classes; it gives a logit for each class.</param>
    public PrunedModelTransformer Fit(IDataView input, Func<int, int, Blueprint> blueprint)
    {
        ArgumentNullException.ThrowIfNull(input);
        var label = Columns.FindLabel(input.Schema);
        var features = Columns.FindFeatures(input.Schema);
        var labels = ClassLabels.From(label);
        int width = ((VectorDataViewType)features.Type).Size;
        var plan = blueprint(width, labels.Count);
        var validation = Validation(labels, width);
        string device = ComputeDevice.Choose(host, this.device);
        var rows = new LabelledRows(input, label, features, "training set");

        random.manual_seed(this.options.Seed);
        var model = Build(plan);
        try
        {
            using var channel = host.Start("Training");
            var task = new TrainingTask
            {
                Model = model,
                Copy = plan.Build,
                Examples = rows,
                Validation = validation,
                Objective = new CrossEntropy(labels.Count),
            };
            var options = this.options with { Device = device, Progress = new LoggedProgress(channel, this.options.Progress) };
            var result = new TrainingLoop(options).Run(task, cancellation);
            Warn(channel, rows.WithoutLabel, "label", Columns.Label);
            Warn(channel, rows.WithoutFeatures, "features", Columns.Features);
            if (!ReferenceEquals(result.Model, model))
                model.Dispose();
            var classifier = new Classifier(plan, Columns.Features, labels);
            return new PrunedModelTransformer(classifier, (nn.Module<Tensor, Tensor>)result.Model, device, result.History);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    LabelledRows? Validation(ClassLabels trained, int width)
    {
        if (validation is null)
            return null;
        DataViewSchema.Column label, features;
        try
        {
            label = Columns.FindLabel(validation.Schema);
            features = Columns.FindFeatures(validation.Schema);
        }
        catch (ArgumentOutOfRangeException failure)
        {
            throw new ArgumentOutOfRangeException($"The validation set does not fit: {failure.Message} {Remedy}", failure);
        }
        int classes = trained.Count, count = (int)((KeyDataViewType)label.Type).Count, size = ((VectorDataViewType)features.Type).Size;
        if (count != classes || size != width)
        {
            throw new ArgumentOutOfRangeException(
                null,
                $"The validation set has {count} label values and {size} features; wanted {classes} and {width}, as in the training set. {Remedy}");
        }
        // Keys without values have nothing to compare.
        if (trained.Values?.Names is { } wanted && ClassLabels.From(label).Values?.Names is { } found)
        {
            for (int i = 0; i < wanted.Length; i++)
            {
                if (!wanted[i].Span.SequenceEqual(found[i].Span))
                    throw new ArgumentOutOfRangeException(null, $"Key {i + 1} of label column '{Columns.Label}' is '{found[i]}' in the validation set; wanted '{wanted[i]}', as in the training set. {Remedy}");
            }
        }
        return new LabelledRows(validation, label, features, "validation set");
    }

    static nn.Module Build(Blueprint plan)
    {
        try
        {
            return plan.Build();
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
    }

    static string Named(string? column, string option) => string.IsNullOrEmpty(column)
        ? throw new ArgumentException($"{option} is {(column is null ? "null" : "empty")}; wanted the name of a column.", option)
        : column;

    static void Warn(IChannel channel, long skipped, string what, string column)
    {
        if (skipped > 0)
            channel.Warning(MessageSensitivity.Schema, "Skipped {0} {1} with missing {2} (column '{3}') during training", skipped, skipped == 1 ? "row" : "rows", what, column);
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
                    $"Epoch {epoch.Epoch} of {value.Epochs}: loss {epoch.Loss:0.####}, accuracy {epoch.Accuracy:P2}{(epoch.ValidationAccuracy is { } accuracy ? $", validation accuracy {accuracy.ToString("P2", CultureInfo.InvariantCulture)}" : "")}, {epoch.RowsPerSecond:N0} rows/s"));
            }
            listener?.Report(value);
        }
    }
}
