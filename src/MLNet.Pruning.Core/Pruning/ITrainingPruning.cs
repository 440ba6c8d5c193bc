
namespace MLNet.Pruning;

/// <summary>A way to prune a model while it trains: settings that never change and serve any number of runs.</summary>
public interface ITrainingPruning
{
    /// <summary>Throws an <see cref="ArgumentException"/> that names the first wrong setting, its value and what it may be.</summary>
    /// <param name="options">Of the run that is to be pruned.</param>
    void Validate(TrainingOptions options);

    /// <summary>
    /// The hook that prunes one run; every run needs one of its own. Where the settings will not do what one may have meant, it says
    /// so with <see cref="TrainingRun.Warn"/> before the first step.
    /// </summary>
    ITrainingHook Begin();
}
