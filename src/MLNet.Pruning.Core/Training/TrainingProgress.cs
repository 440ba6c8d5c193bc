namespace MLNet.Pruning.Training;

/// <summary>How far a run has come.</summary>
/// <param name="Epoch">The epoch that runs, from 1.</param>
/// <param name="Epochs">How many there will be.</param>
/// <param name="Step">Steps done in this epoch.</param>
/// <param name="Steps">Steps in an epoch.</param>
/// <param name="Loss">The mean loss of this epoch so far.</param>
/// <param name="Accuracy">The fraction answered correctly in this epoch so far, where there is such a thing.</param>
/// <param name="RowsPerSecond">Examples a second in this epoch so far.</param>
/// <param name="LearningRate">The learning rate.</param>
/// <param name="Finished">The epoch's record when it has just ended, else null.</param>
public sealed record TrainingProgress(int Epoch, int Epochs, int Step, int Steps, double Loss, double? Accuracy, double RowsPerSecond, double LearningRate, EpochRecord? Finished);
