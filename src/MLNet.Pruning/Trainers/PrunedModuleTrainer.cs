using MLNet.Pruning.Trainers;
using Microsoft.ML;
using Microsoft.ML.Runtime;
using MLNet.Pruning.Native;
using MLNet.Pruning.Persistence;
using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>
/// Trains any TorchSharp module to tell the values of a key column apart. Its outputs are <c>Score</c>, the probability of each
/// class, and <c>PredictedLabel</c>, a key with the label's own values. A saved model holds weights and sizes; to load it in
/// another context, name the same function with <c>mlContext.UsePrunedModule</c> first.
/// </summary>
public sealed class PrunedModuleTrainer : IEstimator<PrunedModelTransformer>
{
    readonly ClassifierTraining training;
    readonly ModuleBuilders builders;
    readonly Func<nn.Module<Tensor, Tensor>> build;
    readonly IReadOnlyList<long>? inputShape;
    readonly string? name;

    /// <summary>Checks the options.</summary>
    /// <param name="environment">The MLContext.</param>
    /// <param name="build">Builds the module, with every call a new one of the same structure; it gives a logit for each class.</param>
    /// <param name="options">How to train it.</param>
    /// <exception cref="ArgumentException">An option is wrong; the message names it, its value and what it may be.</exception>
    public PrunedModuleTrainer(IHostEnvironment environment, Func<nn.Module<Tensor, Tensor>> build, Options options)
    {
        ArgumentNullException.ThrowIfNull(environment);
        ArgumentNullException.ThrowIfNull(build);
        ArgumentNullException.ThrowIfNull(options);
        if (options.InputShape is { } shape)
        {
            ImageOptions.Require(shape.Count > 0 && shape.All(d => d is >= 1 and <= int.MaxValue), nameof(Options.InputShape), $"[{string.Join(", ", shape)}]", "one dimension or more, each at least 1");
            inputShape = [.. shape];
        }
        ImageOptions.Require(options.ModuleName is null or { Length: > 0 }, nameof(Options.ModuleName), "empty", "a name, or null for that of the module's type");
        (this.build, name) = (build, options.ModuleName);
        builders = ModuleBuilders.Of(environment);
        training = new ClassifierTraining(environment, nameof(PrunedModuleTrainer), options);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The module does not take such inputs, or does not give a logit for each class.</exception>
    public PrunedModelTransformer Fit(IDataView input) => training.Fit(input, (features, classes) => Plan(features.Size, classes));

    /// <inheritdoc/>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema) => training.Columns.OutputShape(inputSchema);

    ModuleBlueprint Plan(int features, int classes)
    {
        IReadOnlyList<long> shape = inputShape ?? [features];
        if (shape.Aggregate((Int128)1, (product, d) => product * d) != features)
            throw new ArgumentOutOfRangeException(null, $"{nameof(Options.InputShape)} is [{string.Join(", ", shape)}], which is another number of values than the {features} of feature column '{training.Columns.Features}'.");
        LibTorch.Load();
        using var scope = NewDisposeScope();
        var module = build() ?? throw new ArgumentException("The function that builds the module gave null; wanted a module.");
        var another = build();
        if (ReferenceEquals(module, another))
            throw new ArgumentException("The function that builds the module gave the same object twice; wanted a new one with every call, as each replica needs its own.");
        using var first = module;
        using var second = another;
        ModuleCheck.Run(module, shape, classes);
        var plan = new ModuleBlueprint(name ?? module.GetType().Name, shape) { Builder = build };
        builders.Add(plan.Name, build);
        return plan;
    }

    /// <summary>How <see cref="PrunedModuleTrainer"/> trains.</summary>
    public sealed class Options : PrunedClassifierOptions
    {
        /// <summary>The shape of one input as the module takes it, such as [3, 32, 32], without the batch; null for the flat feature column.</summary>
        public IReadOnlyList<long>? InputShape { get; set; }

        /// <summary>What <c>mlContext.UsePrunedModule</c> calls the module when a saved model is loaded; null for the name of the module's type, without its namespace.</summary>
        public string? ModuleName { get; set; }
    }
}
