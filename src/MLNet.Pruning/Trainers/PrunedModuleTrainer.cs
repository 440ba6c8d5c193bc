using MLNet.Pruning.Native;
using MLNet.Pruning.Scoring;
using MLNet.Pruning.Trainers;
using Microsoft.ML;
using Microsoft.ML.Runtime;
using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>
/// Trains any TorchSharp module. As a multiclass classifier it adds <c>Score</c>, the probability of each class, and
/// <c>PredictedLabel</c>, a key with the label's own values. A saved model holds weights and sizes; to load it in another context, first
/// register the function that builds it with <c>mlContext.UsePrunedModule</c>.
/// </summary>
public sealed class PrunedModuleTrainer : IEstimator<PrunedModelTransformer>
{
    readonly Options options;
    readonly TrainerCore core;
    readonly LearningTask task;
    readonly ModuleBuilders builders;
    readonly Func<nn.Module<Tensor, Tensor>> build;

    /// <summary>Checks the options.</summary>
    /// <param name="environment">The MLContext.</param>
    /// <param name="build">Builds the module, a new one of the same structure with every call; it gives a logit for each class, or one
    /// number for a binary classifier or a regressor.</param>
    /// <param name="options">How to train it.</param>
    /// <exception cref="ArgumentException">An option is wrong; the message names it, its value and what it may be.</exception>
    public PrunedModuleTrainer(IHostEnvironment environment, Func<nn.Module<Tensor, Tensor>> build, Options options)
        : this(environment, build, options, LearningTask.Multiclass)
    {
    }

