using System.Globalization;
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
internal sealed class ClassifierTraining
{
    private readonly IHost _host;
    private readonly string _name;
    private readonly TrainingOptions _options;
    private readonly string? _device;
    private readonly IDataView? _validation;
    private readonly CancellationToken _cancellation;

    public ClassifierTraining(IHostEnvironment environment, string name, PrunedTrainerOptions options)
    {
        _host = environment.Register(name);
        _name = name;
        Columns = new ClassifierColumns(
            Named(options.LabelColumnName, nameof(options.LabelColumnName)),
            Named(options.FeatureColumnName, nameof(options.FeatureColumnName)));
        _device = options.Device;
        _validation = options.ValidationSet;
        _cancellation = options.Cancellation;
        _options = new TrainingOptions
        {
            Epochs = options.Epochs,
            BatchSize = options.BatchSize,
            Optimizer = options.Optimizer,
            LearningRate = options.LearningRate,
            Schedule = options.LearningRateSchedule,
            WeightDecay = options.WeightDecay,
            Momentum = options.Momentum,
            // Drawn once, so that fitting twice gives the same model twice.
            Seed = options.Seed ?? _host.Rand.Next(),
            Device = options.Device ?? "cpu",
            Replicas = options.Replicas,
            MemoryLimit = options.MemoryLimit,
            Progress = options.Progress,
            Checkpoint = options.Checkpoint,
        };
        _options.Validate();
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
        var validation = Validation(labels.Count, width);
        string device = ComputeDevice.Choose(_host, _device);
        var rows = new LabelledRows(input, label, features, "training set");

        random.manual_seed(_options.Seed);
        var model = plan.Build();
        try
        {
            using var channel = _host.Start("Training");
            var task = new TrainingTask
            {
                Model = model,
                Copy = plan.Build,
                Examples = rows,
                Validation = validation,
                Objective = new CrossEntropy(labels.Count),
            };
            var options = _options with { Device = device, Progress = new LoggedProgress(channel, _options.Progress) };
            var result = new TrainingLoop(options).Run(task, _cancellation);
            Warn(channel, rows.WithoutLabel, "label", Columns.Label);
            Warn(channel, rows.WithoutFeatures, "features", Columns.Features);
            if (!ReferenceEquals(result.Model, model))
            {
                model.Dispose();
            }
            var classifier = new Classifier(plan, Columns.Features, labels);
            return new PrunedModelTransformer(classifier, (nn.Module<Tensor, Tensor>)result.Model, device, result.History);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    private LabelledRows? Validation(int classes, int width)
    {
        if (_validation is null)
        {
            return null;
        }
        var label = Columns.FindLabel(_validation.Schema);
        var features = Columns.FindFeatures(_validation.Schema);
        int count = (int)((KeyDataViewType)label.Type).Count, size = ((VectorDataViewType)features.Type).Size;
        if (count != classes || size != width)
        {
            throw new ArgumentOutOfRangeException(
                nameof(PrunedTrainerOptions.ValidationSet),
                $"The validation set has {count} label values and {size} features; wanted {classes} and {width}, as in the training set. Transform both with the same fitted pipeline.");
        }
        return new LabelledRows(_validation, label, features, "validation set");
    }

    private static string Named(string? column, string option) => string.IsNullOrEmpty(column)
        ? throw new ArgumentException($"{option} is {(column is null ? "null" : "empty")}; wanted the name of a column.", option)
        : column;

    private static void Warn(IChannel channel, long skipped, string what, string column)
    {
        if (skipped > 0)
        {
            channel.Warning(MessageSensitivity.Schema, "Skipped {0} rows with missing {1} (column '{2}') during training", skipped, what, column);
        }
    }

    /// <summary>An epoch a line in the context's log, and everything to who asked for it.</summary>
    private sealed class LoggedProgress(IChannel channel, IProgress<TrainingProgress>? listener) : IProgress<TrainingProgress>
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
