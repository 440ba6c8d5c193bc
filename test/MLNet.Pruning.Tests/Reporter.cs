namespace MLNet.Pruning.Tests;

/// <summary>Progress told on the thread that reports it, unlike <see cref="Progress{T}"/>.</summary>
sealed class Reporter(Action<TrainingProgress> listen) : IProgress<TrainingProgress>
{
    public void Report(TrainingProgress value) => listen(value);
}
