using Microsoft.Extensions.Logging;
using Microsoft.ML;

namespace MLNet.Pruning;

/// <summary>
/// Keeps a predictor at the model in a file. A file that has changed is loaded once it is the same at two checks in a row, so that one
/// which is being written is left alone; if it cannot be loaded, the predictor keeps the model that it has.
/// </summary>
sealed class PredictorFile<TIn, TOut> : IDisposable
    where TIn : class
    where TOut : class, new()
{
    readonly string path;
    readonly PruningPredictorOptions options;
    readonly ILogger logger;
    readonly Lock gate = new();
    readonly Timer timer;
    (long Length, DateTime Written)? tried, seen; // the file that was loaded or refused, and the one of the last check
    bool disposed;

    /// <summary>Loads the model.</summary>
    /// <exception cref="IOException">The file is missing or cannot be read.</exception>
    /// <exception cref="InvalidDataException">It is no model.</exception>
    /// <exception cref="NotSupportedException">The predictor does not support a step of the pipeline or one of the types.</exception>
    public PredictorFile(string path, PruningPredictorOptions options, ILogger logger)
    {
        (this.path, this.options, this.logger) = (path, options, logger);
        var (model, stamp) = Load();
        (tried, seen) = (stamp, stamp);
        Predictor = new(model);
        logger.LogInformation("Loaded the model {File}", path);
        timer = new Timer(_ => Check(), null, Timeout.Infinite, Timeout.Infinite);
        timer.Change(options.ReloadInterval, Timeout.InfiniteTimeSpan); // only now, as a check starts the timer again
    }

    public PruningPredictor<TIn, TOut> Predictor { get; }

    /// <summary>Loads the file if it has changed and is whole. Never throws.</summary>
    public void Check()
    {
        lock (gate)
        {
            if (disposed)
                return;
            try
            {
                var now = Stamp();
                bool settled = now == seen;
                if (now is null && !settled)
                    logger.LogWarning("The model {File} cannot be read; the one from before stays in use", path);
                seen = now;
                if (settled && now is not null && now != tried)
                {
                    tried = now; // also if it cannot be loaded
                    (var model, tried) = Load();
                    Predictor.Replace(model);
                    logger.LogInformation("Loaded the model {File} again, which has changed", path);
                }
            }
            catch (Exception failure) when (failure is not OutOfMemoryException)
            {
                logger.LogError(failure, "The model {File} has changed and could not be loaded; the one from before stays in use", path);
            }
            timer.Change(options.ReloadInterval, Timeout.InfiniteTimeSpan);
        }
    }

    public void Dispose()
    {
        lock (gate)
        {
            if (disposed)
                return;
            disposed = true;
            timer.Dispose();
            Predictor.Close();
        }
    }

    (long Length, DateTime Written)? Stamp()
    {
        try
        {
            using var file = Open();
            return StampOf(file);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null; // such as between the removal of one file and the arrival of the next
        }
    }

    (RowPredictor<TIn, TOut> Model, (long Length, DateTime Written) Stamp) Load()
    {
        using var file = Open();
        var stamp = StampOf(file);
        var context = new MLContext().UsePruning();
        options.Configure?.Invoke(context);
        ITransformer model;
        try
        {
            model = context.Model.Load(file, out _);
        }
        catch (Exception failure) when (failure is FormatException or InvalidDataException or InvalidOperationException)
        {
            throw new InvalidDataException($"'{path}' cannot be loaded as a model of ML.NET: {failure.Message}", failure);
        }
        try
        {
            return StampOf(file) == stamp
                ? (new(context, model, owns: true), stamp)
                : throw new IOException($"'{path}' was written while it was read.");
        }
        catch
        {
            (model as IDisposable)?.Dispose();
            throw;
        }
    }

    // Nobody is kept from writing or replacing it. The handle follows links, as volumes of containers have them.
    FileStream Open() => new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);

    static (long Length, DateTime Written) StampOf(FileStream file) => (file.Length, File.GetLastWriteTimeUtc(file.SafeFileHandle));
}
