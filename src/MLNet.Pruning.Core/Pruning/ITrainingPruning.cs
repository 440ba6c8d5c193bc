using MLNet.Pruning.Training;

namespace MLNet.Pruning;

/// <summary>A way to prune a model while it trains: settings that never change and serve any number of runs.</summary>
public interface ITrainingPruning
{
    /// <summary>Throws an <see cref="ArgumentException"/> that names the first wrong setting, its value and what it may be.</summary>
    /// <param name="options">Of the run that is to be pruned.</param>
    void Validate(TrainingOptions options);

    /// <summary>What the settings will do in such a run that one may not have meant, a sentence each.</summary>
    /// <param name="options">Of the run that is to be pruned.</param>
    IEnumerable<string> Warnings(TrainingOptions options) => [];

    /// <summary>What it has not done in a run that one may have meant, a sentence each.</summary>
    /// <param name="history">Of the run, once it has ended.</param>
    IEnumerable<string> WarningsAfter(TrainingHistory history) => [];

    /// <summary>The hook that prunes one run; every run needs one of its own.</summary>
    ITrainingHook Begin();
}