    internal PrunedModuleTrainer(IHostEnvironment environment, Func<nn.Module<Tensor, Tensor>> build, Options options, LearningTask task)
    {
        ArgumentNullException.ThrowIfNull(build);
        (this.build, this.task) = (build, task);
        this.options = PrunedTrainerOptions.Checked(options);
        core = new TrainerCore(environment, nameof(PrunedModuleTrainer), this.options, task);
        builders = ModuleBuilders.Of(environment);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The module does not take such inputs, or gives another number of outputs.</exception>
    public PrunedModelTransformer Fit(IDataView input) => FitFrom(input, null);

    /// <summary>
    /// Continues training with a model that was trained before: with its weights and the shape that pruning has left it. Weights that are
    /// inactive in it stay so, unless <see cref="WeightPruning"/> brings them back or leaves out their layer.
    /// This trainer's function builds the module, which is cut
    /// to that shape.
    /// </summary>
    /// <param name="input">The training set. Its label is of the same type and, for a key, has the same values as that of the
    /// previous model.</param>
    /// <param name="previousModel">
    /// The trained model, or a pipeline with it, as <c>mlContext.Model.Load</c> gives it. It is unchanged.
    /// </param>
    /// <exception cref="ArgumentException">The model is of another kind, has other classes, or was trained on other features.</exception>
    public PrunedModelTransformer Fit(IDataView input, ITransformer previousModel)
    {
        ArgumentNullException.ThrowIfNull(previousModel);
        return FitFrom(input, previousModel);
    }

    PrunedModelTransformer FitFrom(IDataView input, ITransformer? previous) =>
        core.Fit<ModuleBlueprint>(input, previous, options, task, (features, outputs, was) =>
            was is null ? Plan(features, outputs) : Plan(features, outputs) with { Sizes = was.Sizes });

    /// <inheritdoc/>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema) =>
        TrainerCore.Shape(inputSchema, options, task);

    ModuleBlueprint Plan(FeatureColumns features, int outputs)
    {
        IReadOnlyList<long> shape = options.InputShape ?? [features.Size];
        if (shape.Aggregate((Int128)1, (product, d) => product * d) != features.Size)
        {
            throw new ArgumentOutOfRangeException(null, $"{nameof(Options.InputShape)} is [{string.Join(", ", shape)}], "
                + $"which is another number of values than the {features.Size} of feature column '{features.Name}'.");
        }
        if (shape is [var channels, var height, var width] && ColumnImage.Of(features.Columns.First()) is { } image
            && (channels, height, width) != (image.Channels, image.Height, image.Width))
        {
            throw new ArgumentOutOfRangeException(null, $"{nameof(Options.InputShape)} is [{channels}, {height}, {width}], but column "
                + $"'{features.Name}' holds images of {image}, which is [{image.Channels}, {image.Height}, {image.Width}].");
        }
        LibTorch.Load();
        using var scope = NewDisposeScope();
        var module = build() ?? throw new ArgumentException("The function that builds the module gave null; wanted a module.");
        var another = build();
        if (ReferenceEquals(module, another))
        {
            throw new ArgumentException("The function that builds the module gave the same object twice; "
                + "wanted a new one with every call, as each replica needs its own.");
        }
        using var first = module;
        using var second = another;
        Check(module, shape, outputs);
        var plan = new ModuleBlueprint(options.ModuleName ?? module.GetType().Name, shape) { Builder = build };
        builders.Add(plan.Name, build);
        return plan;
    }

    /// <summary>Checks before training whether a module fits the task: runs it on two rows of zeros.</summary>
    /// <exception cref="ArgumentException">It has no trainable parameters, does not take the rows, or gives another number of
    /// outputs.</exception>
    void Check(nn.Module<Tensor, Tensor> module, IReadOnlyList<long> shape, int outputs)
    {
        string name = $"Module '{module.GetType().Name}'";
        var parameters = module.named_parameters().ToArray();
        if (!parameters.Any(p => p.parameter.requires_grad))
        {
            string why = parameters.Length == 0
                ? "; a module finds its layers with RegisterComponents() at the end of its constructor"
                : "";
            throw new ArgumentException($"{name} has no parameters that can be trained{why}.");
        }
        if (parameters.FirstOrDefault(p => p.parameter.dtype != ScalarType.Float32) is { parameter: { } other, name: var wrong })
            throw new ArgumentException($"{name} has the parameter '{wrong}' of type {other.dtype}; wanted Float32.");

        using var scope = NewDisposeScope();
        using var withoutGradients = no_grad();
        module.eval();
        Tensor output;
        try
        {
            output = module.call(zeros([2, .. shape]));
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            // LibTorch appends its call stack.
            string reason = failure.Message.Split('\n')[0].Trim();
            throw new ArgumentException($"{name} does not take rows of shape [{string.Join(", ", shape)}]: {reason}", failure);
        }
        if (!output.shape.SequenceEqual([2L, outputs]))
        {
            throw new ArgumentException($"{name} gives [{string.Join(", ", output.shape)}] for 2 rows; "
                + $"wanted [2, {outputs}], {task.Output(outputs)}.");
        }
        if (output.dtype != ScalarType.Float32)
            throw new ArgumentException($"{name} gives {output.dtype}; wanted Float32.");
    }

    /// <summary>Options of <see cref="PrunedModuleTrainer"/>.</summary>
    public sealed class Options : PrunedModelOptions
    {
        /// <summary>The shape of one input of the module, such as [3, 32, 32], without the batch; null for the flat column.</summary>
        public IReadOnlyList<long>? InputShape { get; set; }

        /// <summary>
        /// The name of the module for <c>mlContext.UsePrunedModule</c> when a saved model is loaded; null for the name of its type,
        /// without the namespace.
        /// </summary>
        public string? ModuleName { get; set; }

        private protected override void Check()
        {
            base.Check();
            OptionChecks.Require(ModuleName is not "", nameof(ModuleName), "empty", "a name, or null for that of the module's type");
            if (InputShape is not { } shape)
                return;
            bool holds = shape.Count > 0 && shape.All(d => d is >= 1 and <= int.MaxValue);
            OptionChecks.Require(holds, nameof(InputShape), $"[{string.Join(", ", shape)}]", "one dimension or more, each at least 1");
            InputShape = [.. shape];
        }
    }
}
