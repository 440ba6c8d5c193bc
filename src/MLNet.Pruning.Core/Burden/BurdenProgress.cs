
namespace MLNet.Pruning;

/// <summary>How far a study has come.</summary>
/// <param name="Number">The run that trains, from 1.</param>
/// <param name="Count">How many there are in all.</param>
/// <param name="Kind">Which training it is.</param>
/// <param name="Seed">Its seed.</param>
/// <param name="Merged">Whether tokens are merged in it.</param>
/// <param name="Training">How far it has come; null where it was found finished.</param>
/// <param name="Finished">The run when it has just ended or was found finished, else null.</param>
public sealed record BurdenProgress(int Number, int Count, BurdenRunKind Kind, int Seed, bool Merged, TrainingProgress? Training, BurdenRun? Finished);
