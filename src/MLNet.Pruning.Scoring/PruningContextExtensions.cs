using System.Reflection;
using System.Runtime.CompilerServices;
using MLNet.Pruning;
using MLNet.Pruning.Persistence;

namespace Microsoft.ML;

/// <summary>Connects this library to <see cref="MLContext"/>.</summary>
public static class PruningContextExtensions
{
    const string Trainers = "MLNet.Pruning";

    static int alone;

    /// <summary>
    /// Lets <c>mlContext.Model.Load</c> read models with pruned networks. Call it once after making the context; further calls do nothing.
    /// A context that has made one of the trainers needs no call.
    /// </summary>
    /// <param name="mlContext">The context to load models with.</param>
    /// <returns>The same context, so that calls can be chained.</returns>
    public static MLContext UsePruning(this MLContext mlContext)
    {
        ArgumentNullException.ThrowIfNull(mlContext);
        LoadTrainers();
        Loaders.Register(mlContext);
        return mlContext;
    }

    /// <summary>
    /// Makes a predictor of a trained classifier or regressor. Unlike ML.NET's prediction engine it is thread-safe, and it allocates
    /// nothing but its results. It accepts pipelines of ML.NET's image steps, <c>MergeTokens</c>, one trained model of this library, and
    /// mappings of labels, and names the step that it refuses.
    /// </summary>
    /// <typeparam name="TIn">
    /// A row, with the model's features in a property of type float[], or with what the pipeline's image steps read.
    /// </typeparam>
    /// <typeparam name="TOut">
    /// The prediction: of several classes <c>Score</c>, a float[], and <c>PredictedLabel</c>; of two <c>Score</c> and <c>Probability</c>,
    /// each a float, and <c>PredictedLabel</c>, a bool; of a regressor <c>Score</c>, a float. Properties may be left out.
    /// </typeparam>
    /// <param name="catalog"><c>mlContext.Model</c>.</param>
    /// <param name="model">The fitted or loaded pipeline. Do not dispose of it while the predictor is in use.</param>
    /// <exception cref="NotSupportedException">The predictor does not support a step of the pipeline or one of the types.</exception>
    public static PruningPredictor<TIn, TOut> CreatePredictor<TIn, TOut>(this ModelOperationsCatalog catalog, ITransformer model)
        where TIn : class
        where TOut : class, new()
    {
        ArgumentNullException.ThrowIfNull(catalog);
        ArgumentNullException.ThrowIfNull(model);
        return new(new RowPredictor<TIn, TOut>(new MLContext(), model));
    }

    /// <summary>
    /// Loads MLNet.Pruning, if the program has it, so that it can register how LibTorch scores. Its handler also helps to load LibTorch on
    /// a system with an old libstdc++.
    /// </summary>
    internal static void LoadTrainers()
    {
        try
        {
            RuntimeHelpers.RunModuleConstructor(Assembly.Load(Trainers).ManifestModule.ModuleHandle);
        }
        catch (FileNotFoundException)
        {
            // The program scores only. Files from before this assembly existed name the other one as their loader.
            if (Interlocked.Exchange(ref alone, 1) != 0)
                return;
            AppDomain.CurrentDomain.AssemblyResolve += (_, wanted) =>
                new AssemblyName(wanted.Name).Name == Trainers ? typeof(PruningContextExtensions).Assembly : null;
        }
    }
}
