using MLNet.Pruning.Burden;

namespace MLNet.Pruning;

/// <summary>
/// Watches what pruning costs the neurons that stay: for each neuron the mean |gradient| and mean |weight| over its active weights, in windows of steps and cumulated from
/// epoch to epoch. What it finds is in <see cref="TrainingHistory.Burden"/>. Settings only; they serve any number of runs, with masks or without.
/// </summary>
public sealed record BurdenMonitor
{
    /// <summary>Steps in a window; at least 1. All steps count, none is sampled.</summary>
    public int Interval { get; init; } = 100;

    /// <summary>The parameters to watch, by name, such as "layers.linear1.weight"; * stands for anything. Null for the weights of all linear layers and convolutions, and all that is under a mask.</summary>
    public IReadOnlyList<string>? Weights { get; init; }

    /// <summary>The parameters among them not to watch after all; * stands for anything.</summary>
    public IReadOnlyList<string>? Except { get; init; }

    /// <summary>The hook that watches one run; every run needs one of its own. Put it behind the one that prunes.</summary>
    public ITrainingHook Begin()
    {
        TrainingOptions.Require(Interval >= 1, $"{nameof(BurdenMonitor)}.{nameof(Interval)}", Interval, "at least 1");
        return new BurdenHook(this);
    }
}
