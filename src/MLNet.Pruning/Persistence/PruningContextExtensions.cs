using MLNet.Pruning.Persistence;

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
        Loaders.Register(mlContext);
        return mlContext;
    }
}
