using MLNet.Pruning;
using MLNet.Pruning.Persistence;
using MLNet.Pruning.Scoring;
using Microsoft.ML.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML;

/// <summary>Gives access to the training history and the TorchSharp module of a trained model.</summary>
public static class PrunedModuleExtensions
{
    extension(PrunedTransformer model)
    {
        /// <summary>
        /// The record of the training, with the options, the seed, the versions and the machine. It is saved with the model and comes back
        /// with it; null for a model that an earlier version saved.
        /// </summary>
        public TrainingHistory? History
        {
            get
            {
                ArgumentNullException.ThrowIfNull(model);
                return TrainedModel.History(model);
            }
        }
    }

    extension(PrunedModelTransformer model)
    {
        /// <summary>
        /// The network in TorchSharp: from features [rows, ...shape] to a logit for each class; [rows, 1]
        /// for binary classifiers, whose logit it is, and regressors, whose prediction it is. The transformer owns it; do not dispose of
        /// it. Networks of this library are built on first use, which is the first time that the model needs LibTorch.
        /// </summary>
        public nn.Module<Tensor, Tensor> Module
        {
            get
            {
                ArgumentNullException.ThrowIfNull(model);
                return (nn.Module<Tensor, Tensor>)FollowedModule.Of(model.Scorer);
            }
        }
    }

    extension(PrunedVaeTransformer model)
    {
        /// <summary>
        /// The network in TorchSharp. The transformer owns it; do not dispose of it. It is built on first use, which is the first time
        /// that the model needs LibTorch.
        /// </summary>
        public Vae Module
        {
            get
            {
                ArgumentNullException.ThrowIfNull(model);
                return (Vae)FollowedModule.Of(model.Scorer);
            }
        }
    }

    /// <summary>
    /// Makes a model of a checkpoint that a trainer has written, ready to score, evaluate and save: without the training data, and without
    /// the pipeline around the trainer. It is the model of the last epoch, also where <see cref="PrunedTrainerOptions.RestoreBest"/> made
    /// <c>Fit</c> return that of the best.
    /// </summary>
    /// <param name="catalog"><c>mlContext.Model</c>.</param>
    /// <param name="path">
    /// The path of the trainer's <see cref="CheckpointOptions"/>. If the file is damaged, the one before is read.
    /// </param>
    /// <returns>A <see cref="PrunedModelTransformer"/> or a <see cref="PrunedVaeTransformer"/>; dispose of it when done.</returns>
    /// <exception cref="FileNotFoundException">There is no file.</exception>
    /// <exception cref="InvalidDataException">All checkpoints of the run are damaged, or no trainer wrote them.</exception>
    /// <exception cref="InvalidOperationException">
    /// The model is a user module that was not registered with <c>mlContext.UsePrunedModule</c>.
    /// </exception>
    public static PrunedTransformer LoadCheckpoint(this ModelOperationsCatalog catalog, string path)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        var environment = MLNetInternals.EnvironmentOf(catalog).Register(nameof(LoadCheckpoint));
        Loaders.Register(environment);
        using var channel = environment.Start("Loading");
        return CheckpointModel.Load(CheckpointFile.Read(path, message => channel.Warning(MessageSensitivity.None, message)), environment);
    }

    /// <summary>
    /// Registers the function that builds a module, so that models trained by <c>PrunedModule</c> can be loaded: their files hold sizes
    /// and weights, but not your code. A context that has made the trainer needs no registration.
    /// </summary>
    /// <param name="mlContext">The context to load models with.</param>
    /// <param name="name">The trainer's <c>ModuleName</c>; by default the name of the module's type, without its namespace.</param>
    /// <param name="build">Builds the module as it was before training, a new one with every call. Pruned models are cut to size.</param>
    /// <returns>The same context, so that calls can be chained.</returns>
    public static MLContext UsePrunedModule(this MLContext mlContext, string name, Func<nn.Module<Tensor, Tensor>> build)
    {
        ArgumentNullException.ThrowIfNull(mlContext);
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(build);
        Loaders.Register(mlContext);
        ModuleBuilders.Of(mlContext).Add(name, build);
        return mlContext;
    }
}
