using System.Runtime.CompilerServices;
using MLNet.Pruning;
using MLNet.Pruning.Native;
using MLNet.Pruning.Persistence;
using static TorchSharp.torch;

namespace Microsoft.ML;

/// <summary>Makes <see cref="MLContext"/> know this library.</summary>
public static class PruningContextExtensions
{
    /// <summary>
    /// Lets <c>mlContext.Model.Load</c> read models with pruned networks in them. Call it once after making the context; again
    /// does no harm. A context that has made one of the trainers knows already.
    /// </summary>
    /// <param name="mlContext">The context to load models with.</param>
    /// <returns>The same context, so that calls can be chained.</returns>
    public static MLContext UsePruning(this MLContext mlContext)
    {
        ArgumentNullException.ThrowIfNull(mlContext);
        // Whatever of TorchSharp the program touches next loads LibTorch with this library's help, where an old libstdc++ needs it.
        RuntimeHelpers.RunModuleConstructor(typeof(LibTorch).Module.ModuleHandle);
        Loaders.Register(mlContext);
        return mlContext;
    }

    /// <summary>
    /// Makes a predictor of a trained classifier: unlike ML.NET's prediction engine it serves any number of threads at once, and it allocates nothing but
    /// what it returns. It knows pipelines of <c>MergeTokens</c>, one classifier of this library, and mappings of labels; anything else is refused by name.
    /// </summary>
    /// <typeparam name="TIn">A row, with the model's features in a property of type float[].</typeparam>
    /// <typeparam name="TOut">What is predicted: <c>Score</c>, a float[], and <c>PredictedLabel</c>, or one of them.</typeparam>
    /// <param name="catalog"><c>mlContext.Model</c>.</param>
    /// <param name="model">The fitted or loaded pipeline; not to be disposed of while there is a predictor.</param>
    /// <exception cref="NotSupportedException">The pipeline or one of the types has something that a predictor does not know.</exception>
    public static PruningPredictor<TIn, TOut> CreatePredictor<TIn, TOut>(this ModelOperationsCatalog catalog, ITransformer model)
        where TIn : class
        where TOut : class, new()
    {
        ArgumentNullException.ThrowIfNull(catalog);
        ArgumentNullException.ThrowIfNull(model);
        return new(new MLContext(), model);
    }

    /// <summary>
    /// Names the function that builds a module, so that models trained by <c>PrunedModule</c> can be loaded: their files hold
    /// sizes and weights, but not your code. A context that has made the trainer knows already.
    /// </summary>
    /// <param name="mlContext">The context to load models with.</param>
    /// <param name="name">The trainer's <c>ModuleName</c>; by default the name of the module's type, without its namespace.</param>
    /// <param name="build">Builds the module as it was before training, with every call a new one. Pruned models are cut to their size by themselves.</param>
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
