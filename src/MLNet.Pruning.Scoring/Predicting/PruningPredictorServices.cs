using MLNet.Pruning;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds predictors to the services of ASP.NET Core and of the generic host.</summary>
public static class PruningPredictorServices
{
    /// <summary>
    /// Adds <see cref="PruningPredictor{TIn,TOut}"/> as a singleton that follows a model file. The file is loaded when the predictor is
    /// first asked for. When the file changes, it is loaded again beside the running requests; a file that cannot be loaded is logged as an
    /// error and changes nothing. Each request is answered by one model. Needs no LibTorch for networks of this library.
    /// </summary>
    /// <typeparam name="TIn">A row, with the features that the model reads, or with what the pipeline's image steps read.</typeparam>
    /// <typeparam name="TOut">The prediction, as for <see cref="PruningPredictor{TIn,TOut}"/>.</typeparam>
    /// <param name="services">The services.</param>
    /// <param name="modelFile">The file of <c>mlContext.Model.Save</c>; a relative path begins at the current directory.</param>
    /// <param name="configure">Sets options; null for the defaults.</param>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    public static IServiceCollection AddPruningPredictor<TIn, TOut>(
        this IServiceCollection services, string modelFile, Action<PruningPredictorOptions>? configure = null)
        where TIn : class
        where TOut : class, new()
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentException.ThrowIfNullOrEmpty(modelFile);
        string path = Path.GetFullPath(modelFile);
        var options = new PruningPredictorOptions();
        configure?.Invoke(options);
        options.Validate();
        // A later call for the same types replaces the earlier one, as the last registration of a service counts.
        services.RemoveAll<PredictorFile<TIn, TOut>>();
        services.AddSingleton(provider =>
        {
            var logging = provider.GetService<ILoggerFactory>() ?? NullLoggerFactory.Instance;
            return new PredictorFile<TIn, TOut>(path, options, logging.CreateLogger("MLNet.Pruning.PruningPredictor"));
        });
        services.TryAddSingleton(provider => provider.GetRequiredService<PredictorFile<TIn, TOut>>().Predictor);
        return services;
    }
}
