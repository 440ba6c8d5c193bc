using System.Reflection;
using System.Runtime.CompilerServices;
using MLNet.Pruning;
using MLNet.Pruning.Persistence;

namespace Microsoft.ML;

/// <summary>Makes <see cref="MLContext"/> know this library.</summary>
public static class PruningContextExtensions
{
    const string Trainers = "MLNet.Pruning";

    static int alone;

    /// <summary>
    /// Lets <c>mlContext.Model.Load</c> read models with pruned networks in them. Call it once after making the context; again
    /// does no harm. A context that has made one of the trainers knows already.
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
    /// Makes a predictor of a trained classifier: unlike ML.NET's prediction engine it serves any number of threads at once, and it
    /// allocates nothing but what it returns. It knows pipelines of <c>MergeTokens</c>, one classifier of this library, and mappings of
    /// labels; anything else is refused by name.
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
    /// Lets MLNet.Pruning itself, where the program has it, say how LibTorch scores; and whatever of TorchSharp the program touches next
    /// then loads LibTorch with its help, where an old libstdc++ needs it.
    /// </summary>
    internal static void LoadTrainers()
    {
        try
        {
            RuntimeHelpers.RunModuleConstructor(Assembly.Load(Trainers).ManifestModule.ModuleHandle);
        }
        catch (FileNotFoundException)
        {
            // A program that only scores. Files of before there was this assembly say that the other one loads them.
            if (Interlocked.Exchange(ref alone, 1) != 0)
                return;
            AppDomain.CurrentDomain.AssemblyResolve += (_, wanted) =>
                new AssemblyName(wanted.Name).Name == Trainers ? typeof(PruningContextExtensions).Assembly : null;
        }
    }
}
