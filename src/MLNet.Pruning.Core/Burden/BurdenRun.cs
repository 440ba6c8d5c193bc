using System.Text.Json.Serialization;

namespace MLNet.Pruning;

/// <summary>The trainings that a <see cref="BurdenStudy"/> holds side by side. All have the same length, first weights and batches.</summary>
public enum BurdenRunKind
{
    /// <summary>Not pruned.</summary>
    Dense,

    /// <summary>Pruned while it trains, by masks that are cut anew.</summary>
    Dynamic,

    /// <summary>From scratch under the masks that the dynamic run ended with.</summary>
    Optimal,

    /// <summary>From scratch under masks drawn at random, each layer as dense as in the dynamic run.</summary>
    Random,
}

/// <summary>One training of a <see cref="BurdenStudy"/>.</summary>
public sealed record BurdenRun
{
    /// <summary>Which of the trainings it is.</summary>
    public required BurdenRunKind Kind { get; init; }

    /// <summary>The seed of its first weights and of its batches.</summary>
    public required int Seed { get; init; }

    /// <summary>Whether it had the mitigation, the merging of tokens.</summary>
    public required bool Merged { get; init; }

    /// <summary>Its record: accuracy by epoch, masks cut, and what its neurons bore.</summary>
    public required TrainingHistory History { get; init; }

    /// <summary>The masks that it ended with; null where it was not pruned.</summary>
    public WeightMasks? Masks { get; init; }

    /// <summary>What these masks cost the weights that the dynamic run ended with, those that are off included; empty where it was not pruned.</summary>
    public IReadOnlyList<LayerCost> Costs { get; init; } = [];

    /// <summary>The fraction of the validation set answered correctly at the end; of the training set, while it trained, where there was no other.</summary>
    [JsonIgnore]
    public double? Accuracy => History.Epochs.Count == 0 ? null : History.Epochs[^1].ValidationAccuracy ?? History.Epochs[^1].Accuracy;

    /// <summary>The run in words, such as "optimal, seed 2, merged".</summary>
    [JsonIgnore]
    public string Title => FormattableString.Invariant($"{Kind.ToString().ToLowerInvariant()}, seed {Seed}{(Merged ? ", merged" : "")}");
}
