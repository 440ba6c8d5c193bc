using System.Runtime.CompilerServices;
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
